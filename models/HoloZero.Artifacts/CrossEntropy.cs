using System.Numerics;

namespace HoloZero.Artifacts;

/// <summary>
/// What logits say about the bytes that came: cross-entropy over all symbols, in float64 and in one order of sums, so that whoever
/// measures gets the same bits from the same logits. Stateless and thread-safe.
/// </summary>
public static class CrossEntropy
{
    /// <summary>Bits of <paramref name="nats"/>: a sum, a mean or a limit of natural logarithms.</summary>
    public static double Bits(double nats) => nats / Math.Log(2);

    /// <summary>
    /// Nats that rows of logits spend on the bytes that came: the sum of -ln of the probability that each gives its own. Not finite
    /// where a logit is not or a byte is ruled out.
    /// </summary>
    /// <param name="logits">[targets, vocabulary], row-major; further rows do not matter.</param>
    /// <param name="vocabulary">Logits in a row.</param>
    /// <param name="targets">The byte that row i should have predicted.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer rows than targets.</exception>
    public static double Nats<T>(ReadOnlySpan<T> logits, int vocabulary, ReadOnlySpan<byte> targets)
        where T : IFloatingPointIeee754<T>
    {
        var nats = 0.0;
        for (var row = 0; row < targets.Length; row++)
        {
            var values = logits.Slice(row * vocabulary, vocabulary);
            nats += LogSumExp(values) - double.CreateChecked(values[targets[row]]);
        }

        return nats;
    }

    /// <summary>ln of the sum of e^value: what a logit is measured against.</summary>
    public static double LogSumExp<T>(ReadOnlySpan<T> values)
        where T : IFloatingPointIeee754<T>
    {
        var largest = double.NegativeInfinity;
        foreach (var value in values) largest = Math.Max(largest, double.CreateChecked(value));
        var sum = 0.0;
        foreach (var value in values) sum += Math.Exp(double.CreateChecked(value) - largest);
        return largest + Math.Log(sum);
    }
}
