using System.Collections.Immutable;
using System.Numerics;
using HoloZero.Artifacts;
using HoloZero.Models.PublishedArithmetic;

namespace HoloZero.Models;

/// <summary>
/// The HSL features of bytes, 27 floats each and nothing learned, as published in <c>hsl-embedding</c> 0.4.0 (MIT, Jinhyun Woo,
/// DOI 10.5281/zenodo.20628599). Columns: 0-7 dxor, 8-15 d2xor, 16 boundary, 17-24 Fourier, 25-26 phase. Bits are most significant first.
/// </summary>
public static class HslFrontDoor
{
    /// <summary>Features of a byte.</summary>
    public const int FeatureCount = 27;

    /// <summary>Columns of <see cref="ValueTable"/>: dxor, Fourier and phase, which depend on the byte alone.</summary>
    public const int ValueColumns = 18;

    /// <summary>The table [256, 18] that exported graphs carry: dxor 0-7, Fourier 8-15, phase 16-17; row-major.</summary>
    public static ImmutableArray<float> ValueTable { get; } = [.. Enumerable.Range(0, ByteVocabulary.Bytes).SelectMany(ValueRow)];

    /// <summary><see cref="ValueTable"/> widened.</summary>
    public static double[] ValueTableAsDouble() => [.. ValueTable.Select(value => (double)value)];

    /// <summary>The features of one run of symbols.</summary>
    /// <param name="ids">
    /// Bytes 0..255, or MASK (256) and EOS (257), which have none: a row of zeros, and the next byte starts a new run.
    /// </param>
    /// <returns>Row-major [ids.Length, 27]. Like the published code, no ids at all stand for one 0x00: [1, 27].</returns>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in 0..257.</exception>
    public static float[] Features(ReadOnlySpan<int> ids)
    {
        if (ids.IsEmpty) ids = [0];
        var features = new float[ids.Length * FeatureCount];
        Features(ids, features);
        return features;
    }

    /// <summary>The features of one run of symbols, into the caller's memory.</summary>
    /// <param name="ids">As for <see cref="Features(ReadOnlySpan{int})"/>, except that no ids give no rows.</param>
    /// <param name="features">Filled: [ids.Length, 27], row-major.</param>
    /// <exception cref="ArgumentException"><paramref name="features"/> is not as long as the rows.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in 0..257.</exception>
    public static void Features(ReadOnlySpan<int> ids, Span<float> features)
    {
        if (features.Length != ids.Length * FeatureCount)
            throw new ArgumentException($"{features.Length} values are no {ids.Length} rows of {FeatureCount}", nameof(features));

        int? before = null;
        var energyBefore = 0.0;
        for (var i = 0; i < ids.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(ids[i], nameof(ids));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(ids[i], AsymDecConfig.EosId, nameof(ids));
            var row = features.Slice(i * FeatureCount, FeatureCount);
            if (ids[i] > byte.MaxValue)
            {
                row.Clear();
                before = null;
                continue;
            }

            var (dxor, d2xor) = (Gray(ids[i]), Gray(ids[i]) ^ Gray(before ?? 0));
            WriteBits(dxor, row);
            WriteBits(d2xor, row[8..]);
            var leading = Energy(dxor, d2xor, 0, 5);
            row[16] = (float)(before is null ? leading / 5 : (energyBefore + leading) / 9);
            ValueTable.AsSpan(ids[i] * ValueColumns + 8, 10).CopyTo(row[17..]);
            (before, energyBefore) = (ids[i], Energy(dxor, d2xor, 4, 8));
        }
    }

    private static int Gray(int value) => value ^ (value >> 1);

    private static int Bit(int value, int index) => (value >> (7 - index)) & 1;

    private static double Energy(int dxor, int d2xor, int start, int end)
    {
        var sum = 0.0;
        for (var bit = start; bit < end; bit++) sum += Bit(dxor, bit) + 0.5 * Bit(d2xor, bit);
        return sum;
    }

    private static void WriteBits(int value, Span<float> row)
    {
        for (var bit = 0; bit < 8; bit++) row[bit] = Bit(value, bit);
    }

    private static float[] ValueRow(int value)
    {
        var row = new float[ValueColumns];
        WriteBits(Gray(value), row);
        for (var frequency = 0; frequency <= 4; frequency++)
        {
            var coefficient = FourierCoefficient(value, frequency);
            row[8 + frequency] = (float)coefficient.Real;
            if (frequency is >= 1 and <= 3) row[12 + frequency] = (float)coefficient.Imaginary;
        }

        var angle = value / 256f * (float)(2 * Math.PI);
        (row[16], row[17]) = (NumPyTrigonometry.Cos(angle), NumPyTrigonometry.Sin(angle));
        return row;
    }

    /// <summary>sum over the bits b_n of b_n e^(-2 pi i n frequency / 8), from exact eighth turns.</summary>
    private static Complex FourierCoefficient(int value, int frequency)
    {
        // Whole and half-root-two parts are summed apart, so that terms which cancel leave an exact zero.
        var (whole, diagonal) = (Complex.Zero, Complex.Zero);
        for (var n = 0; n < 8; n++)
        {
            if (Bit(value, n) == 0) continue;
            var eighths = n * frequency % 8;
            if (eighths % 2 == 0) whole += QuarterTurn(eighths / 2);
            else diagonal += QuarterTurn(eighths / 2) * new Complex(1, -1);
        }

        return whole + diagonal * Math.Sqrt(0.5);

        static Complex QuarterTurn(int quarters) => quarters switch
        {
            0 => Complex.One,
            1 => new(0, -1),
            2 => new(-1, 0),
            _ => new(0, 1),
        };
    }
}
