using HoloZero.Artifacts;

namespace HoloZero.Models.Training;

/// <summary>Sequences side by side with what follows them.</summary>
/// <param name="Rows">Number of sequences, B.</param>
/// <param name="Prefix">Prefix bytes [B, N*K], row-major.</param>
/// <param name="Stream">Stream bytes [B, L], row-major.</param>
/// <param name="Targets">The symbol after each of them [B, L], row-major: a byte, or <see cref="AsymDecConfig.EosId"/>.</param>
public sealed record WindowBatch(int Rows, byte[] Prefix, byte[] Stream, short[] Targets)
{
    /// <summary>The same sequences in parts of at most <paramref name="rows"/>, 1 or more, in order.</summary>
    public IReadOnlyList<WindowBatch> Split(int rows) => rows >= Rows ? [this]
        : [.. Enumerable.Range(0, Rows).Chunk(rows).Select(part => new WindowBatch(part.Length, Part(Prefix, part), Part(Stream, part),
            Part(Targets, part)))];

    private T[] Part<T>(T[] all, int[] part) => all[(all.Length / Rows * part[0])..(all.Length / Rows * (part[^1] + 1))];
}

/// <summary>What one step did.</summary>
/// <param name="Loss">Mean of -ln of the probability given to each target, before the step.</param>
/// <param name="GradientNorm">Of all gradients together, before clipping. Where either is not finite, nothing was changed.</param>
public sealed record StepResult(double Loss, double GradientNorm);

/// <summary>Everything that goes on from one step to the next. The tensors are shared, and nobody writes to them.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Weights">The parameters by name.</param>
/// <param name="FirstMoments">Running means of the gradients, by parameter; empty before the first step.</param>
/// <param name="SecondMoments">Running means of their squares, by parameter; empty before the first step.</param>
public sealed record TrainingState(long Step, IReadOnlyDictionary<string, WeightTensor> Weights,
    IReadOnlyDictionary<string, WeightTensor> FirstMoments, IReadOnlyDictionary<string, WeightTensor> SecondMoments);

/// <summary>Something with autograd. Thread-safe.</summary>
public interface ITrainingEngine
{
    /// <summary>What it is: library, version, device.</summary>
    string Name { get; }

    /// <summary>Goes on training from a state. The caller disposes the trainer.</summary>
    /// <param name="config">The network.</param>
    /// <param name="state">Where to begin.</param>
    /// <param name="options">How steps are computed.</param>
    /// <exception cref="MissingCapabilityException">The device is not there.</exception>
    ITrainer Start(AsymDecConfig config, TrainingState state, TrainerOptions options);
}

/// <summary>A model in training. Not thread-safe.</summary>
public interface ITrainer : IDisposable
{
    /// <summary>
    /// One step of AdamW with the gradients clipped: the same batches from the same state give the same bits, on a machine and with a
    /// number of threads.
    /// </summary>
    /// <param name="parts">What it learns from, at least one: computed one after the other, their gradients added up.</param>
    /// <param name="learningRate">Of this step.</param>
    StepResult Step(IReadOnlyList<WindowBatch> parts, double learningRate);

    /// <summary>Sum of -ln of the probabilities given to the targets, in float32 whatever steps compute in; changes nothing.</summary>
    double Nats(WindowBatch batch);

    /// <summary>The present weights, copied to the host.</summary>
    IReadOnlyDictionary<string, WeightTensor> Weights();

    /// <summary>The present state, copied to the host.</summary>
    TrainingState State();
}
