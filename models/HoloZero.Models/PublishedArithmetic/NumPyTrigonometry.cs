using static System.MathF;

namespace HoloZero.Models.PublishedArithmetic;

/// <summary>
/// Cosine and sine of a float32 bit for bit as NumPy computes them on machines with fused multiply-add, and with it the published phase
/// columns: Cody-Waite reduction by pi/2, then a polynomial on |r| at most pi/4.
/// </summary>
/// <remarks>Needs no libm: the same results on every machine. Angles are in radians, below 7e4 in magnitude. Thread-safe.</remarks>
internal static class NumPyTrigonometry
{
    private const float TwoOverPi = 0.63661975f, RoundingShift = 12582912f;
    private const float HalfPiHigh = 1.570796f, HalfPiMiddle = 3.1391647e-07f, HalfPiLow = 5.3903025e-15f;

    /// <summary>The cosine of an angle in radians.</summary>
    public static float Cos(float angle) => SineOfQuadrant(angle, 1);

    /// <summary>The sine of an angle in radians.</summary>
    public static float Sin(float angle) => SineOfQuadrant(angle, 0);

    /// <summary>sin(angle + quadrants * pi/2).</summary>
    private static float SineOfQuadrant(float angle, int quadrants)
    {
        // Rounds by adding 1.5 * 2^23 in the same fused step, which decides the ties at the odd multiples of pi/4.
        var nearest = FusedMultiplyAdd(angle, TwoOverPi, RoundingShift) - RoundingShift;
        var r = FusedMultiplyAdd(nearest, -HalfPiHigh, angle);
        r = FusedMultiplyAdd(nearest, -HalfPiMiddle, r);
        r = FusedMultiplyAdd(nearest, -HalfPiLow, r);
        quadrants += (int)nearest;
        var magnitude = (quadrants & 1) == 0 ? SinePolynomial(r) : CosinePolynomial(r * r);
        return (quadrants & 2) == 0 ? magnitude : 0 - magnitude;
    }

    private static float CosinePolynomial(float r2)
    {
        var sum = FusedMultiplyAdd(2.4372266e-05f, r2, -0.001388652f);
        sum = FusedMultiplyAdd(sum, r2, 0.04166662f);
        sum = FusedMultiplyAdd(sum, r2, -0.5f);
        return FusedMultiplyAdd(sum, r2, 1);
    }

    private static float SinePolynomial(float r)
    {
        var r2 = r * r;
        var sum = FusedMultiplyAdd(2.8404097e-06f, r2, -0.00019856491f);
        sum = FusedMultiplyAdd(sum, r2, 0.008333397f);
        sum = FusedMultiplyAdd(sum, r2, -0.16666667f);
        return FusedMultiplyAdd(sum * r2, r, r);
    }
}
