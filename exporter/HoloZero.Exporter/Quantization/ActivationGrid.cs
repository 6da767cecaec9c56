using HoloZero.Models;

namespace HoloZero.Exporter.Quantization;

/// <summary>What any activation of a tensor becomes: round(x / <paramref name="Scale"/>) + zero point, in 8 bits.</summary>
/// <param name="Scale">Above 0.</param>
/// <param name="ZeroPoint">The code of zero.</param>
internal readonly record struct ActivationGrid(float Scale, byte ZeroPoint)
{
    /// <summary>The grid that spreads 256 codes over everything that was seen, and has zero on it.</summary>
    /// <param name="range">What was seen, channel by channel.</param>
    /// <param name="exponents">Channel i is divided by 2 to the power of <c>exponents[i]</c> before; null where none is.</param>
    public static ActivationGrid Of(ActivationRange range, int[]? exponents)
    {
        var (lowest, highest) = (0.0, 0.0);
        for (var i = 0; i < range.Lowest.Length; i++)
        {
            var exponent = -(exponents?[i] ?? 0);
            lowest = Math.Min(lowest, Math.ScaleB(range.Lowest[i], exponent));
            highest = Math.Max(highest, Math.ScaleB(range.Highest[i], exponent));
        }

        var scale = (float)((highest - lowest) / byte.MaxValue);
        return float.IsNormal(scale) ? new(scale, (byte)Math.Clamp(Math.Round(-lowest / scale), 0, byte.MaxValue)) : new(1, 128);
    }
}
