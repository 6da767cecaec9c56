using System.CommandLine;
using HoloZero.CommandLine;
using HoloZero.Models;

namespace HoloZero.Exporter.Cli;

/// <summary>What a checkpoint need not tell of the architecture, as options. Those that train writes tell it.</summary>
internal sealed class ReadingArguments
{
    private readonly Option<PrefixAttention> _attention =
        Values.Choice("--prefix-attention", "what a prefix position sees, where the checkpoint does not say", PrefixAttention.Causal);

    private readonly Option<StreamPositions> _positions =
        Values.Choice("--stream-positions", "whether rotary positions start again at 0 with the stream; likewise",
            StreamPositions.Continuous);

    private readonly Option<StreamOrigin> _origin =
        Values.Choice("--stream-origin", "whether a stream begins with an origin byte 0x00; likewise", StreamOrigin.Bare);

    public ReadingArguments(Command command)
    {
        foreach (var option in All) command.Options.Add(option);
    }

    /// <summary>All of them.</summary>
    public IReadOnlyList<Option> All => [_attention, _positions, _origin];

    /// <summary>What is told.</summary>
    public PartialReading Told(ParseResult parsed)
    {
        return new(Value(_attention), Value(_positions), Value(_origin));

        T? Value<T>(Option<T> option) where T : struct => parsed.GetResult(option) is { Implicit: false } ? parsed.GetValue(option) : null;
    }
}
