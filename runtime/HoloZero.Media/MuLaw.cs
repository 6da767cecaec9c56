using System.Collections.Immutable;

namespace HoloZero.Media;

/// <summary>
/// Mu-law with mu = 255 as torchaudio has it, not G.711: y = sign(x) ln(1 + 255 |x|) / ln 256, byte = floor((y + 1) / 2 * 255 + 0.5).
/// Exported graphs do the same to decoded sound. Stateless and thread-safe.
/// </summary>
public static class MuLaw
{
    /// <summary>What <see cref="SilentByte"/>, and nothing else, stands for: an amplitude of 0.</summary>
    public const byte SilentByte = 128;

    private const double Mu = 255;
    private const int FullScale = 32_768;

    /// <summary>The sample that each byte stands for; encoding it gives the byte again.</summary>
    private static readonly ImmutableArray<short> Samples = [.. Enumerable.Range(0, 256).Select(value => ToSample((byte)value))];

    /// <summary>The byte of an amplitude.</summary>
    /// <param name="amplitude">-1 to 1; what is beyond counts as these, NaN as 0.</param>
    public static byte Encode(double amplitude)
    {
        var x = double.IsNaN(amplitude) ? 0 : Math.Clamp(amplitude, -1, 1);
        var y = Math.Sign(x) * Math.Log(1 + Mu * Math.Abs(x)) / Math.Log(1 + Mu);
        return (byte)Math.Clamp(Math.Floor((y + 1) / 2 * Mu + 0.5), 0, byte.MaxValue);
    }

    /// <summary>The byte of a 16-bit sample, which is divided by 32,768 and never by the file's own peak.</summary>
    public static byte Encode(short sample) => Encode(sample / (double)FullScale);

    /// <summary>The 16-bit sample of a byte.</summary>
    public static short Decode(byte value) => Samples[value];

    private static short ToSample(byte value)
    {
        var y = value / Mu * 2 - 1;
        var x = Math.Sign(y) * (Math.Pow(1 + Mu, Math.Abs(y)) - 1) / Mu;
        // The two bytes beside the middle of the scale are half a step from 0; silence is 0 itself.
        return value == SilentByte ? (short)0 : (short)Math.Clamp(Math.Round(x * FullScale), short.MinValue, short.MaxValue);
    }
}
