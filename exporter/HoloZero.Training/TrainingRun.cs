using System.Globalization;
using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Models.Training;

namespace HoloZero.Training;

/// <summary>How far a run is.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="PredictedBytes">Symbols that this call has learned from.</param>
/// <param name="BitsPerByte">Of the last batch; null before the first.</param>
/// <param name="HeldOutBitsPerByte">As last measured; null before that.</param>
/// <param name="Entry">What was measured with this step; null where nothing was.</param>
public sealed record TrainingProgress(long Step, long Steps, long PredictedBytes, double? BitsPerByte, double? HeldOutBitsPerByte,
    TrainingEntry? Entry = null);

/// <summary>
/// A run of training: windows drawn from the text, AdamW, a folder now and then. A run that was stopped and resumed gives the files of
/// one that was not, bit for bit, on the same machine and engine.
/// </summary>
public sealed class TrainingRun
{
    private readonly ITrainingEngine _engine;
    private readonly AsymDecConfig _config;
    private readonly ITrainingData _data;
    private readonly TrainingFolder _folder;
    private readonly TimeProvider _clock;
    private TrainingState _state;
    private TrainingLog _log;
    private IReadOnlyDictionary<string, WeightTensor> _best;
    private TrainingLog? _saved;
    private long _savedAt;

    /// <summary>A run at its beginning, or where its log says.</summary>
    /// <param name="engine">What has autograd.</param>
    /// <param name="run">The network, how it trains, and how far it is.</param>
    /// <param name="data">What it learns from.</param>
    /// <param name="folder">Where to save; stays the caller's.</param>
    /// <param name="clock">Tells when to save; null is the system's.</param>
    public TrainingRun(ITrainingEngine engine, SavedRun run, ITrainingData data, TrainingFolder folder, TimeProvider? clock = null)
    {
        run.Log.Options.Validate();
        (_engine, _state, _log, _data, _folder) = (engine, run.State, run.Log with { Engine = engine.Name }, data, folder);
        (_config, _best, _clock) = (run.Config with { Reading = run.Log.Options.Reading }, run.BestWeights, clock ?? TimeProvider.System);
    }

    private TrainingOptions Options => _log.Options;

    /// <summary>Trains to the end. It saves before the first step; cancelled, it finishes the step, saves and stops.</summary>
    /// <returns>The log as saved.</returns>
    /// <exception cref="UnsoundModelException">
    /// The loss is not finite: of a step, what was before it is saved; of held-out text, the last save stays, as the weights that computed
    /// it are of no use. Nothing is saved where nothing was learned before it.
    /// </exception>
    /// <exception cref="BadInputException">The folder cannot be written.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, and saved.</exception>
    public TrainingLog Run(IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var trainer = _engine.Start(_config, _state, Options.Trainer);
        Begin(trainer);
        var bytes = 0L;
        progress?.Report(new(_log.Step, Options.Steps, 0, null, _log.Entries[^1].HeldOutBitsPerByte, _log.Entries[^1]));
        while (_log.Step < Options.Steps)
        {
            if (cancellation.IsCancellationRequested)
            {
                if (_log.Step != _saved?.Step) Save(trainer.State());
                throw new OperationCanceledException(cancellation);
            }

            var loss = Step(trainer, ref bytes);
            var end = _log.Step == Options.Steps;
            var entry = _log.Step % Options.EvaluateEvery == 0 || end ? Evaluate(trainer) : null;
            if (_log.Step % Options.SaveEvery == 0 || end || _clock.GetElapsedTime(_savedAt).TotalMinutes >= Options.SaveMinutes)
            {
                if (Options.KeptSaves > 0) _log = _log with { Kept = [.. _log.Kept.Append(_log.Step).TakeLast(Options.KeptSaves)] };
                Save(trainer.State());
            }

            progress?.Report(new(_log.Step, Options.Steps, bytes, CrossEntropy.Bits(loss), _log.Entries[^1].HeldOutBitsPerByte, entry));
        }

        return _log;
    }

    /// <summary>Measures held-out text and changes nothing.</summary>
    /// <returns>Bits per byte, and how many symbols were predicted.</returns>
    /// <exception cref="UnsoundModelException">The loss is not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static (double BitsPerByte, long Bytes) Measure(ITrainingEngine engine, AsymDecConfig config,
        IReadOnlyDictionary<string, WeightTensor> weights, ITrainingData data, TrainingOptions options,
        CancellationToken cancellation = default)
    {
        var none = new Dictionary<string, WeightTensor>();
        config = config with { Reading = options.Reading };
        using var trainer = engine.Start(config, new(0, weights, none, none), options.Trainer);
        var (nats, bytes) = Nats(trainer, data, options, config, cancellation);
        return double.IsFinite(nats) ? (CrossEntropy.Bits(nats / bytes), bytes) : throw Unsound(nats);
    }

    /// <summary>
    /// Measures the captions of held-out windows as they are, and behind the sound of other windows; changes nothing.
    /// </summary>
    /// <exception cref="UnsoundModelException">The loss is not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static CaptionMeasure MeasureCaptions(ITrainingEngine engine, AsymDecConfig config,
        IReadOnlyDictionary<string, WeightTensor> weights, TrainingWindows windows, CaptionPlace place, TrainingOptions options,
        CancellationToken cancellation = default)
    {
        var none = new Dictionary<string, WeightTensor>();
        config = config with { Reading = options.Reading };
        using var trainer = engine.Start(config, new(0, weights, none, none), options.Trainer);
        var (own, all) = Sum(swapped: false, onlyPartnered: false);
        var (alone, pairs) = Sum(swapped: false, onlyPartnered: true);
        var (behindOther, _) = Sum(swapped: true, onlyPartnered: true);
        if (!double.IsFinite(own + behindOther)) throw Unsound(own + behindOther);
        return new(CrossEntropy.Bits(own / all / place.CaptionBytes),
            pairs == 0 ? null : CrossEntropy.Bits((behindOther - alone) / pairs / place.CaptionBytes), all);

        // Streams are causal: what the caption costs is what all up to its end costs, less what all before it does.
        (double Nats, int Windows) Sum(bool swapped, bool onlyPartnered)
        {
            var (nats, count) = (0.0, 0);
            foreach (var (throughCaption, before) in windows.Captions(options, config.SlotBytes, place, swapped, onlyPartnered))
            {
                cancellation.ThrowIfCancellationRequested();
                var parts = throughCaption.Split(options.MicroBatch ?? throughCaption.Rows);
                nats += parts.Sum(trainer.Nats) - before.Split(options.MicroBatch ?? before.Rows).Sum(trainer.Nats);
                count += throughCaption.Rows;
            }

            return (nats, count);
        }
    }

    private void Begin(ITrainer trainer)
    {
        if (_log.Entries.Count == 0)
        {
            Record(new(0, null, HeldOut(trainer), 0, null), _state.Weights);
            // Whatever ends the process from here on leaves something to go on with, and what cannot be written is told before the work.
            Save(_state);
            return;
        }

        if (_log.Step < Options.Steps) _folder.Rewind(_log);
        (_saved, _savedAt) = (_log, _clock.GetTimestamp());
    }

    private double Step(ITrainer trainer, ref long bytes)
    {
        var batch = _data.Batch(Options, _config.SlotBytes, _log.Step);
        var (loss, norm) = trainer.Step(batch.Split(Options.MicroBatch ?? batch.Rows), Options.LearningRateAt(_log.Step));
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
        {
            // Such a step changes no weight.
            if (_log.Step > 0 && _log.Step != _saved?.Step) Save(trainer.State());
            throw Diverged($"the loss is {loss} and the gradient {norm} at step {_log.Step + 1}");
        }

        _log = _log with { Step = _log.Step + 1, PendingNats = _log.PendingNats + loss, PendingNorms = _log.PendingNorms + norm };
        bytes += batch.Targets.Length;
        return loss;
    }

    private TrainingEntry Evaluate(ITrainer trainer)
    {
        var steps = _log.Step - _log.Entries[^1].Step;
        var entry = new TrainingEntry(_log.Step, CrossEntropy.Bits(_log.PendingNats / steps), HeldOut(trainer),
            Options.LearningRateAt(_log.Step - 1), _log.PendingNorms / steps);
        Record(entry, entry.HeldOutBitsPerByte < _log.Best!.HeldOutBitsPerByte ? trainer.Weights() : _best);
        _folder.Append(entry);
        return entry;
    }

    private void Record(TrainingEntry entry, IReadOnlyDictionary<string, WeightTensor> best)
    {
        _log = _log with { Entries = [.. _log.Entries, entry], PendingNats = 0, PendingNorms = 0 };
        _best = best;
    }

    private double HeldOut(ITrainer trainer)
    {
        var (nats, bytes) = Nats(trainer, _data, Options, _config, CancellationToken.None);
        if (double.IsFinite(nats)) return CrossEntropy.Bits(nats / bytes);
        throw _log.Step == 0 ? Unsound(nats) : Diverged($"held-out text has a loss of {nats} at step {_log.Step}");
    }

    private static (double Nats, long Bytes) Nats(ITrainer trainer, ITrainingData data, TrainingOptions options, AsymDecConfig config,
        CancellationToken cancellation)
    {
        var (nats, bytes) = (0.0, 0L);
        foreach (var batch in data.HeldOut(options, config.SlotBytes))
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (var part in batch.Split(options.MicroBatch ?? batch.Rows)) nats += trainer.Nats(part);
            bytes += batch.Targets.Length;
        }

        return (nats, bytes);
    }

    private static UnsoundModelException Unsound(double nats) => new($"held-out text has a loss of {nats} before anything is learned: "
        + "the weights themselves compute it; use a checkpoint from before it diverged");

    /// <summary>Says what the folder holds.</summary>
    private UnsoundModelException Diverged(string what)
    {
        if (_log.Step == 0 || _saved is not { Best: { } best } saved)
            return new($"{what}, before anything is learned: the weights themselves compute it; use a checkpoint from before it diverged");
        return new(string.Create(CultureInfo.InvariantCulture, $"{what}; {_folder.Path} holds step {saved.Step}, and as best.safetensors "
            + $"step {best.Step} with {best.HeldOutBitsPerByte:F5} bits/byte of held-out text; train anew with a lower "
            + $"learning rate or a longer warm-up"));
    }

    private void Save(TrainingState state)
    {
        _state = state;
        _log = _folder.Write(new(_log, _config, _state, _best));
        (_saved, _savedAt) = (_log, _clock.GetTimestamp());
    }
}
