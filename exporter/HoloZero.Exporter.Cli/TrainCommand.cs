using System.CommandLine;
using System.Globalization;
using HoloZero.Artifacts;
using HoloZero.CommandLine;
using HoloZero.Models;
using HoloZero.Models.Checkpoints;
using HoloZero.Models.Training;
using HoloZero.Training;

namespace HoloZero.Exporter.Cli;

/// <summary><c>holozero-export train</c>: trains a new network, a checkpoint, or a run that was stopped or is to go on.</summary>
internal sealed class TrainCommand
{
    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

    private readonly Option<string?> _checkpoint = new("--checkpoint") { Description = "begin with this checkpoint's weights" };
    private readonly Option<string?> _new = new("--new")
    {
        Description = $"begin with random weights: {string.Join(", ", ConfigurationFile.Known.Keys)}, or a JSON file with dim, "
            + "dec_layers, heads, K, door",
        HelpName = "config",
    };

    private readonly Option<string?> _resume = new("--resume") { Description = "go on with the run in this folder, to its own end" };
    private readonly Option<string?> _output = new("--output") { Description = "folder to write: new or empty" };
    private readonly Option<bool> _overwrite = new("--overwrite") { Description = "replace an older run in --output" };
    private readonly Option<bool> _evaluateOnly = new("--evaluate-only") { Description = "measure held-out text, learn and write nothing" };
    private readonly Option<ComputeDevice> _device = EngineArguments.DeviceOption();
    private readonly DataArguments _data;
    private readonly TrainArguments _arguments;

    private TrainCommand(Command command)
    {
        foreach (var option in (Option[])[_checkpoint, _new, _resume]) command.Options.Add(option);
        _data = new(command, "windows of films to learn from, each after the one before it");
        foreach (var option in (Option[])[_output, _overwrite, _evaluateOnly]) command.Options.Add(option);
        _arguments = new(command, new() { Steps = 1 });
        command.Options.Add(_device);
        command.SetAction((parsed, cancellation) =>
        {
            Run(parsed, cancellation);
            return Task.FromResult(ExitCode.Done);
        });
    }

    public static Command Create()
    {
        var command = new Command("train", "Trains with TorchSharp: AdamW, warm-up and cosine, held-out bits per byte, resumable.");
        _ = new TrainCommand(command);
        return command;
    }

    private void Run(ParseResult parsed, CancellationToken cancellation)
    {
        _data.RequireReadableAgain(parsed);
        var engine = Engines.Training(parsed.GetValue(_device));
        var resumed = parsed.GetValue(_resume);
        if (parsed.GetValue(_evaluateOnly)) Evaluate(parsed, resumed, engine, cancellation);
        else if (resumed is not null) Resume(parsed, resumed, engine, cancellation);
        else Begin(parsed, engine, cancellation);
    }

    private void Begin(ParseResult parsed, ITrainingEngine engine, CancellationToken cancellation)
    {
        var steps = parsed.GetValue(_arguments.Steps) ?? throw new BadInputException("steps", "it is missing", "say how many");
        var output = parsed.GetValue(_output) ?? throw new BadInputException("output", "it is missing", "name a folder to write");
        using var folder = TrainingFolder.Begin(output, parsed.GetValue(_overwrite));
        var (config, data, options, weights, beganWith) = New(parsed, new() { Steps = steps });
        data.RequireLearnable();
        var prepared = data.Prepared(options, config.SlotBytes);
        var log = new TrainingLog
        {
            Engine = engine.Name,
            Model = NetworkShape.Of(config),
            BeganWith = beganWith,
            Options = options,
            Texts = [.. data.Texts.Select(file => file.Source)],
            HeldOut = [.. data.HeldOut.Select(file => file.Source)],
            Windows = data.Windows?.Source,
        };
        var none = new Dictionary<string, WeightTensor>();
        Train(new(engine, new(log, config, new(0, weights, none, none), weights), prepared, folder), log, config, folder, cancellation);
    }

    private void Resume(ParseResult parsed, string path, ITrainingEngine engine, CancellationToken cancellation)
    {
        TrainArguments.Refuse(parsed, [_checkpoint, _new, _output, _overwrite,
            .. _arguments.Learning.Where(option => option != _arguments.Steps), .. _arguments.Measuring],
            "a resumed run keeps what it began with");
        using var folder = TrainingFolder.Open(path);
        var run = TrainingFolder.Read(path);
        if (parsed.GetValue(_arguments.Steps) is { } steps) run = run with { Log = run.Log.WithSteps(steps) };
        var data = _data.Again(parsed, run.Log).Prepared(run.Log.Options, run.Config.SlotBytes);
        Train(new(engine, run, data, folder), run.Log, run.Config, folder, cancellation);
    }

    private static void Train(TrainingRun run, TrainingLog begun, AsymDecConfig config, TrainingFolder folder,
        CancellationToken cancellation)
    {
        Console.WriteLine(Parameters(config));
        Console.WriteLine($"reading: {begun.Options.Reading}");
        Console.WriteLine(Schedule(begun.Options));
        if (begun.Options.Precision == TrainingPrecision.Bfloat16)
            Console.WriteLine("precision: products of Linears and attention in bfloat16; all else, and what is measured, in float32");
        if (begun.Options.Dropout > 0) Console.WriteLine(string.Create(Culture, $"dropout: {begun.Options.Dropout}"));
        TrainingLog log;
        using (var progress = new TrainProgress(TimeProvider.System)) log = run.Run(progress, cancellation);
        var (first, last, best) = (log.Entries[0].HeldOutBitsPerByte, log.Entries[^1].HeldOutBitsPerByte, log.Best!);
        Console.WriteLine(string.Create(Culture, $"{log.Step:N0} steps: held-out text from {first:F5} to {last:F5} bits/byte, best "
            + $"{best.HeldOutBitsPerByte:F5} at step {best.Step:N0}, saved in {folder.Path}"));
        if (!log.IsWorseThanItBegan) return;
        throw new UnsoundModelException(string.Create(Culture, $"held-out text is worse than it began: {first:F5} bits/byte and now "
            + $"{last:F5}; {(best.Step == 0 ? "no step was better, and best.safetensors is what it began with"
                : string.Create(Culture, $"step {best.Step:N0} was the best, with {best.HeldOutBitsPerByte:F5}: its weights are "
                    + $"best.safetensors"))}; train anew with a lower --learning-rate"));
    }

    private void Evaluate(ParseResult parsed, string? resumed, ITrainingEngine engine, CancellationToken cancellation)
    {
        TrainArguments.Refuse(parsed, [_output, _overwrite, .. _arguments.Learning], "nothing is learned or written");
        AsymDecConfig config;
        TrainingOptions options;
        ITrainingData data;
        IReadOnlyDictionary<string, WeightTensor> weights;
        if (resumed is not null)
        {
            TrainArguments.Refuse(parsed, [_checkpoint, _new, .. _arguments.Measuring], "a run is measured as it was trained");
            var run = TrainingFolder.Read(resumed);
            (config, options, weights) = (run.Config, run.Log.Options with { HeldOutWindows = int.MaxValue }, run.State.Weights);
            data = _data.Again(parsed, run.Log).Prepared(options, config.SlotBytes);
        }
        else
        {
            TrainData files;
            (config, files, options, weights, _) = New(parsed, new() { Steps = 1, HeldOutWindows = int.MaxValue });
            data = files.Prepared(options, config.SlotBytes);
        }

        var (bits, bytes) = TrainingRun.Measure(engine, config, weights, data, options, cancellation);
        Console.WriteLine(string.Create(Culture, $"held out: {bits:F5} bits/byte over {bytes:N0} predicted bytes, read as "
            + $"{options.Reading}"));
    }

    private (AsymDecConfig Config, TrainData Data, TrainingOptions Options, IReadOnlyDictionary<string, WeightTensor> Weights,
        string BeganWith) New(ParseResult parsed, TrainingOptions defaults)
    {
        var (path, name) = (parsed.GetValue(_checkpoint), parsed.GetValue(_new));
        if (path is not null && name is not null) throw new BadInputException("new", "it contradicts --checkpoint", "give one of them");
        if (path is null && name is null)
        {
            throw new BadInputException("checkpoint", "there is nothing to begin with",
                "give --checkpoint F, --new CONFIG or --resume DIR");
        }

        using var checkpoint = path is null ? null : Checkpoint.Open(path);
        ExportCommand.TellNotes(checkpoint);
        var config = checkpoint?.Config ?? ConfigurationFile.Find("new", name!);
        var data = _data.Read(parsed);
        var options = _arguments.Options(parsed, data, checkpoint?.SavedReading ?? new(), checkpoint?.Name ?? "", defaults);
        config = config with { Reading = options.Reading };
        return checkpoint is null
            ? (config, data, options, FreshWeights.For(config, options.Seed), $"random weights of seed {options.Seed}")
            : (config, data, options, checkpoint.LoadWeights(AsymDec.ParameterShapes(config)),
                $"{checkpoint.Name}, sha256 {checkpoint.Sha256()}");
    }

    private static string Schedule(TrainingOptions options)
    {
        var last = options.LearningRateAt(options.Steps - 1);
        return string.Create(Culture, $"learning rate: ") + (options.Steps <= options.WarmUp
            ? string.Create(Culture, $"rises to {last:G3} at the end, within the warm-up of {options.WarmUp:N0} steps")
            : string.Create(Culture, $"{options.LearningRateAt(0):G3} at first, {options.LearningRate:G3} after {options.WarmUp:N0} steps, "
                + $"{options.LearningRateAt((options.WarmUp + options.Steps) / 2):G3} at step "
                + $"{(options.WarmUp + options.Steps) / 2:N0}, {last:G3} at the end"));
    }

    private static string Parameters(AsymDecConfig config)
    {
        var parts = AsymDec.ParameterShapes(config).GroupBy(entry => entry.Key.Split('.')[0], entry =>
            entry.Value.Aggregate(1L, (product, length) => product * length)).ToDictionary(part => part.Key, part => part.Sum());
        return string.Create(Culture, $"parameters: {parts.Values.Sum():N0} (door: {AsymDec.DoorParameters(config):N0}, "
            + $"self_blocks: {parts["self_blocks"]:N0}, mem_blocks: {parts["mem_blocks"]:N0}, "
            + $"norm: {parts["norm"]:N0}, head: {parts["head"]:N0})");
    }
}
