using HoloZero.Artifacts;
using HoloZero.Models.PublishedArithmetic;

namespace HoloZero.Models;

/// <summary>
/// The tables [256, 18] that stand in for HSL's value columns, by the rules of the published <c>hsl_embedding.ablation</c> 0.5 (MIT,
/// Jinhyun Woo), which draws them from NumPy's RandomState. Stateless and thread-safe.
/// </summary>
public static class SubstrateTables
{
    private const int Rows = ByteVocabulary.Bytes, Columns = HslFrontDoor.ValueColumns;

    /// <summary>Row v is HSL's row of byte p(v), for a random permutation p: columns hold the same numbers, neighbours are none.</summary>
    public static float[] Permuted(uint seed)
    {
        var order = new NumPyRandom(seed).Permutation(Rows);
        return [.. order.SelectMany(row => HslFrontDoor.ValueTable.AsSpan(row * Columns, Columns).ToArray())];
    }

    /// <summary>Bell-shaped numbers, column by column with the mean and deviation of HSL's: every byte has a row of its own.</summary>
    public static float[] Random(uint seed)
    {
        var random = new NumPyRandom(seed);
        var table = new float[Rows * Columns];
        for (var i = 0; i < table.Length; i++) table[i] = (float)random.Normal();
        var (means, deviations) = Moments(table);
        var (hslMeans, hslDeviations) = Moments(HslFrontDoor.ValueTable.AsSpan());
        for (var i = 0; i < table.Length; i++)
        {
            var column = i % Columns;
            table[i] = (table[i] - means[column]) / deviations[column] * hslDeviations[column] + hslMeans[column];
        }

        return table;
    }

    /// <summary>Of each column, in float32 and row after row, as NumPy sums along the first axis.</summary>
    private static (float[] Means, float[] Deviations) Moments(ReadOnlySpan<float> table)
    {
        var (means, squares) = (new float[Columns], new float[Columns]);
        for (var i = 0; i < table.Length; i++) means[i % Columns] += table[i];
        for (var column = 0; column < Columns; column++) means[column] /= Rows;
        for (var i = 0; i < table.Length; i++)
        {
            var centred = table[i] - means[i % Columns];
            squares[i % Columns] += centred * centred;
        }

        return (means, [.. squares.Select(sum => MathF.Sqrt(sum / Rows))]);
    }
}
