using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>
/// Sequences side by side, one call for a byte of each: the weights are read once for all of them. Rows may be at different positions.
/// Takes one call at a time: a second one meanwhile is refused by <see cref="ConcurrentUseException"/>. Owns its state: dispose it, from
/// any thread, before or after the model. Once it or the model is disposed every call is refused by
/// <see cref="ObjectDisposedException"/>.
/// </summary>
public sealed class DecodingBatch : IDisposable
{
    /// <summary>Rows at most.</summary>
    public const int MaxRows = 1024;

    private readonly HoloZeroModel _model;
    private readonly ExclusiveUse _use;
    private readonly RunOptions _runOptions = OnnxEnvironment.NewRunOptions();
    private readonly InPlaceState _state;

    /// <summary>Within a call of the model's.</summary>
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
        _use = new(model.Graph.Calls, typeof(DecodingBatch), Free);
        _state = new(model.Graph, model.Graph.States, rows, DecodingSession.FirstPositions);
    }

    /// <summary>How many sequences run side by side.</summary>
    public int Rows { get; }

    /// <summary>Prefix slots and stream bytes of a sequence so far.</summary>
    /// <exception cref="IndexOutOfRangeException">There is no such row.</exception>
    public long Position(int row) => _state.PositionOf(row);

    /// <summary>Makes a row the sequence that <paramref name="snapshot"/> remembers, of any session of the same model.</summary>
    /// <exception cref="ArgumentException">The snapshot is of another model.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    /// <exception cref="ObjectDisposedException">The batch, the snapshot or the model is disposed.</exception>
    /// <exception cref="ConcurrentUseException">Another call is under way.</exception>
    public void Restore(int row, SessionSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        using var call = _use.Enter();
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, Rows);
        using var reading = snapshot.Read(_model);
        _state.Put(row, reading.State);
    }

    /// <summary>Continues every sequence by one byte. Allocates nothing.</summary>
    /// <param name="next">A byte for each row, [<see cref="Rows"/>].</param>
    /// <returns>The logits of what follows, row-major [<see cref="Rows"/>, vocabulary], valid until the next call.</returns>
    /// <exception cref="ArgumentException">There are not as many bytes as rows.</exception>
    /// <exception cref="InvalidOperationException">An earlier step failed half-way: the batch takes no other, open a new one.</exception>
    /// <exception cref="BadInputException">A sequence would be longer than the variant allows.</exception>
    /// <exception cref="UnsoundModelException">The graph fails.</exception>
    /// <exception cref="ObjectDisposedException">The batch or the model is disposed.</exception>
    /// <exception cref="ConcurrentUseException">Another call is under way.</exception>
    public ReadOnlySpan<float> Step(ReadOnlySpan<byte> next)
    {
        using var call = _use.Enter();
        if (next.Length != Rows) throw new ArgumentException($"{next.Length} bytes are not one for each of {Rows} rows", nameof(next));
        return _state.Step(_runOptions, next);
    }

    /// <summary>Refuses further calls and frees the state: at once, or when a call under way on another thread ends.</summary>
    public void Dispose() => _use.Dispose();

    private void Free()
    {
        _state.Dispose();
        _runOptions.Dispose();
    }
}
