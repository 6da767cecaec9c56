using static System.MathF;

namespace HoloZero.Models.PublishedArithmetic;

/// <summary>
/// Cosine and sine of float32 angles bit for bit as PyTorch computes them on x86, and with it the published rotary tables: the 1-ulp
/// functions of SLEEF (N. Shibata and F. Petrogalli, "SLEEF: A Portable Vectorized Library of C Standard Mathematical Functions",
/// 2020). One result in twenty is the neighbour of the correctly rounded one, so a correctly rounded table would be another table.
/// </summary>
/// <remarks>Needs no libm: the same results on every machine. Angles are in radians, below 1e6 in magnitude. Thread-safe.</remarks>
internal static class SleefTrigonometry
{
    /// <summary>Angles that PyTorch hands to SLEEF together. One large angle among them changes how all of them are reduced.</summary>
    public const int Lanes = 8;

    // sin t = t + t^3 (C3 + t^2 (C5 + t^2 (C7 + t^2 C9))) on |t| <= pi/2: SLEEF's single-precision coefficients.
    private const float C3 = -0.166666597127914428710938f;
    private const float C5 = 0.00833307858556509017944336f;
    private const float C7 = -0.0001981069071916863322258f;
    private const float C9 = 2.6083159809786593541503e-06f;

    // pi in three floats, the first two short enough for exact products with small whole numbers.
    private const float PiA = 3.1414794921875f;
    private const float PiB = 0.00011315941810607910156f;
    private const float PiC = 1.9841872589410058936e-09f;

    private const float LargeAngle = 125;

    private const float InversePi = (float)(1 / Math.PI);

    /// <summary>Whether <paramref name="angle"/> makes SLEEF reduce its whole vector with more digits of pi.</summary>
    public static bool IsLarge(float angle) => Abs(angle) >= LargeAngle;

    /// <summary>Cosine, within 1 ulp.</summary>
    /// <param name="angle">The angle.</param>
    /// <param name="amongLarge">Whether any angle of its vector is large.</param>
    public static float Cos(float angle, bool amongLarge)
    {
        FloatPair rest;
        long quarterTurns;
        if (!amongLarge)
        {
            var odd = FusedMultiplyAdd(Round(FusedMultiplyAdd(angle, InversePi, -0.5f)), 2, 1);
            rest = FloatPair.Sum(angle, odd * (-PiA / 2)).Add(odd * (-PiB / 2)).Add(odd * (-PiC / 2));
            quarterTurns = (long)odd;
        }
        else
        {
            quarterTurns = 2 * (long)Math.Round(angle / Math.PI - 0.5) + 1;
            rest = ReduceLarge(angle, quarterTurns);
        }

        var sine = SineOfReduced(rest);
        return (quarterTurns & 2) == 0 ? -sine : sine;
    }

    /// <summary>Sine, within 1 ulp.</summary>
    /// <param name="angle">The angle.</param>
    /// <param name="amongLarge">Whether any angle of its vector is large.</param>
    public static float Sin(float angle, bool amongLarge)
    {
        FloatPair rest;
        long halfTurns;
        if (!amongLarge)
        {
            var turns = Round(angle * InversePi);
            rest = FloatPair.Sum(FusedMultiplyAdd(turns, -PiA, angle), turns * -PiB).AddSmaller(turns * -PiC);
            halfTurns = (long)turns;
        }
        else
        {
            halfTurns = (long)Math.Round(angle / Math.PI);
            rest = ReduceLarge(angle, 2 * halfTurns);
        }

        var sine = SineOfReduced(rest);
        return (halfTurns & 1) == 0 ? sine : -sine;
    }

    // SLEEF multiplies by a table of 2/pi here; doubles hold enough of pi to give the same pairs.
    private static FloatPair ReduceLarge(float angle, long quarterTurns)
    {
        const double halfPi = 1.57079632679489655800e+00, halfPiRest = 6.12323399573676603587e-17;
        var rest = Math.FusedMultiplyAdd(-quarterTurns, halfPiRest, Math.FusedMultiplyAdd(-quarterTurns, halfPi, angle));
        var high = (float)rest;
        return new(high, (float)(rest - high));
    }

    private static float SineOfReduced(FloatPair t)
    {
        var square = t.Square();
        var series = FusedMultiplyAdd(FusedMultiplyAdd(C9, square.High, C7), square.High, C5);
        var cubic = FloatPair.SumOfSmaller(C3, series * square.High).Multiply(square);
        var one = FloatPair.SumOfSmaller(1, cubic.High);
        return t.Product(new(one.High, one.Low + cubic.Low));
    }

    /// <summary>An unevaluated sum of two floats that carries 48 bits (T. J. Dekker, 1971; D. E. Knuth's sum).</summary>
    private readonly record struct FloatPair(float High, float Low)
    {
        public static FloatPair Sum(float a, float b)
        {
            var sum = a + b;
            var ofB = sum - a;
            return new(sum, a - (sum - ofB) + (b - ofB));
        }

        /// <summary>a + b where |a| >= |b|.</summary>
        public static FloatPair SumOfSmaller(float a, float b)
        {
            var sum = a + b;
            return new(sum, a - sum + b);
        }

        public FloatPair Add(float b)
        {
            var sum = Sum(High, b);
            return new(sum.High, sum.Low + Low);
        }

        /// <summary>This pair + b where |High| >= |b|.</summary>
        public FloatPair AddSmaller(float b)
        {
            var sum = SumOfSmaller(High, b);
            return new(sum.High, sum.Low + Low);
        }

        public FloatPair Square()
        {
            var product = High * High;
            return new(product, FusedMultiplyAdd(High + High, Low, FusedMultiplyAdd(High, High, -product)));
        }

        public FloatPair Multiply(FloatPair b)
        {
            var product = High * b.High;
            var rest = FusedMultiplyAdd(High, b.High, -product);
            return new(product, FusedMultiplyAdd(High, b.Low, FusedMultiplyAdd(Low, b.High, rest)));
        }

        public float Product(FloatPair b) => FusedMultiplyAdd(High, b.High, FusedMultiplyAdd(Low, b.High, High * b.Low));
    }
}
