using HoloZero.Models;

namespace HoloZero.Validation;

/// <summary>What logits say about bytes, in float64. Stateless and thread-safe.</summary>
internal static class Probability
{
    private const int Vocabulary = AsymDecConfig.Vocabulary;

    /// <summary>Bits that rows of logits spend on the bytes that follow: row i on stream byte i + 1.</summary>
    public static double Bits(ReadOnlySpan<double> logits, ReadOnlySpan<byte> stream)
    {
        var nats = 0.0;
        for (var row = 0; row + 1 < stream.Length; row++)
        {
            var values = logits.Slice(row * Vocabulary, Vocabulary);
            nats += LogSumExp(values) - values[stream[row + 1]];
        }

        return nats / Math.Log(2);
    }

    /// <summary>Bits lost by believing <paramref name="actual"/> where <paramref name="expected"/> holds.</summary>
    public static double Divergence(ReadOnlySpan<double> expected, ReadOnlySpan<double> actual)
    {
        var (expectedNorm, actualNorm, nats) = (LogSumExp(expected), LogSumExp(actual), 0.0);
        for (var i = 0; i < expected.Length; i++)
        {
            var probability = Math.Exp(expected[i] - expectedNorm);
            if (probability > 0) nats += probability * (expected[i] - expectedNorm - (actual[i] - actualNorm));
        }

        return nats / Math.Log(2);
    }

    /// <summary>The index of the largest; the first of equal ones; a NaN is never it.</summary>
    public static int Argmax(ReadOnlySpan<double> values)
    {
        var best = 0;
        for (var i = 1; i < values.Length; i++)
        {
            if (values[i] > values[best] || double.IsNaN(values[best])) best = i;
        }

        return best;
    }

    private static double LogSumExp(ReadOnlySpan<double> values)
    {
        var largest = double.NegativeInfinity;
        foreach (var value in values) largest = Math.Max(largest, value);
        var sum = 0.0;
        foreach (var value in values) sum += Math.Exp(value - largest);
        return largest + Math.Log(sum);
    }
}
