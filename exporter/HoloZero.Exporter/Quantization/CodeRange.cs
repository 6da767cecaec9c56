namespace HoloZero.Exporter.Quantization;

/// <summary>The codes of weights in so many bits, and the scales that they are worth.</summary>
/// <param name="Bits">Bits a code.</param>
/// <param name="ZeroPoints">Whether the code of zero may be chosen, or is <see cref="Middle"/>.</param>
/// <param name="HalfScales">Whether scales are numbers that float16 has.</param>
internal readonly record struct CodeRange(int Bits, bool ZeroPoints = false, bool HalfScales = false)
{
    /// <summary>The greatest code: 15, 127 or 255.</summary>
    public int MaxCode => (1 << Bits) - 1;

    /// <summary>The code of zero where none is chosen: 8, 64 or 128.</summary>
    public int Middle => 1 << (Bits - 1);

    /// <summary>The scale that is stored for <paramref name="scale"/>; 0 or an infinity where the type has nothing near it.</summary>
    public float Stored(float scale) => HalfScales ? (float)(Half)scale : scale;
}
