using System.CommandLine;
using System.Globalization;
using HoloZero.Artifacts;
using HoloZero.CommandLine;
using HoloZero.Runtime;

namespace HoloZero.Cli;

/// <summary>The options with which every command loads its model.</summary>
internal sealed class ModelArguments
{
    private readonly Option<string> _folder;
    private readonly Option<string?> _variant = new("--variant") { Description = "graph of the artifact to run [the first]" };
    private readonly Option<ExecutionProvider> _provider =
        Values.Choice("--provider", "what to run it on; auto takes the best that loads", ExecutionProvider.Cpu);
    private readonly Option<int?> _device = Values.Whole<int>("--device", "the provider's device, from 0 [0]");
    private readonly Option<long?> _deviceMemory = Values.Whole<long>("--device-memory", "bytes of its memory to take at most [all]");
    private readonly Option<bool> _cpuNodes =
        new("--allow-cpu-nodes") { Description = "let the processor run what the provider leaves over of the graph" };

    private readonly Option<string[]> _providerOptions = new("--provider-option")
    {
        Description = "an option of the provider as ONNX Runtime names it, KEY=VALUE; may be repeated",
        DefaultValueFactory = _ => [],
    };

    private readonly Option<string?> _engineCache = new("--engine-cache")
    {
        Description = "folder where tensorrt keeps the engines that it builds [built every time]",
    };

    private readonly Option<int?> _threads = Values.Whole<int>("--threads",
        "threads a call computes with, of an exact variant at most one a head [physical cores]");

    public ModelArguments(Command command, bool required = true)
    {
        _folder = new("--model") { Description = "artifact folder that holozero-export wrote", Required = required };
        foreach (var option in (Option[])
            [_folder, _variant, _provider, _device, _deviceMemory, _cpuNodes, _providerOptions, _engineCache, _threads])
        {
            command.Options.Add(option);
        }
    }

    public string? Folder(ParseResult parsed) => parsed.GetValue(_folder);

    /// <summary>The options as they were given, for another process.</summary>
    public IReadOnlyList<string> ToArguments(ParseResult parsed)
    {
        List<string> arguments = [_folder.Name, Path.GetFullPath(parsed.GetRequiredValue(_folder)),
            _provider.Name, parsed.GetValue(_provider).ToString().ToLowerInvariant()];
        if (parsed.GetValue(_variant) is { } variant) arguments.AddRange([_variant.Name, variant]);
        if (parsed.GetValue(_device) is { } device) arguments.AddRange([_device.Name, Number(device)]);
        if (parsed.GetValue(_deviceMemory) is { } memory) arguments.AddRange([_deviceMemory.Name, Number(memory)]);
        if (parsed.GetValue(_cpuNodes)) arguments.Add(_cpuNodes.Name);
        foreach (var option in parsed.GetRequiredValue(_providerOptions)) arguments.AddRange([_providerOptions.Name, option]);
        if (parsed.GetValue(_engineCache) is { } cache) arguments.AddRange([_engineCache.Name, Path.GetFullPath(cache)]);
        if (parsed.GetValue(_threads) is { } threads) arguments.AddRange([_threads.Name, Number(threads)]);
        return arguments;

        static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Loads the model, without what checks guesses unless that is asked for. Cancellation does not wait for it.</summary>
    public HoloZeroModel Load(ParseResult parsed, CancellationToken cancellation, bool speculation = false)
    {
        var options = Options(parsed, speculation);
        if (options.Provider == ExecutionProvider.TensorRt)
            Console.Error.WriteLine("note: TensorRT builds an engine first, which takes minutes, unless --engine-cache has it");
        var model = Abandonable.Run(() => HoloZeroModel.Load(parsed.GetRequiredValue(_folder), options, cancellation), cancellation);
        foreach (var refusal in model.NotTaken) Console.Error.WriteLine($"note: not {refusal.Provider}: {refusal.Reason}");
        return model;
    }

    /// <summary>How to load it.</summary>
    public ModelOptions Options(ParseResult parsed, bool speculation = false) => new()
    {
        Variant = parsed.GetValue(_variant),
        Provider = parsed.GetValue(_provider),
        DeviceId = parsed.GetValue(_device) ?? 0,
        DeviceMemoryBytes = parsed.GetValue(_deviceMemory),
        AllowCpuNodes = parsed.GetValue(_cpuNodes),
        ProviderOptions = ProviderOptions(parsed.GetRequiredValue(_providerOptions)),
        EngineCacheFolder = parsed.GetValue(_engineCache),
        Threads = parsed.GetValue(_threads),
        Speculation = speculation,
    };

    private static Dictionary<string, string> ProviderOptions(string[] given)
    {
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var option in given)
        {
            if (option.Split('=', 2) is not [{ Length: > 0 } key, var value])
                throw new BadInputException("--provider-option", $"{Untrusted.Quote(option)} is not KEY=VALUE", "write it like use_tf32=1");
            options[key] = value;
        }

        return options;
    }
}
