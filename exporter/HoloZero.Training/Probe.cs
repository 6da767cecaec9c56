using HoloZero.Artifacts;
using HoloZero.Models;

namespace HoloZero.Training;

/// <summary>How well a checkpoint predicts a text under one reading of the architecture.</summary>
/// <param name="PrefixAttention">The reading.</param>
/// <param name="BitsPerByte">Mean of -log2 of the probability given to each predicted byte, over all 258 symbols.</param>
public sealed record ProbeReading(PrefixAttention PrefixAttention, double BitsPerByte);

/// <summary>What a probe found.</summary>
/// <param name="Engine">What computed.</param>
/// <param name="Windows">Windows of the text.</param>
/// <param name="Bytes">Predicted bytes.</param>
/// <param name="Layout">How the text was cut.</param>
/// <param name="Readings">Bits per byte under each reading.</param>
/// <param name="Difference">Bits per byte of bidirectional less those of causal.</param>
/// <param name="StandardError">Of the difference, from how the windows differ in it.</param>
public sealed record ProbeResult(string Engine, int Windows, long Bytes, WindowLayout Layout, IReadOnlyList<ProbeReading> Readings,
    double Difference, double StandardError)
{
    /// <summary>The reading that the checkpoint was trained with, as far as the text tells; null where it does not tell.</summary>
    public PrefixAttention? Verdict => !(Math.Abs(Difference) > 3 * StandardError) || Difference == 0 ? null
        : Difference > 0 ? PrefixAttention.Causal : PrefixAttention.Bidirectional;
}

/// <summary>
/// Decides between the readings of the architecture that no tensor tells apart: the one that a checkpoint was trained with predicts text
/// better. Stateless.
/// </summary>
public static class Probe
{
    /// <summary>Measures a checkpoint under every reading, on the same windows.</summary>
    /// <param name="config">The hyper-parameters; their prefix attention does not matter.</param>
    /// <param name="weights">The weights.</param>
    /// <param name="text">The text; at least one window.</param>
    /// <param name="layout">How to cut it; from 2 prefix slots on the readings differ.</param>
    /// <param name="engine">What computes.</param>
    /// <param name="progress">Told the share that is done, from 0 to 1.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="BadInputException">The text is too short, or the layout out of range.</exception>
    /// <exception cref="UnsoundModelException">The model gives logits that are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static ProbeResult Run(AsymDecConfig config, IReadOnlyDictionary<string, WeightTensor> weights, ReadOnlyMemory<byte> text,
        WindowLayout layout, IReferenceEngine engine, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        layout.Validate();
        if (layout.PrefixSlots < 2)
            throw new BadInputException("prefix-slots", $"with {layout.PrefixSlots} the readings are the same", "choose 2 or more");

        int[] starts = [.. layout.Starts(text.Length, config.SlotBytes)];
        if (starts.Length == 0)
        {
            throw new BadInputException("text", $"{text.Length:N0} bytes are too few for a window of {layout.PrefixSlots} slots of "
                + $"{config.SlotBytes} bytes and {layout.StreamBytes} stream bytes", "use a longer text or fewer prefix slots");
        }

        var attentions = Enum.GetValues<PrefixAttention>();
        var bits = attentions.ToDictionary(attention => attention, _ => new double[starts.Length]);
        for (var reading = 0; reading < attentions.Length; reading++)
        {
            var read = config with { PrefixAttention = attentions[reading] };
            for (var i = 0; i < starts.Length; i++)
            {
                var window = text.Slice(starts[i], layout.Bytes(config.SlotBytes)).Span;
                var prefixBytes = layout.PrefixSlots * config.SlotBytes;
                var (prefix, stream) = (window[..prefixBytes].ToArray(), window[prefixBytes..].ToArray());
                var logits = engine.Logits(read, weights, prefix, stream[..^1], cancellation);
                bits[attentions[reading]][i] = BitsOf(logits, stream.AsSpan(1)) / (layout.StreamBytes - 1);
                progress?.Report((reading + (i + 1.0) / starts.Length) / attentions.Length);
            }
        }

        double[] differences = [.. bits[PrefixAttention.Bidirectional].Zip(bits[PrefixAttention.Causal], (b, c) => b - c)];
        var mean = differences.Average();
        var variance = differences.Sum(value => (value - mean) * (value - mean)) / Math.Max(1, differences.Length - 1);
        return new(engine.Name, starts.Length, starts.Length * (layout.StreamBytes - 1L), layout,
            [.. attentions.Select(attention => new ProbeReading(attention, bits[attention].Average()))],
            mean, starts.Length == 1 ? double.PositiveInfinity : Math.Sqrt(variance / starts.Length));
    }

    /// <summary>Bits that the rows spend on their targets.</summary>
    private static double BitsOf(double[] logits, ReadOnlySpan<byte> targets)
    {
        var nats = CrossEntropy.Nats<double>(logits, AsymDecConfig.Vocabulary, targets);
        return double.IsFinite(nats) ? CrossEntropy.Bits(nats)
            : throw new UnsoundModelException("the model gives logits that are not finite; use a checkpoint from before it diverged");
    }
}
