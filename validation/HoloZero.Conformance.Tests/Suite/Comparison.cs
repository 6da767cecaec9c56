using System.Globalization;
using System.Text;

namespace HoloZero.Conformance;

/// <summary>Compares results with what they have to be, and says where they differ.</summary>
internal static class Comparison
{
    private const int Shown = 5;

    public static void RequireEqual(string what, Tensor[] actual, Tensor[] expected, Tolerance tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i].Shape, actual[i].Shape);
            if (Mismatch(actual[i], expected[i], tolerance) is { } mismatch) Assert.Fail($"{what}, result {i}: {mismatch}");
        }
    }

    /// <summary>The largest absolute difference, for those who set tolerances.</summary>
    public static string Largest(Tensor[] actual, Tensor[] expected) => string.Create(CultureInfo.InvariantCulture,
        $"{actual.Zip(expected, (a, e) => a.Values.Zip(e.Values, (x, y) => Math.Abs(x - y)).DefaultIfEmpty().Max()).Max():g3}");

    private static string? Mismatch(Tensor actual, Tensor expected, Tolerance tolerance)
    {
        var report = new StringBuilder();
        var count = 0;
        for (var i = 0; i < expected.Values.Length; i++)
        {
            var (a, e) = (actual.Values[i], expected.Values[i]);
            if (tolerance.Allows(a, e) || ++count > Shown) continue;
            report.Append(CultureInfo.InvariantCulture,
                $"\n  element {i} of {expected} is {a:R}, expected {e:R} (off by {Math.Abs(a - e):g3})");
        }

        return count == 0 ? null : $"{count} of {expected.Values.Length} elements are outside {tolerance}{report}";
    }
}
