namespace HoloZero.Models;

/// <summary>What went into a Linear, or came out of it, channel by channel.</summary>
/// <param name="Lowest">[channels], the smallest value of each channel, at most 0.</param>
/// <param name="Highest">[channels], the largest, at least 0.</param>
public sealed record ActivationRange(double[] Lowest, double[] Highest)
{
    /// <summary>What a Linear's output goes by, where its input goes by its module.</summary>
    /// <param name="module">The Linear.</param>
    public static string OutputOf(string module) => $"{module}.output";

    /// <summary>The largest size of a channel's values, at least 0.</summary>
    /// <param name="channel">The channel, from 0.</param>
    public double Largest(int channel) => Math.Max(-Lowest[channel], Highest[channel]);
}

/// <summary>
/// Runs a network in full precision and watches what its matrices multiply and give: where activations are rounded with fixed scales,
/// these come from here. The same input gives the same result on every machine.
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

    /// <summary>What goes into each Linear over windows of a text, and what comes out of it.</summary>
    /// <param name="config">The hyper-parameters.</param>
    /// <param name="weights">The weights.</param>
    /// <param name="text">The text.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>
    /// Every Linear's input by its module, such as <c>self_blocks.0.qkv</c>, and its output by <see cref="ActivationRange.OutputOf"/>.
    /// </returns>
    /// <exception cref="Artifacts.BadInputException">The text is too short to tell.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    IReadOnlyDictionary<string, ActivationRange> Measure(AsymDecConfig config, IReadOnlyDictionary<string, WeightTensor> weights,
        ReadOnlyMemory<byte> text, CancellationToken cancellation);
}
