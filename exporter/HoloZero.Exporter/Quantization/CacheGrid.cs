using HoloZero.Models;

namespace HoloZero.Exporter.Quantization;

/// <summary>What a code of keys and values is worth: 127 codes to either side reach beyond what was seen of a channel.</summary>
internal static class CacheGrid
{
    /// <summary>
    /// A channel of one head's values meets larger ones than some thousand bytes show: 1.34 times as large on the demo, calibrated on what
    /// it writes itself. What is beyond would be cut off.
    /// </summary>
    private const double Headroom = 2;

    /// <summary>
    /// Keys are rotated after they were seen: either channel of a rotated pair may get all of both, hence the two have one scale.
    /// </summary>
    /// <param name="qkv">What the qkv product gives, [3d].</param>
    /// <param name="d">Width of the network.</param>
    /// <param name="heads">Number of heads.</param>
    /// <returns>Scales above 0, [d] each, head by head.</returns>
    public static (float[] Keys, float[] Values) Scales(ActivationRange qkv, int d, int heads)
    {
        var (width, half) = (d / heads, d / heads / 2);
        return (Each(channel => double.Hypot(qkv.Largest(d + channel), qkv.Largest(d + PairOf(channel)))),
            Each(channel => qkv.Largest(2 * d + channel)));

        int PairOf(int channel) => channel % width < half ? channel + half : channel - half;

        float[] Each(Func<int, double> largest) => [.. Enumerable.Range(0, d).Select(channel => Scale(largest(channel)))];

        static float Scale(double largest)
        {
            var scale = (float)(Headroom * largest / sbyte.MaxValue);
            return float.IsNormal(scale) ? scale : 1;
        }
    }
}
