using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>
/// Rows for sequences that step together, packed from row 0 on. Rows may be at different positions. Not thread-safe. Rented from a
/// <see cref="StateStore"/>: dispose it.
/// </summary>
internal interface IStateBlock : IDisposable
{
    /// <summary>Rows that there is room for.</summary>
    int Rows { get; }

    /// <summary>Makes a row what <paramref name="state"/> is.</summary>
    void Put(int row, IDecoderState state);

    /// <summary>A state of its own that goes on from what a row is.</summary>
    /// <exception cref="Artifacts.MissingCapabilityException">The store's budget or memory is too small.</exception>
    IDecoderState Take(int row);

    /// <summary>Makes row <paramref name="to"/> what row <paramref name="from"/> is; that one is undefined then.</summary>
    void Move(int from, int to);

    /// <summary>Continues the first rows by one byte each, as many as there are bytes.</summary>
    /// <returns>Logits [bytes, vocabulary], valid until the next call.</returns>
    /// <remarks>After an exception all rows are undefined until <see cref="Clear"/>.</remarks>
    ReadOnlySpan<float> Step(RunOptions options, ReadOnlySpan<byte> next);

    /// <summary>Bytes that <see cref="Check"/> takes at most now; 0 where it cannot be called.</summary>
    int CheckedRows { get; }

    /// <summary>Computes what so many steps of the first row would give, bit for bit, without moving it on.</summary>
    /// <param name="options">Run options.</param>
    /// <param name="bytes">1 to <see cref="CheckedRows"/>.</param>
    /// <returns>Logits [bytes, vocabulary], valid until the next call.</returns>
    /// <remarks>After an exception all rows are undefined until <see cref="Clear"/>.</remarks>
    ReadOnlySpan<float> Check(RunOptions options, ReadOnlySpan<byte> bytes);

    /// <summary>Moves the first row on by the first <paramref name="rows"/> bytes of the last <see cref="Check"/>.</summary>
    void Commit(int rows);

    /// <summary>Lets go of what every row is.</summary>
    void Clear();
}
