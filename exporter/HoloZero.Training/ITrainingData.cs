using HoloZero.Models.Training;

namespace HoloZero.Training;

/// <summary>What a run learns from, and what is held out of it. Immutable, hence thread-safe.</summary>
public interface ITrainingData
{
    /// <summary>The sequences of a step: the same for the same seed and step, whatever came before.</summary>
    WindowBatch Batch(TrainingOptions options, int slotBytes, long step);

    /// <summary>Held-out sequences in batches: all there are, or as many as the options allow, spread evenly.</summary>
    IEnumerable<WindowBatch> HeldOut(TrainingOptions options, int slotBytes);
}

/// <summary>Text in some steps and windows of films in the others; both are held out, text first.</summary>
/// <param name="text">The text.</param>
/// <param name="windows">The windows.</param>
public sealed class MixedTraining(TrainingText text, TrainingWindows windows) : ITrainingData
{
    // Above the numbers of windows within a step, below those of DropoutMasks.
    private const ulong Draw = 1UL << 40;

    /// <inheritdoc/>
    public WindowBatch Batch(TrainingOptions options, int slotBytes, long step) =>
        CounterRandom.Unit(options.Seed, (ulong)step, Draw) < (options.Windows?.Share ?? 0)
            ? windows.Batch(options, slotBytes, step) : text.Batch(options, slotBytes, step);

    /// <inheritdoc/>
    public IEnumerable<WindowBatch> HeldOut(TrainingOptions options, int slotBytes) =>
        text.HeldOut(options, slotBytes).Concat(windows.HeldOut(options, slotBytes));
}
