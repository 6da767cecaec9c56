namespace HoloZero.Runtime;

/// <summary>
/// Logits of consecutive stream bytes: row i predicts the byte after the i-th byte of the call. Views a buffer of the session that
/// made it: valid until that session's next call.
/// </summary>
/// <param name="data">Row-major [rows, vocabulary].</param>
/// <param name="vocabulary">Logits in a row: 256 bytes, MASK, EOS.</param>
public readonly ref struct Logits(ReadOnlySpan<float> data, int vocabulary)
{
    /// <summary>All rows, row-major [<see cref="Rows"/>, <see cref="Vocabulary"/>].</summary>
    public ReadOnlySpan<float> Data { get; } = data;

    /// <summary>Logits in a row.</summary>
    public int Vocabulary { get; } = vocabulary;

    /// <summary>Number of rows.</summary>
    public int Rows => Data.Length / Vocabulary;

    /// <summary>The last row: it predicts the byte that comes next.</summary>
    public ReadOnlySpan<float> Last => this[Rows - 1];

    /// <summary>Row <paramref name="row"/>, [<see cref="Vocabulary"/>].</summary>
    public ReadOnlySpan<float> this[int row] => Data.Slice(row * Vocabulary, Vocabulary);
}
