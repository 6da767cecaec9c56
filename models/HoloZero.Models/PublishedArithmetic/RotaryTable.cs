namespace HoloZero.Models.PublishedArithmetic;

/// <summary>
/// The rotary tables of the published code (<c>holo/hsl_rope.py</c>), bit for bit: float32 frequencies base^(-2i / width), float32 angles,
/// float32 cos and sin.
/// </summary>
/// <remarks>Thread-safe.</remarks>
public static class RotaryTable
{
    /// <summary>float32 frequencies, [width / 2].</summary>
    public static float[] Frequencies(int width, double @base) =>
        [.. Enumerable.Range(0, width / 2).Select(i => 1f / (float)Math.Pow(@base, 2f * i / width))];

    /// <summary>The row of one position.</summary>
    /// <param name="position">The position, from 0.</param>
    /// <param name="frequencies">From <see cref="Frequencies"/>, [width / 2].</param>
    /// <param name="cos">Filled: [width / 2].</param>
    /// <param name="sin">Filled: [width / 2].</param>
    public static void Fill(long position, ReadOnlySpan<float> frequencies, Span<float> cos, Span<float> sin)
    {
        var amongLarge = false;
        for (var i = 0; i < frequencies.Length; i++)
        {
            // PyTorch walks the table of all positions in vectors, which may begin and end in neighbouring rows.
            var index = position * frequencies.Length + i;
            if (i == 0 || index % SleefTrigonometry.Lanes == 0)
                amongLarge = VectorHasLargeAngle(index - index % SleefTrigonometry.Lanes, frequencies);

            var angle = position * frequencies[i];
            (cos[i], sin[i]) = (SleefTrigonometry.Cos(angle, amongLarge), SleefTrigonometry.Sin(angle, amongLarge));
        }
    }

    private static bool VectorHasLargeAngle(long start, ReadOnlySpan<float> frequencies)
    {
        for (var index = start; index < start + SleefTrigonometry.Lanes; index++)
        {
            var (row, column) = Math.DivRem(index, frequencies.Length);
            if (SleefTrigonometry.IsLarge(row * frequencies[(int)column])) return true;
        }

        return false;
    }
}
