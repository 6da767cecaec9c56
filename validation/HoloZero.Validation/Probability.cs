using HoloZero.Artifacts;
using HoloZero.Models;

namespace HoloZero.Validation;

/// <summary>What logits say about bytes, in float64. Stateless and thread-safe.</summary>
internal static class Probability
{
    /// <summary>Bits that rows of logits spend on the bytes that follow: row i on stream byte i + 1.</summary>
    public static double Bits(ReadOnlySpan<double> logits, ReadOnlySpan<byte> stream) =>
        CrossEntropy.Bits(CrossEntropy.Nats(logits, AsymDecConfig.Vocabulary, stream[1..]));

    /// <summary>Bits lost by believing <paramref name="actual"/> where <paramref name="expected"/> holds.</summary>
    public static double Divergence(ReadOnlySpan<double> expected, ReadOnlySpan<double> actual)
    {
        var (expectedNorm, actualNorm, nats) = (CrossEntropy.LogSumExp(expected), CrossEntropy.LogSumExp(actual), 0.0);
        for (var i = 0; i < expected.Length; i++)
        {
            var probability = Math.Exp(expected[i] - expectedNorm);
            if (probability > 0) nats += probability * (expected[i] - expectedNorm - (actual[i] - actualNorm));
        }

        return CrossEntropy.Bits(nats);
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
}
