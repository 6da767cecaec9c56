using HoloZero.Models;

namespace HoloZero.Exporter.Quantization;

/// <summary>
/// Some channels of what a norm gives are far larger than the others, and one scale for all of them leaves the others few codes. A factor
/// moved from the norm's weight and bias into the matrix evens them out (G. Xiao and others, "SmoothQuant", ICML 2023). Powers of two,
/// which float32 multiplies by exactly: before anything is rounded, nothing changes.
/// </summary>
internal static class ChannelEvening
{
    /// <summary>By which power of two each channel is divided, and its column of the matrix multiplied.</summary>
    /// <param name="range">What the norm gives.</param>
    /// <param name="matrix">[outputs, inputs], row-major.</param>
    public static int[] Exponents(ActivationRange range, ReadOnlySpan<float> matrix)
    {
        var inputs = range.Lowest.Length;
        var largest = new float[inputs];
        for (var i = 0; i < matrix.Length; i++) largest[i % inputs] = Math.Max(largest[i % inputs], Math.Abs(matrix[i]));

        // Halfway between what evens out the activations and what keeps the columns of the matrix alike.
        var factors = new double[inputs];
        for (var i = 0; i < inputs; i++)
        {
            var activation = range.Largest(i);
            factors[i] = activation > 0 && largest[i] > 0 ? Math.Log2(activation / largest[i]) / 2 : double.NaN;
        }

        var middle = factors.Where(double.IsFinite).DefaultIfEmpty(0).Average();
        return [.. factors.Select(factor => double.IsFinite(factor) ? (int)Math.Clamp(Math.Round(factor - middle), -Most, Most) : 0)];
    }

    private const int Most = 8;
}
