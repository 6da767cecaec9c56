namespace HoloZero.Models;

/// <summary>What went into a Linear, input channel by input channel.</summary>
/// <param name="Lowest">[inputs], the smallest value of each channel, at most 0.</param>
/// <param name="Highest">[inputs], the largest, at least 0.</param>
public sealed record ActivationRange(double[] Lowest, double[] Highest);

/// <summary>
/// Runs a network in full precision and watches what its matrices multiply: where activations are rounded with fixed scales, these come
/// from here. The same input gives the same result on every machine.
/// </summary>
public interface IActivationMeter
{
    /// <summary>Text that the network writes itself, for want of another: drawn from its own distribution, with a fixed seed.</summary>
    /// <param name="config">The hyper-parameters.</param>
    /// <param name="weights">The weights.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>The bytes, some thousand.</returns>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    byte[] Write(AsymDecConfig config, IReadOnlyDictionary<string, WeightTensor> weights, CancellationToken cancellation);

    /// <summary>What goes into each Linear over windows of a text, by module.</summary>
    /// <param name="config">The hyper-parameters.</param>
    /// <param name="weights">The weights.</param>
    /// <param name="text">The text.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>Every Linear by its module, such as <c>self_blocks.0.qkv</c>.</returns>
    /// <exception cref="Artifacts.BadInputException">The text is too short to tell.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    IReadOnlyDictionary<string, ActivationRange> Measure(AsymDecConfig config, IReadOnlyDictionary<string, WeightTensor> weights,
        ReadOnlyMemory<byte> text, CancellationToken cancellation);
}
