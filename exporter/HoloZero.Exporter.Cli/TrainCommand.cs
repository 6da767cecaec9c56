using System.CommandLine;
using System.Globalization;
using HoloZero.Artifacts;
using HoloZero.CommandLine;
using HoloZero.Models;
using HoloZero.Models.Checkpoints;
using HoloZero.Models.Training;
using HoloZero.Training;

namespace HoloZero.Exporter.Cli;

/// <summary><c>holozero-export train</c>: trains a new network, a checkpoint, or a run that was stopped.</summary>
internal sealed class TrainCommand
{
    private static readonly TrainingOptions Defaults = new() { Steps = 1 };

    private readonly Option<string?> _checkpoint = new("--checkpoint") { Description = "begin with this checkpoint's weights" };
    private readonly Option<string?> _new = new("--new")
    {
        Description = $"begin with random weights: {string.Join(", ", Presets.Keys)}, or a JSON file with dim, dec_layers, heads, K, door",
        HelpName = "config",
    };

    private readonly Option<string?> _resume = new("--resume") { Description = "go on with the run in this folder, to its own end" };
    private readonly Option<string[]> _texts = new("--text") { Description = "text to learn from; may be repeated" };
    private readonly Option<string?> _windows =
        new("--windows") { Description = "windows of films to learn from, each after the one before it" };
    private readonly Option<string?> _heldOut = new("--held-out") { Description = "text that is only measured [the end of --text]" };
    private readonly Option<string?> _output = new("--output") { Description = "folder to write: new, empty, or an older run" };
    private readonly Option<ComputeDevice> _device = EngineArguments.DeviceOption();
    private readonly TrainArguments _arguments;

    private TrainCommand(Command command)
    {
        foreach (var option in (Option[])[_checkpoint, _new, _resume, _texts, _windows, _heldOut, _output]) command.Options.Add(option);
        _arguments = new(command, Defaults);
        command.Options.Add(_device);
        command.SetAction((parsed, cancellation) =>
        {
            Run(parsed, cancellation);
            return Task.FromResult(ExitCode.Done);
        });
    }

    private static IReadOnlyDictionary<string, AsymDecConfig> Presets { get; } = new Dictionary<string, AsymDecConfig>
    {
        ["tiny"] = new(dim: 64, decLayers: 2, heads: 4, slotBytes: 2),
        ["demo"] = new(dim: 256, decLayers: 3, heads: 4, slotBytes: 8),
    };

    public static Command Create()
    {
        var command = new Command("train", "Trains with TorchSharp: AdamW, warm-up and cosine, held-out bits per byte, resumable.");
        _ = new TrainCommand(command);
        return command;
    }

    private void Run(ParseResult parsed, CancellationToken cancellation)
    {
        var device = parsed.GetValue(_device);
        foreach (var text in (string[])[.. parsed.GetValue(_texts) ?? [],
            .. ((string?[])[parsed.GetValue(_windows), parsed.GetValue(_heldOut)]).OfType<string>()])
            TextFiles.RequireReadableAgain(text);
        var engine = Engines.Training(device);
        var (run, folder, config) = parsed.GetValue(_resume) is { } resumed ? Resume(parsed, resumed, engine) : Begin(parsed, engine);
        Console.WriteLine(Parameters(config));
        TrainingLog log;
        using (var progress = new TrainProgress(TimeProvider.System)) log = run.Run(progress, cancellation);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{log.Step:N0} steps: held-out text from "
            + $"{log.Entries[0].HeldOutBitsPerByte:F5} to {log.Entries[^1].HeldOutBitsPerByte:F5} bits/byte, saved in {folder}"));
    }

    private (TrainingRun Run, string Folder, AsymDecConfig Config) Begin(ParseResult parsed, ITrainingEngine engine)
    {
        var paths = parsed.GetValue(_texts) ?? [];
        var options = _arguments.Options(parsed, parsed.GetValue(_windows) is not null, paths.Length > 0);
        options.Validate();
        var folder = parsed.GetValue(_output) ?? throw new BadInputException("output", "it is missing", "name a folder to write");
        TrainingFolder.RequireWritable(folder);
        var (config, weights, beganWith) = First(parsed, options.Seed);
        if (paths.Length == 0 && options.Windows is null)
            throw new BadInputException("text", "it is missing", "name a text to learn from, or --windows");
        (byte[] Bytes, TextSource Source)[] texts = [.. paths.Select(TextFiles.ReadSource)];
        var heldOut = parsed.GetValue(_heldOut) is { } path ? TextFiles.ReadSource(path) : default;
        var windows = parsed.GetValue(_windows) is { } file ? TextFiles.ReadSource(file) : default;
        var data = Data([.. texts.Select(read => read.Bytes)], heldOut.Bytes, windows.Bytes, options, config.SlotBytes);
        var log = new TrainingLog
        {
            Engine = engine.Name,
            Model = new(config.Dim, config.DecLayers, config.Heads, config.SlotBytes, "zero"),
            BeganWith = beganWith,
            Options = options,
            Texts = [.. texts.Select(read => read.Source)],
            HeldOut = heldOut.Source,
            Windows = windows.Source,
        };
        var none = new Dictionary<string, WeightTensor>();
        return (new(engine, config, new(0, weights, none, none), log, data, folder), folder, config);
    }

    private (AsymDecConfig Config, IReadOnlyDictionary<string, WeightTensor> Weights, string BeganWith) First(ParseResult parsed,
        ulong seed)
    {
        switch (parsed.GetValue(_checkpoint), parsed.GetValue(_new))
        {
            case ({ } path, null):
                using (var checkpoint = Checkpoint.Open(path))
                {
                    return (checkpoint.Config, checkpoint.LoadWeights(AsymDec.ParameterShapes(checkpoint.Config)),
                        $"{Path.GetFileName(path)}, sha256 {checkpoint.Sha256()}");
                }

            case (null, { } name):
                var config = Presets.GetValueOrDefault(name) ?? ConfigurationFile.Read(name);
                return (config, FreshWeights.For(config, seed), $"random weights of seed {seed}");
            case (null, null):
                throw new BadInputException("checkpoint", "there is nothing to begin with",
                    "give --checkpoint F, --new CONFIG or --resume DIR");
            default: throw new BadInputException("new", "it contradicts --checkpoint", "give one of them");
        }
    }

    private (TrainingRun Run, string Folder, AsymDecConfig Config) Resume(ParseResult parsed, string folder, ITrainingEngine engine)
    {
        foreach (var option in (Option[])[_checkpoint, _new, _windows, _heldOut, _output, .. _arguments.All])
        {
            if (parsed.GetResult(option) is { Implicit: false })
                throw new BadInputException(option.Name.TrimStart('-'), "a resumed run keeps what it began with", "leave it out");
        }

        var (log, config, state) = TrainingFolder.Read(folder);
        var given = parsed.GetValue(_texts) is { Length: > 0 } paths ? paths : [.. log.Texts.Select(text => text.Path)];
        if (given.Length != log.Texts.Count)
        {
            throw new BadInputException("text", $"the run has {log.Texts.Count} texts, not {given.Length}",
                "name them all, in order, or none");
        }

        byte[][] texts = [.. given.Zip(log.Texts, Same)];
        var heldOut = log.HeldOut is { } source ? Same(source.Path, source) : null;
        var windows = log.Windows is { } films ? Same(films.Path, films) : null;
        var data = Data(texts, heldOut, windows, log.Options, config.SlotBytes);
        return (new(engine, config, state, log, data, folder), folder, config);

        static byte[] Same(string path, TextSource before)
        {
            var (bytes, now) = TextFiles.ReadSource(path);
            return now.Sha256 == before.Sha256 ? bytes
                : throw new BadInputException(path, "it is not the text that the run began with", "name a copy of that text with --text");
        }
    }

    private static ITrainingData Data(byte[][] texts, byte[]? heldOut, byte[]? windows, TrainingOptions options, int slotBytes)
    {
        var films = windows is null ? null : new TrainingWindows(windows, options);
        if (texts.Length == 0 && films is not null) return films;
        var text = new TrainingText(TextFiles.Join(texts), heldOut, options, slotBytes);
        return films is null ? text : new MixedTraining(text, films);
    }

    private static string Parameters(AsymDecConfig config)
    {
        var parts = AsymDec.ParameterShapes(config).GroupBy(entry => entry.Key.Split('.')[0], entry =>
            entry.Value.Aggregate(1L, (product, length) => product * length)).ToDictionary(part => part.Key, part => part.Sum());
        return string.Create(CultureInfo.InvariantCulture, $"parameters: {parts.Values.Sum():N0} (door: 0, "
            + $"self_blocks: {parts["self_blocks"]:N0}, mem_blocks: {parts["mem_blocks"]:N0}, "
            + $"norm: {parts["norm"]:N0}, head: {parts["head"]:N0})");
    }
}
