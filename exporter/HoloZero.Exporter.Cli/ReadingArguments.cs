using System.CommandLine;
using HoloZero.CommandLine;
using HoloZero.Models;

namespace HoloZero.Exporter.Cli;

/// <summary>What no checkpoint tells of the architecture, as options.</summary>
internal sealed class ReadingArguments
{
    private readonly Option<PrefixAttention> _attention =
        Values.Choice("--prefix-attention", "what a prefix position sees; no checkpoint tells", PrefixAttention.Causal);

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

    /// <summary>The reading that is told, by default ours.</summary>
    public Reading Of(ParseResult parsed) => new(parsed.GetValue(_attention), parsed.GetValue(_positions), parsed.GetValue(_origin));

    /// <summary>Every reading that agrees with what is told.</summary>
    public IReadOnlyList<Reading> Agreeing(ParseResult parsed)
    {
        var told = Of(parsed);
        return [.. Reading.All.Where(reading => (!IsTold(_attention) || reading.PrefixAttention == told.PrefixAttention)
            && (!IsTold(_positions) || reading.StreamPositions == told.StreamPositions)
            && (!IsTold(_origin) || reading.StreamOrigin == told.StreamOrigin))];

        bool IsTold(Option option) => parsed.GetResult(option) is { Implicit: false };
    }
}
