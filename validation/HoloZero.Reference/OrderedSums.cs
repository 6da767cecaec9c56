using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace HoloZero.Reference;

/// <summary>
/// Sums in an order that depends on the length alone. TensorPrimitives sums from the next aligned address, so the same numbers
/// elsewhere in memory give other last bits, and an export other bytes.
/// </summary>
internal static class OrderedSums
{
    private const int Lanes = 4, Step = 4 * Lanes;

    /// <summary>sum x_i y_i of two rows of equal length.</summary>
    public static double Dot(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        var sums = (A: Vector256<double>.Zero, B: Vector256<double>.Zero, C: Vector256<double>.Zero, D: Vector256<double>.Zero);
        ref var left = ref MemoryMarshal.GetReference(x);
        ref var right = ref MemoryMarshal.GetReference(y[..x.Length]);
        var i = 0;
        for (; i <= x.Length - Step; i += Step)
        {
            sums.A += Vector256.LoadUnsafe(ref left, (nuint)i) * Vector256.LoadUnsafe(ref right, (nuint)i);
            sums.B += Vector256.LoadUnsafe(ref left, (nuint)(i + Lanes)) * Vector256.LoadUnsafe(ref right, (nuint)(i + Lanes));
            sums.C += Vector256.LoadUnsafe(ref left, (nuint)(i + 2 * Lanes)) * Vector256.LoadUnsafe(ref right, (nuint)(i + 2 * Lanes));
            sums.D += Vector256.LoadUnsafe(ref left, (nuint)(i + 3 * Lanes)) * Vector256.LoadUnsafe(ref right, (nuint)(i + 3 * Lanes));
        }

        var sum = Total(sums.A + sums.B + (sums.C + sums.D));
        for (; i < x.Length; i++) sum += x[i] * y[i];
        return sum;
    }

    /// <summary>sum x_i of a row.</summary>
    public static double Sum(ReadOnlySpan<double> x)
    {
        var sums = Vector256<double>.Zero;
        var i = 0;
        for (; i <= x.Length - Lanes; i += Lanes) sums += Vector256.Create(x.Slice(i, Lanes));
        var sum = Total(sums);
        for (; i < x.Length; i++) sum += x[i];
        return sum;
    }

    // Vector256.Sum may add in an order of the machine's own.
    private static double Total(Vector256<double> v) => v[0] + v[1] + (v[2] + v[3]);
}
