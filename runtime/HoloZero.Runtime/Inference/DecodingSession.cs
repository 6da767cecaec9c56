using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>
/// One sequence: feed it bytes, get logits. It keeps the KV cache and the fast-weight memories, so each byte costs one row.
/// Takes one call at a time: a second one meanwhile is refused by <see cref="ConcurrentUseException"/>. Sessions of one model may run at
/// the same time. Owns its state: dispose it, from any thread, before or after the model. Once it or the model is disposed every call
/// is refused by <see cref="ObjectDisposedException"/>.
/// </summary>
public sealed class DecodingSession : IDisposable
{
    /// <summary>Prefix slots of a prefill at most: attention over them is computed in one piece, whose size is quadratic.</summary>
    public const int MaxPrefixSlots = ContextWindowOptions.PrefixSlotsLimit;

    /// <summary>Stream bytes of one call at most: their logits are one array.</summary>
    public const int MaxStreamBytes = 1 << 22;

    /// <summary>Positions that a state has room for before it grows.</summary>
    internal const int FirstPositions = 512;

    private readonly HoloZeroModel _model;
    private readonly ExclusiveUse _use;
    private readonly RunOptions _runOptions = OnnxEnvironment.NewRunOptions();
    private IDecoderState _state;
    private IDecoderState? _spare;
    private float[] _logits = [];

    /// <summary>Within a call of the model's.</summary>
    internal DecodingSession(HoloZeroModel model)
    {
        _model = model;
        _use = new(model.Graph.Calls, typeof(DecodingSession), Free);
        _state = model.Graph.States.Rent(FirstPositions);
    }

    /// <summary>Prefix slots and stream bytes so far: the length of the KV cache.</summary>
    public long Position => _state.Position;

    /// <summary>Starts the sequence anew with a prefix and the first stream bytes.</summary>
    /// <param name="prefix">Bytes of whole slots, a multiple of the model's slot length; may be empty.</param>
    /// <param name="stream">
    /// Stream bytes, at least one; none where the model has an origin (<see cref="HoloZeroModel.HasStreamOrigin"/>).
    /// </param>
    /// <param name="cancellation">Stops the call; the session is then as before.</param>
    /// <returns>One row per stream byte, after that of the origin where the model has one; valid until the next call.</returns>
    /// <exception cref="ArgumentException">
    /// The prefix is not whole slots or has more than <see cref="MaxPrefixSlots"/>, or the stream is empty or longer than
    /// <see cref="MaxStreamBytes"/>.
    /// </exception>
    /// <exception cref="Artifacts.BadInputException">The sequence would be longer than the variant allows.</exception>
    /// <exception cref="Artifacts.MissingCapabilityException">So many bytes do not fit into memory at once.</exception>
    /// <exception cref="Artifacts.UnsoundModelException">The graph fails.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The session or the model is disposed, maybe during the call.</exception>
    /// <exception cref="ConcurrentUseException">Another call is under way.</exception>
    public Logits Prefill(scoped ReadOnlySpan<byte> prefix, scoped ReadOnlySpan<byte> stream, CancellationToken cancellation = default)
    {
        using var call = _use.Enter();
        if (prefix.Length % _model.SlotBytes != 0)
            throw new ArgumentException($"{prefix.Length} bytes are not whole slots of {_model.SlotBytes}", nameof(prefix));
        if (prefix.Length / _model.SlotBytes > MaxPrefixSlots)
            throw new ArgumentException($"{prefix.Length / _model.SlotBytes} slots are more than {MaxPrefixSlots}", nameof(prefix));

        if (_model.HasStreamOrigin) stream = (byte[])[0, .. stream];
        Require(stream, prefix.Length / _model.SlotBytes);
        // The sequence so far stays as it is until all of the new one has run.
        _spare ??= _model.Graph.States.Rent(FirstPositions);
        try
        {
            var logits = Run(_spare, prefix, stream, cancellation);
            (_state, _spare) = (_spare, _state);
            return logits;
        }
        finally
        {
            _spare.Reset();
        }
    }

    /// <summary>Continues the sequence.</summary>
    /// <param name="stream">The next stream bytes, at least one.</param>
    /// <param name="cancellation">Stops the call; the session is then as before.</param>
    /// <returns>One row per byte, valid until the next call.</returns>
    /// <exception cref="ArgumentException">There are no bytes, or more than <see cref="MaxStreamBytes"/>.</exception>
    /// <exception cref="Artifacts.BadInputException">The sequence would be longer than the variant allows.</exception>
    /// <exception cref="Artifacts.MissingCapabilityException">So many bytes do not fit into memory at once.</exception>
    /// <exception cref="Artifacts.UnsoundModelException">The graph fails.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The session or the model is disposed, maybe during the call.</exception>
    /// <exception cref="ConcurrentUseException">Another call is under way.</exception>
    public Logits Append(scoped ReadOnlySpan<byte> stream, CancellationToken cancellation = default)
    {
        using var call = _use.Enter();
        Require(stream, Position);
        _state.Mark();
        try
        {
            return Run(_state, [], stream, cancellation);
        }
        catch
        {
            _state.Rollback();
            throw;
        }
        finally
        {
            _state.Unmark();
        }
    }

    /// <summary>
    /// Continues the sequence by one byte. Variants whose state is in place allocate nothing for it; should such a call fail half-way, the
    /// session takes no other until it is prefilled or restored. A step under way ends before the model is freed.
    /// </summary>
    /// <param name="next">The byte.</param>
    /// <returns>The logits of what follows it, [vocabulary], valid until the next call.</returns>
    /// <exception cref="InvalidOperationException">An earlier step failed half-way.</exception>
    /// <exception cref="Artifacts.BadInputException">The sequence would be longer than the variant allows.</exception>
    /// <exception cref="Artifacts.UnsoundModelException">The graph fails.</exception>
    /// <exception cref="ObjectDisposedException">The session or the model is disposed.</exception>
    /// <exception cref="ConcurrentUseException">Another call is under way.</exception>
    public ReadOnlySpan<float> Step(byte next)
    {
        using var call = _use.Enter();
        _runOptions.Terminate = false;
        return _state.Step(_runOptions, next);
    }

    /// <summary>Remembers the sequence as it is. The caller disposes the snapshot, which outlives this session if need be.</summary>
    /// <exception cref="InvalidOperationException">An earlier step failed half-way.</exception>
    /// <exception cref="ObjectDisposedException">The session or the model is disposed.</exception>
    /// <exception cref="ConcurrentUseException">Another call is under way.</exception>
    public SessionSnapshot Snapshot()
    {
        using var call = _use.Enter();
        return new(_model, _state.Copy());
    }

    /// <summary>
    /// Makes the sequence what it was when <paramref name="snapshot"/> was taken, of this or another session of the same model.
    /// </summary>
    /// <exception cref="ArgumentException">The snapshot is of another model.</exception>
    /// <exception cref="ObjectDisposedException">The session, the snapshot or the model is disposed.</exception>
    /// <exception cref="ConcurrentUseException">Another call is under way.</exception>
    public void Restore(SessionSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        using var call = _use.Enter();
        using var reading = snapshot.Read(_model);
        _state.CopyFrom(reading.State);
    }

    /// <summary>A second session that continues from here on its own. The caller disposes it.</summary>
    /// <exception cref="InvalidOperationException">An earlier step failed half-way.</exception>
    /// <exception cref="ObjectDisposedException">The session or the model is disposed.</exception>
    /// <exception cref="ConcurrentUseException">Another call is under way.</exception>
    public DecodingSession Fork()
    {
        using var snapshot = Snapshot();
        var fork = _model.OpenSession();
        try
        {
            fork.Restore(snapshot);
            return fork;
        }
        catch
        {
            fork.Dispose();
            throw;
        }
    }

    /// <summary>Refuses further calls and frees the state: at once, or when a call under way on another thread ends.</summary>
    public void Dispose() => _use.Dispose();

    private void Free()
    {
        _state.Dispose();
        _spare?.Dispose();
        _runOptions.Dispose();
    }

    private void Require(scoped ReadOnlySpan<byte> stream, long positionsBefore)
    {
        if (stream.IsEmpty) throw new ArgumentException("at least one stream byte is needed", nameof(stream));
        if (stream.Length > MaxStreamBytes)
            throw new ArgumentException($"{stream.Length} bytes are more than {MaxStreamBytes} in one call", nameof(stream));
        _model.Graph.RequirePositions(positionsBefore + stream.Length);
    }

    /// <summary>Moves <paramref name="state"/> on by the bytes, in pieces.</summary>
    private Logits Run(IDecoderState state, scoped ReadOnlySpan<byte> prefix, scoped ReadOnlySpan<byte> stream,
        CancellationToken cancellation)
    {
        var vocabulary = _model.Vocabulary;
        if (_logits.Length < stream.Length * vocabulary) _logits = new float[stream.Length * vocabulary];
        var bytes = prefix.Length + stream.Length;
        _runOptions.Terminate = false;
        using var cancelled = Terminator(bytes, cancellation);
        using var closing = Terminator(bytes, _model.Graph.Closing);
        for (var done = 0; done < stream.Length;)
        {
            cancellation.ThrowIfCancellationRequested();
            _model.Graph.ThrowIfClosing();
            var piece = stream.Slice(done, PrefillPieces.Next(stream.Length - done, _model.PrefillChunkBytes));
            state.Advance(_runOptions, done == 0 ? prefix : [], piece, _logits.AsSpan(done * vocabulary, piece.Length * vocabulary),
                cancellation);
            done += piece.Length;
        }

        return new(_logits.AsSpan(0, stream.Length * vocabulary), vocabulary);
    }

    /// <summary>Lets a cancellation interrupt a long run; a step of one byte is over before it would help.</summary>
    private CancellationTokenRegistration Terminator(int bytes, CancellationToken cancellation) =>
        bytes == 1 ? default : cancellation.Register(() => _runOptions.Terminate = true);
}

/// <summary>
/// A remembered sequence. Immutable and thread-safe. Holds memory until it is disposed, from any thread, before or after its session and
/// model; a restore that reads it meanwhile ends first.
/// </summary>
public sealed class SessionSnapshot : IDisposable
{
    private readonly CallGate _readers = new();
    private readonly HoloZeroModel _model;
    private readonly IDecoderState _state;

    internal SessionSnapshot(HoloZeroModel model, IDecoderState state) =>
        (_model, _state, Position) = (model, state, state.Position);

    /// <summary>Prefix slots and stream bytes up to here.</summary>
    public long Position { get; }

    /// <summary>Refuses further use and frees its memory.</summary>
    public void Dispose() => _readers.Close(() => { }, _state.Dispose);

    /// <summary>Keeps the memory while it is read; disposing the result ends that.</summary>
    /// <exception cref="ArgumentException">It is of another model than <paramref name="model"/>.</exception>
    /// <exception cref="ObjectDisposedException">It is disposed.</exception>
    internal Reading Read(HoloZeroModel model)
    {
        if (model != _model) throw new ArgumentException("the snapshot is of another model", "snapshot");
        ObjectDisposedException.ThrowIf(!_readers.TryEnter(), this);
        return new(this);
    }

    /// <summary>A snapshot that is being read.</summary>
    internal readonly struct Reading(SessionSnapshot snapshot) : IDisposable
    {
        /// <summary>What it remembers.</summary>
        public IDecoderState State => snapshot._state;

        /// <summary>Ends it.</summary>
        public void Dispose() => snapshot._readers.Leave();
    }
}
