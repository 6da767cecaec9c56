using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace HoloZero.Runtime;

/// <summary>
/// State of graphs that write over what they read: a set of buffers, bound once for each number of rows that steps, for one
/// or more sequences side by side. Keys and values have room for <see cref="Capacity"/> positions and grow by doubling.
/// </summary>
internal sealed class InPlaceState : IDecoderState, IStateBlock
{
    private readonly OnnxGraph _graph;
    private readonly StateStore _store;
    private readonly StateBuffer[] _buffers;
    private readonly byte[] _next;
    private readonly float[] _logits;
    private readonly long[] _positions;
    private readonly RowBinding?[] _bindings;
    private RowCheck? _check;
    private long[]? _markedPositions;
    private bool _undefined;

    /// <summary>Room for <paramref name="rows"/> sequences, each before its first byte.</summary>
    /// <exception cref="MissingCapabilityException">The store's budget or memory is too small.</exception>
    public InPlaceState(OnnxGraph graph, StateStore store, int rows, int capacity)
    {
        (_graph, _store, Rows, Capacity) = (graph, store, rows, (int)Math.Min(capacity, graph.MaxPositions ?? int.MaxValue));
        (_next, _logits, _positions) = (new byte[rows], new float[rows * ByteVocabulary.Size], new long[rows]);
        _bindings = new RowBinding?[rows + 1];
        store.Charge(Bytes);
        try
        {
            _buffers = NewBuffers(graph, store.Layout, rows, Capacity);
        }
        catch
        {
            store.Release(Bytes);
            throw;
        }
    }

    public int Rows { get; }

    /// <summary>Positions that fit before the buffers have to grow.</summary>
    public int Capacity { get; private set; }

    public long Position => _positions[0];

    public long Bytes => Rows * _store.Layout.BytesFor(Capacity);

    /// <summary>Positions of a sequence so far.</summary>
    public long PositionOf(int row) => _positions[row];

    public void Advance(RunOptions options, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> stream, Span<float> logits,
        CancellationToken cancellation)
    {
        if (Rows != 1) throw new InvalidOperationException("several sequences take one byte each at a time");
        var added = prefix.Length / _graph.SlotBytes + stream.Length;
        Begin(1, added);
        using var prefixValue = StateTensors.Row(prefix);
        using var streamValue = StateTensors.Row(stream);
        using var logitsValue = StateTensors.Allocate(TensorElementType.Float, [1, stream.Length, ByteVocabulary.Size]);
        var binding = Binding(1);
        _graph.Run(options, [prefixValue, streamValue, .. binding.Past], [logitsValue, .. binding.Present], prefix.Length, stream.Length,
            cancellation);
        logitsValue.GetTensorDataAsSpan<float>().CopyTo(logits);
        End(1, added);
    }

    public ReadOnlySpan<float> Step(RunOptions options, byte next) => Step(options, [next]);

    public ReadOnlySpan<float> Step(RunOptions options, scoped ReadOnlySpan<byte> next)
    {
        Begin(next.Length, 1);
        next.CopyTo(_next);
        var binding = Binding(next.Length);
        binding.Write(next);
        _graph.Run(options, binding.Bound);
        End(next.Length, 1);
        return _logits.AsSpan(0, next.Length * ByteVocabulary.Size);
    }

    public int CheckedRows => _graph.Check is { } check && _positions[0] + check.Rows <= Capacity ? check.Rows : 0;

    public ReadOnlySpan<float> Check(RunOptions options, ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfZero(bytes.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, CheckedRows);
        Begin(1, bytes.Length);
        _check ??= NewCheck(_graph.Check!);
        var logits = _check.Run(options, bytes);
        _undefined = false;
        return logits;
    }

    public void Commit(int rows)
    {
        _check!.Commit(rows);
        _positions[0] += rows;
    }

    public void Mark()
    {
        Require();
        _markedPositions ??= new long[Rows];
        _positions.CopyTo(_markedPositions, 0);
        foreach (var buffer in _buffers) buffer.Mark();
        _graph.FinishCopies();
    }

    public void Rollback()
    {
        _markedPositions!.CopyTo(_positions, 0);
        foreach (var buffer in _buffers) buffer.Rollback();
        _graph.FinishCopies();
        _undefined = false;
    }

    public void Unmark()
    {
        // The memory for it is kept: the next call will want it again.
    }

    public void Reset()
    {
        Array.Clear(_positions);
        foreach (var buffer in _buffers) buffer.Clear();
        _graph.FinishCopies();
        _undefined = false;
    }

    public void Clear() => Reset();

    public IDecoderState Copy() => Take(0);

    public void CopyFrom(IDecoderState other)
    {
        Put(0, other);
        _undefined = false;
    }

    public void Put(int row, IDecoderState state) => CopyRow(row, (InPlaceState)state, 0);

    public IDecoderState Take(int row)
    {
        Require();
        var copy = new InPlaceState(_graph, _store, 1, (int)Math.Max(1, _positions[row]));
        copy.CopyRow(0, this, row);
        return copy;
    }

    public void Move(int from, int to) => CopyRow(to, this, from);

    public void Dispose()
    {
        Unbind();
        foreach (var buffer in _buffers) buffer.Dispose();
        _store.Release(Bytes);
    }

    private void CopyRow(int to, InPlaceState source, int from)
    {
        source.Require();
        var positions = source._positions[from];
        Reserve(positions);
        for (var i = 0; i < _buffers.Length; i++) _buffers[i].CopyRow(to, source._buffers[i], from, positions);
        _graph.FinishCopies();
        _positions[to] = positions;
    }

    private void Begin(int rows, int added)
    {
        Require();
        var longest = 0L;
        foreach (var position in _positions.AsSpan(0, rows)) longest = Math.Max(longest, position);
        Reserve(longest + added);
        _undefined = true;
    }

    private void End(int rows, int added)
    {
        foreach (var buffer in _buffers) buffer.Carry(rows);
        _graph.FinishCopies();
        foreach (ref var position in _positions.AsSpan(0, rows)) position += added;
        _undefined = false;
    }

    private static StateBuffer[] NewBuffers(OnnxGraph graph, StateLayout layout, int rows, int capacity)
    {
        var buffers = new List<StateBuffer>();
        try
        {
            foreach (var (i, piece) in layout.Pieces.Index()) buffers.Add(new(piece, graph.StateMemories[i], rows, capacity));
            return [.. buffers];
        }
        catch
        {
            foreach (var buffer in buffers) buffer.Dispose();
            throw;
        }
    }

    private void Require()
    {
        if (_undefined) throw new InvalidOperationException("a call failed half-way; prefill or restore the session before it goes on");
    }

    private void Reserve(long positions)
    {
        if (positions <= Capacity) return;
        _graph.RequirePositions(positions);
        var capacity = (int)Math.Min(Math.Max(positions, 2L * Capacity), _graph.MaxPositions ?? int.MaxValue);
        _store.Charge(Rows * (_store.Layout.BytesFor(capacity) - _store.Layout.BytesFor(Capacity)));
        Unbind();
        foreach (var buffer in _buffers) buffer.Grow(capacity);
        Capacity = capacity;
    }

    private void Unbind()
    {
        for (var rows = 0; rows < _bindings.Length; rows++)
        {
            _bindings[rows]?.Dispose();
            _bindings[rows] = null;
        }

        if (_check is null) return;
        _check.Dispose();
        _check = null;
        _store.Release(RowCheck.BytesFor(_store.Layout, _graph.Check!.Rows));
    }

    private RowCheck NewCheck(CheckGraph check)
    {
        var bytes = RowCheck.BytesFor(_store.Layout, check.Rows);
        _store.Charge(bytes);
        try
        {
            return new(_graph, check, _buffers, Capacity);
        }
        catch
        {
            _store.Release(bytes);
            throw;
        }
    }

    private RowBinding Binding(int rows) => _bindings[rows] ??= new(_graph, _buffers, rows, _next, _logits);

    /// <summary>Everything that goes into and comes out of a step of the first rows, bound once for many calls.</summary>
    private sealed class RowBinding : IDisposable
    {
        private readonly OnnxGraph _graph;
        private readonly OrtValue[] _others;
        private readonly IMemoryBlock? _next;

        public RowBinding(OnnxGraph graph, StateBuffer[] buffers, int rows, byte[] next, float[] logits)
        {
            _graph = graph;
            Past = [.. buffers.Select(buffer => buffer.Past(rows))];
            Present = [.. buffers.Select(buffer => buffer.Present(rows))];
            var noPrefix = StateTensors.Allocate(TensorElementType.UInt8, [rows, 0]);
            // A binding takes what the host has when it is bound, not when it is run: a device's bytes have to be on the device.
            _next = graph.StreamMemory.IsHost ? null : graph.StreamMemory.Allocate(rows);
            var nextValue = _next is null
                ? OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, next.AsMemory(0, rows), [rows, 1])
                : OrtValue.CreateTensorValueWithData(graph.StreamMemory.Info, TensorElementType.UInt8, [rows, 1], _next.Start, rows);
            var logitsValue = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance,
                logits.AsMemory(0, rows * ByteVocabulary.Size), [rows, 1, ByteVocabulary.Size]);
            _others = [noPrefix, nextValue, logitsValue];

            Bound = graph.NewBinding();
            var signature = graph.Signature;
            Bound.BindInput(signature.Prefix.Name, noPrefix);
            Bound.BindInput(signature.Stream.Name, nextValue);
            Bound.BindOutput(signature.Logits.Name, logitsValue);
            for (var i = 0; i < buffers.Length; i++)
            {
                Bound.BindInput(signature.State[i].Past.Name, Past[i]);
                Bound.BindOutput(signature.State[i].Present.Name, Present[i]);
            }
        }

        public OrtIoBinding Bound { get; }

        public OrtValue[] Past { get; }

        public OrtValue[] Present { get; }

        /// <summary>Brings the bytes of the next call to where it takes them from, unless it takes the host's.</summary>
        public void Write(ReadOnlySpan<byte> next)
        {
            if (_next is null) return;
            _graph.StreamMemory.Write(_next, next);
            _graph.StreamMemory.Finish();
        }

        public void Dispose()
        {
            _graph.Free(Bound);
            foreach (var value in (OrtValue[])[.. _others, .. Past, .. Present]) value.Dispose();
            _next?.Dispose();
        }
    }
}
