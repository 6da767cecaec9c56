using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Models.Training;

namespace HoloZero.Training;

/// <summary>An arm of an ablation: the same network behind one door.</summary>
/// <param name="Name">As a person names it.</param>
/// <param name="Kind">What turns bytes into rows.</param>
/// <param name="Substrate">Where the value columns come from.</param>
public sealed record AblationArm(string Name, DoorKind Kind, SubstrateKind Substrate = SubstrateKind.Hsl)
{
    /// <summary>The three published ones, and the zero door on the substrates of the published kit.</summary>
    public static IReadOnlyList<AblationArm> All { get; } =
    [
        new("zero", DoorKind.Zero), new("projection", DoorKind.Projection), new("embedding", DoorKind.Embedding),
        new("learned", DoorKind.Zero, SubstrateKind.Learned), new("random", DoorKind.Zero, SubstrateKind.Random),
        new("permuted", DoorKind.Zero, SubstrateKind.Permuted),
    ];

    /// <summary>The door of a seed: where a table is drawn, each seed draws its own, so that the spread takes it in.</summary>
    public DoorConfig Door(ulong seed) =>
        new(Kind, Substrate, Substrate is SubstrateKind.Random or SubstrateKind.Permuted ? (uint)(seed & int.MaxValue) : 0);
}

/// <summary>What an ablation learns from and measures.</summary>
/// <param name="Learned">What a run learns from.</param>
/// <param name="Text">The text in it; null where there is none.</param>
/// <param name="Windows">The windows in it; null where there are none.</param>
public sealed record AblationData(ITrainingData Learned, TrainingText? Text, TrainingWindows? Windows);

/// <summary>How an ablation is made. Immutable.</summary>
public sealed record AblationPlan
{
    /// <summary>The network, behind whatever door.</summary>
    public required AsymDecConfig Network { get; init; }

    /// <summary>The arms, each of another name, at least one.</summary>
    public required IReadOnlyList<AblationArm> Arms { get; init; }

    /// <summary>How many seeds each arm is trained with, from that of <see cref="Options"/> on: 1 to 1,000.</summary>
    public required int Seeds { get; init; }

    /// <summary>How each run trains, with the first seed.</summary>
    public required TrainingOptions Options { get; init; }

    /// <summary>What the runs read, for their logs.</summary>
    public required IReadOnlyList<TextSource> Texts { get; init; }

    /// <summary>Held-out texts with files of their own.</summary>
    public IReadOnlyList<TextSource> HeldOut { get; init; } = [];

    /// <summary>Windows of films; null where there are none.</summary>
    public TextSource? Windows { get; init; }

    /// <summary>Where sound and caption lie in windows; null measures no captions.</summary>
    public CaptionPlace? Captions { get; init; }
}

/// <summary>
/// Trains the same network behind several doors, each with the same windows of the same seeds under one budget, and measures all of their
/// held-out data at the end. What is in the folder already is not done again: runs go on where they are.
/// </summary>
/// <param name="engine">What trains.</param>
/// <param name="plan">What is trained.</param>
/// <param name="data">What a run of given options learns from.</param>
/// <param name="folder">Where a folder for each run goes, <c>zero-0</c>, and the results.</param>
public sealed class Ablation(ITrainingEngine engine, AblationPlan plan, Func<TrainingOptions, AblationData> data, string folder)
{
    /// <summary>Trains what is not trained yet, and writes the results after each run.</summary>
    /// <param name="begins">Told each run as it begins; gives who is told its progress, and is disposed at the run's end.</param>
    /// <param name="cancellation">Stops it; the run is saved.</param>
    /// <returns>All results.</returns>
    /// <exception cref="BadInputException">
    /// The plan makes no networks, the folder cannot be written, or holds a run that was begun otherwise.
    /// </exception>
    /// <exception cref="UnsoundModelException">The loss of a run is not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public AblationReport Run(Func<AblationArm, ulong, ITrainingWatcher>? begins = null, CancellationToken cancellation = default)
    {
        // Whatever makes no network is told before hours of work.
        foreach (var arm in plan.Arms) _ = plan.Network.Behind(arm.Door(plan.Options.Seed), arm.Name);
        var known = AblationReport.ReadIfThere(folder);
        var results = new List<AblationRun>();
        // Seed by seed, so that a table of all arms is there early.
        for (var i = 0; i < plan.Seeds; i++)
        {
            foreach (var arm in plan.Arms)
            {
                results.Add(Run(arm, plan.Options.Seed + (ulong)i, known, begins, cancellation));
                AblationReport.Of(engine.Name, plan, results).Write(folder, Log);
            }
        }

        return AblationReport.Of(engine.Name, plan, results);
    }

    private AblationRun Run(AblationArm arm, ulong seed, AblationReport? known, Func<AblationArm, ulong, ITrainingWatcher>? begins,
        CancellationToken cancellation)
    {
        var name = FormattableString.Invariant($"{arm.Name}-{seed}");
        var path = Path.Combine(folder, name);
        var options = plan.Options with { Seed = seed };
        var config = plan.Network.Behind(arm.Door(seed), arm.Name) with { Reading = options.Reading };
        using var taken = File.Exists(Path.Combine(path, TrainingLog.FileName)) ? TrainingFolder.Open(path) : TrainingFolder.Begin(path);
        var run = Begun(path, config, options) ?? Fresh(config, options);
        var learned = data(options);
        if (run.Log.Step < options.Steps)
        {
            using var watcher = begins?.Invoke(arm, seed);
            new TrainingRun(engine, run, learned.Learned, taken).Run(watcher, cancellation);
            run = TrainingFolder.Read(path);
        }

        var hash = run.Log.Files.GetValueOrDefault(TrainingFolder.Model, "");
        return known?.Runs.FirstOrDefault(done => done.Folder == name && done.ModelSha256 == hash) ?? Measured();

        AblationRun Measured()
        {
            var all = options with { HeldOutWindows = int.MaxValue };
            double? text = learned.Text is null ? null
                : TrainingRun.Measure(engine, config, run.State.Weights, learned.Text, all, cancellation).BitsPerByte;
            var captions = learned.Windows is null || plan.Captions is null ? null
                : TrainingRun.MeasureCaptions(engine, config, run.State.Weights, learned.Windows, plan.Captions, all, cancellation);
            return new(arm.Name, seed, name, hash, text, captions?.BitsPerByte, captions?.BindingGap);
        }
    }

    /// <summary>The run that lies there, if it is the one that is wanted; null where none does.</summary>
    private SavedRun? Begun(string path, AsymDecConfig config, TrainingOptions options)
    {
        if (!File.Exists(Path.Combine(path, TrainingLog.FileName))) return null;
        var run = TrainingFolder.Read(path);
        var what = run.Log.Model != NetworkShape.Of(config) ? "another network"
            : run.Log.Options != options ? "other options"
            : !Same(run.Log.Texts, plan.Texts) || !Same(run.Log.HeldOut, plan.HeldOut)
                || run.Log.Windows?.Sha256 != plan.Windows?.Sha256 ? "other texts or windows" : null;
        return what is null ? run
            : throw new BadInputException(path, $"it holds a run with {what}", "name another folder, or what that one began with");

        static bool Same(IReadOnlyList<TextSource> one, IReadOnlyList<TextSource> other) =>
            one.Select(source => source.Sha256).SequenceEqual(other.Select(source => source.Sha256));
    }

    private SavedRun Fresh(AsymDecConfig config, TrainingOptions options)
    {
        var (weights, none) = (FreshWeights.For(config, options.Seed), new Dictionary<string, WeightTensor>());
        var log = new TrainingLog
        {
            Engine = engine.Name,
            Model = NetworkShape.Of(config),
            BeganWith = $"random weights of seed {options.Seed}",
            Options = options,
            Texts = plan.Texts,
            HeldOut = plan.HeldOut,
            Windows = plan.Windows,
        };
        return new(log, config, new(0, weights, none, none), weights);
    }

    private TrainingLog Log(AblationRun run) => TrainingLog.Read(Path.Combine(folder, run.Folder, TrainingLog.FileName));
}

/// <summary>Who is told the progress of a run, until it is disposed.</summary>
public interface ITrainingWatcher : IProgress<TrainingProgress>, IDisposable;
