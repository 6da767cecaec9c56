using System.Globalization;
using System.Numerics;
using System.Text;

namespace HoloZero.Testing;

/// <summary>Compares tensors and says where they differ.</summary>
public static class TensorComparison
{
    private const int Shown = 5;

    /// <summary>Largest absolute difference; NaN where either holds one the other lacks.</summary>
    public static double MaxDifference<TActual, TExpected>(ReadOnlySpan<TActual> actual, ReadOnlySpan<TExpected> expected)
        where TActual : INumberBase<TActual> where TExpected : INumberBase<TExpected>
    {
        var largest = 0.0;
        for (var i = 0; i < Math.Min(actual.Length, expected.Length); i++)
        {
            var difference = Math.Abs(double.CreateChecked(actual[i]) - double.CreateChecked(expected[i]));
            if (double.IsNaN(difference)) return difference;
            largest = Math.Max(largest, difference);
        }

        return largest;
    }

    /// <summary>
    /// Null where every element is within <paramref name="tolerance"/>; otherwise how many are not, and the first few of them.
    /// </summary>
    public static string? Mismatch<TActual, TExpected>(string what, ReadOnlySpan<TActual> actual, ReadOnlySpan<TExpected> expected,
        double tolerance, int rowLength = AsymDecRow)
        where TActual : INumberBase<TActual> where TExpected : INumberBase<TExpected>
    {
        if (actual.Length != expected.Length) return $"{what}: {actual.Length} elements, expected {expected.Length}";

        var report = new StringBuilder();
        var (count, largest) = (0, 0.0);
        for (var i = 0; i < actual.Length; i++)
        {
            var (a, e) = (double.CreateChecked(actual[i]), double.CreateChecked(expected[i]));
            var difference = Math.Abs(a - e);
            if (difference <= tolerance) continue;
            largest = double.IsNaN(difference) || difference > largest ? difference : largest;
            if (count++ < Shown)
            {
                report.Append(CultureInfo.InvariantCulture, $"\n  [{i / rowLength}, {i % rowLength}] is {a:R}, expected {e:R} "
                    + $"(off by {difference:g3}, relative {difference / Math.Abs(e):g3})");
            }
        }

        return count == 0 ? null
            : string.Create(CultureInfo.InvariantCulture,
                $"{what}: {count} of {actual.Length} elements differ by more than {tolerance:g3}, at most by {largest:g3}{report}");
    }

    private const int AsymDecRow = Models.AsymDecConfig.Vocabulary;
}
