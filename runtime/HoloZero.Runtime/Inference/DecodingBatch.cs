using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>
/// Sequences side by side, one call for a byte of each: the weights are read once for all of them. Rows may be at different positions.
/// Not thread-safe. Owns its state: dispose it before the model.
/// </summary>
public sealed class DecodingBatch : IDisposable
{
    /// <summary>Rows at most.</summary>
    public const int MaxRows = 1024;

    private readonly HoloZeroModel _model;
    private readonly RunOptions _runOptions = new();
    private readonly InPlaceState _state;
    private bool _disposed;

    internal DecodingBatch(HoloZeroModel model, int rows)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, MaxRows);
        if (!model.Graph.IsInPlace)
        {
            throw new MissingCapabilityException($"variant {model.Variant.Name} has no batches of sequences",
                "use a variant whose state is in place, such as fp32 or int8");
        }

        (_model, Rows) = (model, rows);
        _state = new(model.Graph, rows);
    }

    /// <summary>How many sequences run side by side.</summary>
    public int Rows { get; }

    /// <summary>Prefix slots and stream bytes of a sequence so far.</summary>
    /// <exception cref="IndexOutOfRangeException">There is no such row.</exception>
    public long Position(int row) => _state.Position(row);

    /// <summary>Makes a row the sequence that <paramref name="snapshot"/> remembers, of any session of the same model.</summary>
    /// <exception cref="ArgumentException">The snapshot is of another model.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    public void Restore(int row, SessionSnapshot snapshot)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, Rows);
        if (snapshot.Model != _model) throw new ArgumentException("the snapshot is of another model", nameof(snapshot));
        _state.CopyRow(row, (InPlaceState)snapshot.State, 0);
    }

    /// <summary>Continues every sequence by one byte. Allocates nothing.</summary>
    /// <param name="next">A byte for each row, [<see cref="Rows"/>].</param>
    /// <returns>The logits of what follows, row-major [<see cref="Rows"/>, vocabulary], valid until the next call.</returns>
    /// <exception cref="ArgumentException">There are not as many bytes as rows.</exception>
    /// <exception cref="InvalidOperationException">An earlier step failed half-way: the batch takes no other, open a new one.</exception>
    public ReadOnlySpan<float> Step(ReadOnlySpan<byte> next)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (next.Length != Rows) throw new ArgumentException($"{next.Length} bytes are not one for each of {Rows} rows", nameof(next));
        return _state.Step(_runOptions, next);
    }

    /// <summary>Frees the state.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _state.Dispose();
        _runOptions.Dispose();
    }
}
