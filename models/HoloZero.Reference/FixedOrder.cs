using System.Runtime.Intrinsics;

namespace HoloZero.Reference;

/// <summary>
/// Sums whose order and roundings depend on nothing but the number of terms, so that the same input gives the same bits in every run.
/// TensorPrimitives leave open whether a product and a sum are rounded once or twice; with them, exports of one checkpoint differed in
/// their last bits.
/// </summary>
internal static class FixedOrder
{
    private const int Lanes = 8;

    /// <summary>Sum of the products of elements at the same place.</summary>
    public static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var (low, high) = (Vector256<double>.Zero, Vector256<double>.Zero);
        var i = 0;
        for (; i + Lanes <= a.Length; i += Lanes)
        {
            low += Vector256.Create(a[i..]) * Vector256.Create(b[i..]);
            high += Vector256.Create(a[(i + 4)..]) * Vector256.Create(b[(i + 4)..]);
        }

        var sum = Reduce(low, high);
        for (; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }

    /// <summary>Sum of the elements.</summary>
    public static double Sum(ReadOnlySpan<double> x)
    {
        var (low, high) = (Vector256<double>.Zero, Vector256<double>.Zero);
        var i = 0;
        for (; i + Lanes <= x.Length; i += Lanes)
        {
            low += Vector256.Create(x[i..]);
            high += Vector256.Create(x[(i + 4)..]);
        }

        var sum = Reduce(low, high);
        for (; i < x.Length; i++) sum += x[i];
        return sum;
    }

    private static double Reduce(Vector256<double> low, Vector256<double> high)
    {
        var four = low + high;
        return four[0] + four[1] + (four[2] + four[3]);
    }
}
