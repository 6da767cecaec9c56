using System.CommandLine;
using System.Globalization;
using HoloZero.CommandLine;
using HoloZero.Runtime;

namespace HoloZero.Cli;

/// <summary>The options with which every command loads its model.</summary>
internal sealed class ModelArguments
{
    private readonly Option<string> _folder;
    private readonly Option<string?> _variant = new("--variant") { Description = "graph of the artifact to run [the first]" };
    private readonly Option<ExecutionProvider> _provider = Values.Choice("--provider", "what to run it on", ExecutionProvider.Cpu);
    private readonly Option<bool> _fallback =
        new("--allow-cpu-fallback") { Description = "run on the processor where the provider does not load" };
    private readonly Option<int?> _threads = Values.Whole<int>("--threads", "threads a call computes with [physical cores]");

    public ModelArguments(Command command, bool required = true)
    {
        _folder = new("--model") { Description = "artifact folder that holozero-export wrote", Required = required };
        foreach (var option in (Option[])[_folder, _variant, _provider, _fallback, _threads]) command.Options.Add(option);
    }

    public string? Folder(ParseResult parsed) => parsed.GetValue(_folder);

    /// <summary>The options as they were given, for another process.</summary>
    public IReadOnlyList<string> ToArguments(ParseResult parsed)
    {
        List<string> arguments = [_folder.Name, Path.GetFullPath(parsed.GetRequiredValue(_folder)),
            _provider.Name, parsed.GetValue(_provider).ToString().ToLowerInvariant()];
        if (parsed.GetValue(_variant) is { } variant) arguments.AddRange([_variant.Name, variant]);
        if (parsed.GetValue(_fallback)) arguments.Add(_fallback.Name);
        if (parsed.GetValue(_threads) is { } threads) arguments.AddRange([_threads.Name, threads.ToString(CultureInfo.InvariantCulture)]);
        return arguments;
    }

    /// <summary>Loads the model, without what checks guesses unless that is asked for. Cancellation does not wait for it.</summary>
    public HoloZeroModel Load(ParseResult parsed, CancellationToken cancellation, bool speculation = false)
    {
        var options = new ModelOptions
        {
            Variant = parsed.GetValue(_variant),
            Provider = parsed.GetValue(_provider),
            AllowCpuFallback = parsed.GetValue(_fallback),
            Threads = parsed.GetValue(_threads),
            Speculation = speculation,
        };
        return Abandonable.Run(() => HoloZeroModel.Load(parsed.GetRequiredValue(_folder), options, cancellation), cancellation);
    }
}
