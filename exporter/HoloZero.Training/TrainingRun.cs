using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Models.Training;

namespace HoloZero.Training;

/// <summary>How far a run is.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="PredictedBytes">Bytes that this call has learned from.</param>
/// <param name="BitsPerByte">Of the last batch; null before the first.</param>
/// <param name="HeldOutBitsPerByte">As last measured; null before that.</param>
public sealed record TrainingProgress(long Step, long Steps, long PredictedBytes, double? BitsPerByte, double? HeldOutBitsPerByte);

/// <summary>
/// A run of training: windows drawn from the text, AdamW, a folder now and then. A run that was stopped and resumed gives the files of
/// one that was not, bit for bit, on the same machine and engine.
/// </summary>
public sealed class TrainingRun
{
    private readonly ITrainingEngine _engine;
    private readonly AsymDecConfig _config;
    private readonly ITrainingData _data;
    private readonly string _folder;
    private TrainingState _state;
    private TrainingLog _log;

    /// <summary>A run at its beginning, or where <paramref name="log"/> says.</summary>
    /// <param name="engine">What has autograd.</param>
    /// <param name="config">The network; its reading is that of the options.</param>
    /// <param name="state">Weights, and moments unless it is the beginning.</param>
    /// <param name="log">How it trains, and how far it is.</param>
    /// <param name="data">What it learns from.</param>
    /// <param name="folder">Where to save.</param>
    public TrainingRun(ITrainingEngine engine, AsymDecConfig config, TrainingState state, TrainingLog log, ITrainingData data,
        string folder)
    {
        log.Options.Validate();
        (_engine, _state, _log, _data, _folder) = (engine, state, log with { Engine = engine.Name }, data, folder);
        _config = config with { Reading = log.Options.Reading };
    }

    private TrainingOptions Options => _log.Options;

    /// <summary>Trains to the end. Cancelled, it finishes the step, saves and stops.</summary>
    /// <returns>The log as saved.</returns>
    /// <exception cref="UnsoundModelException">The loss is not finite: nothing is saved beyond the last folder.</exception>
    /// <exception cref="BadInputException">The folder cannot be written.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, and saved.</exception>
    public TrainingLog Run(IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var trainer = _engine.Start(_config, _state, Options.Optimizer, Options.Threads);
        if (_log.Entries.Count == 0) Record(new(0, null, HeldOut(trainer), 0, null));
        var (bytes, saved) = (0L, _log.Step);
        var heldOut = _log.Entries[^1].HeldOutBitsPerByte;
        progress?.Report(new(_log.Step, Options.Steps, 0, null, heldOut));
        while (_log.Step < Options.Steps)
        {
            if (cancellation.IsCancellationRequested)
            {
                Save(trainer);
                throw new OperationCanceledException(cancellation);
            }

            var loss = Step(trainer, saved, ref bytes);
            if (_log.Step % Options.EvaluateEvery == 0 || _log.Step == Options.Steps) heldOut = Evaluate(trainer);
            if (_log.Step % Options.SaveEvery == 0 || _log.Step == Options.Steps)
            {
                Save(trainer);
                saved = _log.Step;
            }

            progress?.Report(new(_log.Step, Options.Steps, bytes, CrossEntropy.Bits(loss), heldOut));
        }

        return _log;
    }

    private double Step(ITrainer trainer, long saved, ref long bytes)
    {
        var batch = _data.Batch(Options, _config.SlotBytes, _log.Step);
        var (loss, norm) = trainer.Step(batch, Options.LearningRateAt(_log.Step));
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
        {
            throw new UnsoundModelException($"the loss is {loss} and the gradient {norm} at step {_log.Step + 1}; "
                + (saved > 0 ? $"{_folder} holds step {saved}; " : "") + "train anew with a lower --learning-rate or a longer --warm-up");
        }

        _log = _log with { Step = _log.Step + 1, PendingNats = _log.PendingNats + loss, PendingNorms = _log.PendingNorms + norm };
        bytes += batch.Targets.Length;
        return loss;
    }

    private double Evaluate(ITrainer trainer)
    {
        var heldOut = HeldOut(trainer);
        var steps = _log.Step - _log.Entries[^1].Step;
        Record(new(_log.Step, CrossEntropy.Bits(_log.PendingNats / steps), heldOut, Options.LearningRateAt(_log.Step - 1),
            _log.PendingNorms / steps));
        return heldOut;
    }

    private void Record(TrainingEntry entry) =>
        _log = _log with { Entries = [.. _log.Entries, entry], PendingNats = 0, PendingNorms = 0 };

    private double HeldOut(ITrainer trainer)
    {
        var (nats, bytes) = (0.0, 0L);
        foreach (var batch in _data.HeldOut(Options, _config.SlotBytes))
        {
            nats += trainer.Nats(batch);
            bytes += batch.Targets.Length;
        }

        return double.IsFinite(nats) ? CrossEntropy.Bits(nats / bytes)
            : throw new UnsoundModelException($"held-out text has a loss of {nats} at step {_log.Step}; "
                + "train anew with a lower --learning-rate");
    }

    private void Save(ITrainer trainer)
    {
        _state = trainer.State();
        TrainingFolder.Write(_folder, _log, _config, _state);
    }
}
