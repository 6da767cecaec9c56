using HoloZero.Artifacts;
using HoloZero.Models;

namespace HoloZero.Training;

/// <summary>How well a checkpoint predicts a text under one reading of the architecture.</summary>
/// <param name="Reading">The reading.</param>
/// <param name="BitsPerByte">Mean of -log2 of the probability given to each predicted byte, over all 258 symbols.</param>
/// <param name="Behind">How many more bits/byte than the best reading takes; 0 for that.</param>
/// <param name="StandardError">Of what it is behind, from how the windows differ in it; null where there is but one.</param>
public sealed record ProbeReading(Reading Reading, double BitsPerByte, double Behind, double? StandardError);

/// <summary>What a text says to one of the questions that no tensor answers.</summary>
/// <param name="Question">As the option names it: prefix-attention, stream-positions, stream-origin.</param>
/// <param name="Best">The answer of the best reading: causal, restarted, zero.</param>
/// <param name="Difference">How many more bits/byte the best reading takes that answers otherwise.</param>
/// <param name="StandardError">Of the difference, from how the windows differ in it; null where there is but one.</param>
public sealed record ProbeAnswer(string Question, string Best, double Difference, double? StandardError)
{
    /// <summary>Standard errors that a difference has to exceed to be more than noise.</summary>
    public const double Threshold = 3;

    /// <summary>Whether the difference is more than noise.</summary>
    public bool IsDecided => Difference > 0 && Difference > Threshold * StandardError;
}

/// <summary>What a probe found.</summary>
/// <param name="Engine">What computed.</param>
/// <param name="Windows">Windows of the text.</param>
/// <param name="Bytes">Predicted bytes.</param>
/// <param name="Layout">How the text was cut.</param>
/// <param name="Readings">Every reading that was measured.</param>
/// <param name="Answers">To each question that more than one of the readings answers differently.</param>
public sealed record ProbeResult(string Engine, int Windows, long Bytes, WindowLayout Layout, IReadOnlyList<ProbeReading> Readings,
    IReadOnlyList<ProbeAnswer> Answers)
{
    /// <summary>The reading that predicts the text best, perhaps by no more than noise.</summary>
    public Reading Best => Readings.First(reading => reading.Behind == 0).Reading;
}

/// <summary>
/// Decides between the readings of the architecture that no tensor tells apart: the one that a checkpoint was trained with predicts text
/// better. Stateless.
/// </summary>
public static class Probe
{
    private static readonly (string Name, Func<Reading, Enum> Answer)[] Questions =
    [
        ("prefix-attention", reading => reading.PrefixAttention),
        ("stream-positions", reading => reading.StreamPositions),
        ("stream-origin", reading => reading.StreamOrigin),
    ];

    /// <summary>Measures a checkpoint under readings, all on the same bytes of the same windows.</summary>
    /// <param name="config">The hyper-parameters; their own reading does not matter.</param>
    /// <param name="weights">The weights.</param>
    /// <param name="text">The text; at least one window.</param>
    /// <param name="layout">How to cut it; at least 2 prefix slots, without which both masks of the prefix are the same.</param>
    /// <param name="engine">What computes.</param>
    /// <param name="readings">Which, at least one; null is all eight.</param>
    /// <param name="progress">Told the share that is done, from 0 to 1.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="BadInputException">The text is too short, or the layout out of range.</exception>
    /// <exception cref="UnsoundModelException">The model gives logits that are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static ProbeResult Run(AsymDecConfig config, IReadOnlyDictionary<string, WeightTensor> weights, ReadOnlyMemory<byte> text,
        WindowLayout layout, IReferenceEngine engine, IReadOnlyList<Reading>? readings = null, IProgress<double>? progress = null,
        CancellationToken cancellation = default)
    {
        readings ??= Reading.All;
        layout.Validate();
        if (layout.PrefixSlots < 2)
        {
            throw new BadInputException("prefix-slots", $"with {layout.PrefixSlots} both masks of the prefix are the same",
                "choose 2 or more");
        }

        int[] starts = [.. layout.Starts(text.Length, config.SlotBytes)];
        if (starts.Length == 0)
        {
            throw new BadInputException("text", $"{text.Length:N0} bytes are too few for a window of {layout.PrefixSlots} slots of "
                + $"{config.SlotBytes} bytes and {layout.StreamBytes} stream bytes", "use a longer text or fewer prefix slots");
        }

        var bits = readings.ToDictionary(reading => reading, _ => new double[starts.Length]);
        foreach (var (number, reading) in readings.Index())
        {
            var read = config with { Reading = reading };
            for (var i = 0; i < starts.Length; i++)
            {
                var window = text.Slice(starts[i], layout.Bytes(config.SlotBytes)).Span;
                var prefixBytes = layout.PrefixSlots * config.SlotBytes;
                var (prefix, stream) = (window[..prefixBytes].ToArray(), window[prefixBytes..].ToArray());
                var logits = engine.Logits(read, weights, prefix, stream[..^1], cancellation);
                bits[reading][i] = BitsOf(logits, stream.AsSpan(1)) / (layout.StreamBytes - 1);
                progress?.Report((number + (i + 1.0) / starts.Length) / readings.Count);
            }
        }

        var best = readings.MinBy(reading => bits[reading].Average())!;
        return new(engine.Name, starts.Length, starts.Length * (layout.StreamBytes - 1L), layout,
            [.. readings.Select(reading => Compared(reading, bits[reading], bits[best]))], [.. Answers(best, bits)]);
    }

    private static IEnumerable<ProbeAnswer> Answers(Reading best, Dictionary<Reading, double[]> bits)
    {
        foreach (var (question, answer) in Questions)
        {
            var otherwise = bits.Keys.Where(reading => !answer(reading).Equals(answer(best))).MinBy(reading => bits[reading].Average());
            if (otherwise is null) continue;
            var other = Compared(otherwise, bits[otherwise], bits[best]);
            yield return new(question, answer(best).ToString().ToLowerInvariant(), other.Behind, other.StandardError);
        }
    }

    private static ProbeReading Compared(Reading reading, double[] bits, double[] best)
    {
        double[] differences = [.. bits.Zip(best, (own, least) => own - least)];
        var mean = differences.Average();
        var variance = differences.Sum(value => (value - mean) * (value - mean)) / Math.Max(1, differences.Length - 1);
        return new(reading, bits.Average(), mean, bits == best ? 0 : differences.Length == 1 ? null
            : Math.Sqrt(variance / differences.Length));
    }

    /// <summary>Bits that the rows spend on their targets, which are as many as the last rows.</summary>
    private static double BitsOf(double[] logits, ReadOnlySpan<byte> targets)
    {
        var nats = CrossEntropy.Nats<double>(logits.AsSpan()[^(targets.Length * AsymDecConfig.Vocabulary)..], AsymDecConfig.Vocabulary,
            targets);
        return double.IsFinite(nats) ? CrossEntropy.Bits(nats)
            : throw new UnsoundModelException("the model gives logits that are not finite; use a checkpoint from before it diverged");
    }
}
