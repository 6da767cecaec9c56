using System.Numerics;
using System.Runtime.InteropServices;

namespace HoloZero.Runtime;

/// <summary>
/// exp from additions and multiplications of doubles alone. Those are rounded alike everywhere (IEEE 754, and .NET fuses no
/// multiply-add by itself), while the last bits of <see cref="Math.Exp"/> are the platform's own.
/// </summary>
internal static class PortableExp
{
    /// <summary>Below this <see cref="Exp(double)"/> is 0, which keeps subnormal numbers out of its results.</summary>
    public const double Underflow = -708;

    // ln 2 in two parts: the first has 21 trailing zero bits, so that its product with |n| <= 1022 is exact.
    private const double Ln2High = 0.6931471803691238;
    private const double Ln2Low = 1.9082149292705877e-10;
    private const double Log2E = 1.4426950408889634;

    /// <summary>
    /// exp(x) for x &lt;= 0, -inf included; relative error below 2.5e-16, exactly 1 at 0, 0 below <see cref="Underflow"/>.
    /// </summary>
    /// <remarks>
    /// With n = round(x / ln 2) and r = x - n ln 2, exp(x) = 2^n exp(r). As |r| &lt;= 0.35, the Taylor series up to r^13 is
    /// within 5e-18 of exp(r); rounding is the greater part of the error.
    /// </remarks>
    public static double Exp(double x)
    {
        if (x < Underflow) return 0;
        var n = Math.Floor(x * Log2E + 0.5);
        var r = x - n * Ln2High - n * Ln2Low;

        var sum = 1.0 / 6227020800;
        sum = sum * r + 1.0 / 479001600;
        sum = sum * r + 1.0 / 39916800;
        sum = sum * r + 1.0 / 3628800;
        sum = sum * r + 1.0 / 362880;
        sum = sum * r + 1.0 / 40320;
        sum = sum * r + 1.0 / 5040;
        sum = sum * r + 1.0 / 720;
        sum = sum * r + 1.0 / 120;
        sum = sum * r + 1.0 / 24;
        sum = sum * r + 1.0 / 6;
        sum = sum * r + 0.5;
        sum = sum * r + 1;
        sum = sum * r + 1;
        return sum * BitConverter.Int64BitsToDouble(((long)n + 1023) << 52);
    }

    /// <summary>
    /// Replaces each x, none above 0, by <see cref="Exp(double)"/> of it: the same operations in the same order on as many of them at
    /// once as the machine has lanes, so the same bits.
    /// </summary>
    public static void Exp(Span<double> values)
    {
        var vectors = MemoryMarshal.Cast<double, Vector<double>>(values);
        foreach (ref var x in vectors) x = Exp(x);
        foreach (ref var x in values[(vectors.Length * Vector<double>.Count)..]) x = Exp(x);
    }

    private static Vector<double> Exp(Vector<double> x)
    {
        var n = Vector.Floor(x * Log2E + new Vector<double>(0.5));
        var r = x - n * Ln2High - n * Ln2Low;

        var sum = new Vector<double>(1.0 / 6227020800);
        sum = sum * r + new Vector<double>(1.0 / 479001600);
        sum = sum * r + new Vector<double>(1.0 / 39916800);
        sum = sum * r + new Vector<double>(1.0 / 3628800);
        sum = sum * r + new Vector<double>(1.0 / 362880);
        sum = sum * r + new Vector<double>(1.0 / 40320);
        sum = sum * r + new Vector<double>(1.0 / 5040);
        sum = sum * r + new Vector<double>(1.0 / 720);
        sum = sum * r + new Vector<double>(1.0 / 120);
        sum = sum * r + new Vector<double>(1.0 / 24);
        sum = sum * r + new Vector<double>(1.0 / 6);
        sum = sum * r + new Vector<double>(0.5);
        sum = sum * r + Vector<double>.One;
        sum = sum * r + Vector<double>.One;

        // 1.5 * 2^52 has room for n in its low bits, which is a conversion to integers that every machine has.
        var power = Vector.ShiftLeft(Vector.AsVectorInt64(n + new Vector<double>(6755399441055744)) + new Vector<long>(1023), 52);
        return Vector.ConditionalSelect(Vector.LessThan(x, new Vector<double>(Underflow)), Vector<double>.Zero,
            sum * Vector.AsVectorDouble(power));
    }
}
