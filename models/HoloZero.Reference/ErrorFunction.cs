namespace HoloZero.Reference;

/// <summary>The error function to about 1e-15.</summary>
internal static class ErrorFunction
{
    /// <summary>erf(x): the series of Abramowitz and Stegun 7.1.6 near zero, their continued fraction 7.1.14 further out.</summary>
    public static double Erf(double x)
    {
        var magnitude = Math.Abs(x);
        if (double.IsNaN(x)) return x;
        if (magnitude > 6) return Math.Sign(x);
        return magnitude < 2.5 ? Series(x) : Math.CopySign(1 - Complement(magnitude), x);
    }

    private static double Series(double x)
    {
        var (term, sum) = (x, 0.0);
        for (var n = 1; sum + term != sum; n++)
        {
            sum += term;
            term *= 2 * x * x / (2 * n + 1);
        }

        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }

    private static double Complement(double x)
    {
        var fraction = 0.0;
        for (var n = 60; n >= 1; n--) fraction = n / 2.0 / (x + fraction);
        return Math.Exp(-x * x) / (Math.Sqrt(Math.PI) * (x + fraction));
    }
}
