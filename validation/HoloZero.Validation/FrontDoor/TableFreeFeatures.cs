using System.Numerics;

namespace HoloZero.Validation;

/// <summary>
/// dxor, d2xor and boundary of a byte as the published definition has them, without tables, loops over energies or neighbours' features:
/// whole numbers up to one division. Shares nothing with what it is held against.
/// </summary>
internal static class TableFreeFeatures
{
    /// <summary>Columns written: dxor 0-7, d2xor 8-15, boundary 16.</summary>
    public const int Columns = 17;

    /// <summary>Columns of byte <paramref name="v"/>.</summary>
    /// <param name="v">The byte.</param>
    /// <param name="before">The byte before it; null where a run starts.</param>
    /// <param name="beforeThat">The byte before that one; null where there is none.</param>
    /// <param name="row">Filled: [17].</param>
    public static void Write(int v, int? before, int? beforeThat, Span<float> row)
    {
        var gray = v ^ (v >> 1);
        var flipped = gray ^ (before is { } p ? p ^ (p >> 1) : 0);
        for (var column = 0; column < 8; column++)
        {
            row[column] = (gray & (128 >> column)) != 0 ? 1 : 0;
            row[8 + column] = (flipped & (128 >> column)) != 0 ? 1 : 0;
        }

        // Energies counted in halves: 2 for a dxor bit, 1 for a d2xor bit.
        var halves = Halves(gray, flipped, 0b1111_1000);
        if (before is not { } q)
        {
            row[16] = (float)(halves / 10.0);
            return;
        }

        var grayBefore = q ^ (q >> 1);
        var flippedBefore = grayBefore ^ (beforeThat is { } o ? o ^ (o >> 1) : 0);
        row[16] = (float)((halves + Halves(grayBefore, flippedBefore, 0b0000_1111)) / 18.0);
    }

    private static int Halves(int gray, int flipped, int mask) =>
        2 * BitOperations.PopCount((uint)(gray & mask)) + BitOperations.PopCount((uint)(flipped & mask));
}
