using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>
/// One sequence: feed it bytes, get logits. It keeps the KV cache and the fast-weight memories, so each byte costs one row.
/// Not thread-safe; sessions of one model may run at the same time. Owns its state: dispose it.
/// </summary>
public sealed class DecodingSession : IDisposable
{
    /// <summary>Prefix slots of a prefill at most: attention over them is computed in one piece, whose size is quadratic.</summary>
    public const int MaxPrefixSlots = ContextWindowOptions.PrefixSlotsLimit;

    /// <summary>Stream bytes of one call at most: their logits are one array.</summary>
    public const int MaxStreamBytes = 1 << 22;

    private readonly HoloZeroModel _model;
    private readonly RunOptions _runOptions = new();
    private DecoderState _state;
    private float[] _logits = [];
    private bool _disposed;

    internal DecodingSession(HoloZeroModel model)
    {
        _model = model;
        _state = DecoderState.Fresh(model.Variant.Signature);
    }

    /// <summary>Prefix slots and stream bytes so far: the length of the KV cache.</summary>
    public long Position { get; private set; }

    /// <summary>Starts the sequence anew with a prefix and the first stream bytes.</summary>
    /// <param name="prefix">Bytes of whole slots, a multiple of the model's slot length; may be empty.</param>
    /// <param name="stream">Stream bytes, at least one.</param>
    /// <param name="cancellation">Stops the call; the session is then as before.</param>
    /// <returns>One row per stream byte, valid until the next call.</returns>
    /// <exception cref="ArgumentException">
    /// The prefix is not whole slots or has more than <see cref="MaxPrefixSlots"/>, or the stream is empty or longer than
    /// <see cref="MaxStreamBytes"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Logits Prefill(scoped ReadOnlySpan<byte> prefix, scoped ReadOnlySpan<byte> stream, CancellationToken cancellation = default)
    {
        if (prefix.Length % _model.SlotBytes != 0)
            throw new ArgumentException($"{prefix.Length} bytes are not whole slots of {_model.SlotBytes}", nameof(prefix));
        if (prefix.Length / _model.SlotBytes > MaxPrefixSlots)
            throw new ArgumentException($"{prefix.Length / _model.SlotBytes} slots are more than {MaxPrefixSlots}", nameof(prefix));

        return Run(DecoderState.Fresh(_model.Variant.Signature), 0, prefix, stream, cancellation);
    }

    /// <summary>Continues the sequence.</summary>
    /// <param name="stream">The next stream bytes, at least one.</param>
    /// <param name="cancellation">Stops the call; the session is then as before.</param>
    /// <returns>One row per byte, valid until the next call.</returns>
    /// <exception cref="ArgumentException">There are no bytes, or more than <see cref="MaxStreamBytes"/>.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Logits Append(scoped ReadOnlySpan<byte> stream, CancellationToken cancellation = default) =>
        Run(_state.Share(), Position, [], stream, cancellation);

    /// <summary>Continues the sequence by one byte.</summary>
    /// <param name="next">The byte.</param>
    /// <returns>The logits of what follows it, [vocabulary], valid until the next call.</returns>
    public ReadOnlySpan<float> Step(byte next) => Append([next]).Last;

    /// <summary>Remembers the sequence as it is. The caller disposes the snapshot, which outlives this session if need be.</summary>
    public SessionSnapshot Snapshot()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return new(_model, _state.Share(), Position);
    }

    /// <summary>
    /// Makes the sequence what it was when <paramref name="snapshot"/> was taken, of this or another session of the same model.
    /// </summary>
    /// <exception cref="ArgumentException">The snapshot is of another model.</exception>
    public void Restore(SessionSnapshot snapshot)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (snapshot.Model != _model) throw new ArgumentException("the snapshot is of another model", nameof(snapshot));
        Adopt(snapshot.Share(), snapshot.Position);
    }

    /// <summary>A second session that continues from here on its own. The caller disposes it.</summary>
    public DecodingSession Fork()
    {
        using var snapshot = Snapshot();
        var fork = _model.OpenSession();
        fork.Restore(snapshot);
        return fork;
    }

    /// <summary>Frees the state.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _state.Release();
        _runOptions.Dispose();
    }

    /// <summary>Runs from <paramref name="state"/>, which it releases, and adopts what comes out once all of it has run.</summary>
    private Logits Run(DecoderState state, long position, scoped ReadOnlySpan<byte> prefix, scoped ReadOnlySpan<byte> stream,
        CancellationToken cancellation)
    {
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (stream.IsEmpty) throw new ArgumentException("at least one stream byte is needed", nameof(stream));
            if (stream.Length > MaxStreamBytes)
                throw new ArgumentException($"{stream.Length} bytes are more than {MaxStreamBytes} in one call", nameof(stream));

            var vocabulary = _model.Vocabulary;
            if (_logits.Length < stream.Length * vocabulary) _logits = new float[stream.Length * vocabulary];
            using var terminate = Terminator(prefix.Length + stream.Length, cancellation);
            for (var done = 0; done < stream.Length;)
            {
                cancellation.ThrowIfCancellationRequested();
                var piece = stream.Slice(done, Math.Min(_model.PrefillChunkBytes, stream.Length - done));
                var next = _model.Graph.Run(_runOptions, done == 0 ? prefix : [], piece, state,
                    _logits.AsSpan(done * vocabulary, piece.Length * vocabulary), cancellation);
                state.Release();
                state = next;
                done += piece.Length;
            }

            Adopt(state.Share(), position + prefix.Length / _model.SlotBytes + stream.Length);
            return new(_logits.AsSpan(0, stream.Length * vocabulary), vocabulary);
        }
        finally
        {
            state.Release();
        }
    }

    /// <summary>Lets a cancellation interrupt a long run; a step of one byte is over before it would help.</summary>
    private CancellationTokenRegistration Terminator(int bytes, CancellationToken cancellation)
    {
        _runOptions.Terminate = false;
        return bytes == 1 ? default : cancellation.Register(() => _runOptions.Terminate = true);
    }

    private void Adopt(DecoderState state, long position)
    {
        _state.Release();
        (_state, Position) = (state, position);
    }
}

/// <summary>A remembered sequence. Immutable and thread-safe; holds memory until it is disposed.</summary>
public sealed class SessionSnapshot : IDisposable
{
    private DecoderState? _state;

    internal SessionSnapshot(HoloZeroModel model, DecoderState state, long position) =>
        (Model, _state, Position) = (model, state, position);

    /// <summary>Prefix slots and stream bytes up to here.</summary>
    public long Position { get; }

    internal HoloZeroModel Model { get; }

    /// <summary>Frees what no session uses any more.</summary>
    public void Dispose() => Interlocked.Exchange(ref _state, null)?.Release();

    internal DecoderState Share() => (_state ?? throw new ObjectDisposedException(nameof(SessionSnapshot))).Share();
}
