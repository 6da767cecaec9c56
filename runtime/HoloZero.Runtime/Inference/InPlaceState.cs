using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace HoloZero.Runtime;

/// <summary>
/// State of graphs that write over what they read: a set of buffers in host memory, bound once, for one or more sequences side by side.
/// Keys and values have room for <see cref="Capacity"/> positions and grow by doubling.
/// </summary>
internal sealed class InPlaceState : IDecoderState
{
    private const int FirstCapacity = 512;

    private readonly OnnxGraph _graph;
    private readonly int _rows;
    private readonly StateBuffer[] _buffers;
    private readonly byte[] _next;
    private readonly float[] _logits;
    private readonly OrtValue _noPrefix;
    private readonly OrtValue _nextValue;
    private readonly OrtValue _logitsValue;
    private readonly long[] _positions;
    private long[]? _markedPositions;
    private OrtIoBinding? _binding;
    private bool _undefined;

    /// <summary>Room for <paramref name="rows"/> sequences, each before its first byte.</summary>
    public InPlaceState(OnnxGraph graph, int rows = 1, int capacity = FirstCapacity)
    {
        (_graph, _rows, Capacity) = (graph, rows, Math.Min(capacity, graph.MaxPositions ?? int.MaxValue));
        _buffers = [.. graph.Signature.State.Select(state => new StateBuffer(state, rows, Capacity))];
        (_next, _logits, _positions) = (new byte[rows], new float[rows * ByteVocabulary.Size], new long[rows]);
        _noPrefix = StateTensors.Allocate(TensorElementType.UInt8, [rows, 0]);
        _nextValue = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, _next.AsMemory(), [rows, 1]);
        _logitsValue = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, _logits.AsMemory(),
            [rows, 1, ByteVocabulary.Size]);
    }

    /// <summary>Positions that fit before the buffers have to grow.</summary>
    public int Capacity { get; private set; }

    /// <summary>Positions of a sequence so far.</summary>
    public long Position(int row) => _positions[row];

    public void Advance(RunOptions options, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> stream, Span<float> logits,
        CancellationToken cancellation)
    {
        var added = prefix.Length / _graph.SlotBytes + stream.Length;
        Begin(added);
        using var prefixValue = Row(prefix);
        using var streamValue = Row(stream);
        using var logitsValue = StateTensors.Allocate(TensorElementType.Float, [1, stream.Length, ByteVocabulary.Size]);
        _graph.Run(options, [prefixValue, streamValue, .. _buffers.Select(buffer => buffer.Past)],
            [logitsValue, .. _buffers.Select(buffer => buffer.Present)], prefix.Length, stream.Length, cancellation);
        logitsValue.GetTensorDataAsSpan<float>().CopyTo(logits);
        End(added);
    }

    public ReadOnlySpan<float> Step(RunOptions options, byte next) => Step(options, [next]);

    /// <summary>Runs one stream byte of every sequence.</summary>
    /// <returns>Logits [rows, vocabulary], valid until the next call.</returns>
    public ReadOnlySpan<float> Step(RunOptions options, scoped ReadOnlySpan<byte> next)
    {
        Begin(1);
        next.CopyTo(_next);
        _graph.Run(options, _binding ??= Bind());
        End(1);
        return _logits;
    }

    public void Mark()
    {
        Require();
        _markedPositions ??= new long[_rows];
        _positions.CopyTo(_markedPositions, 0);
        foreach (var buffer in _buffers) buffer.Mark();
    }

    public void Rollback()
    {
        _markedPositions!.CopyTo(_positions, 0);
        foreach (var buffer in _buffers) buffer.Rollback();
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
        _undefined = false;
    }

    public IDecoderState Copy()
    {
        var copy = new InPlaceState(_graph, _rows, (int)Math.Max(1, _positions.Max()));
        copy.CopyFrom(this);
        return copy;
    }

    public void CopyFrom(IDecoderState other)
    {
        var source = (InPlaceState)other;
        for (var row = 0; row < _rows; row++) CopyRow(row, source, row);
        _undefined = false;
    }

    /// <summary>Makes a sequence what row <paramref name="from"/> of <paramref name="source"/> is.</summary>
    public void CopyRow(int to, InPlaceState source, int from)
    {
        source.Require();
        var positions = source._positions[from];
        Reserve(positions);
        for (var i = 0; i < _buffers.Length; i++) _buffers[i].CopyRow(to, source._buffers[i], from, (int)positions);
        _positions[to] = positions;
    }

    public void Dispose()
    {
        Unbind();
        foreach (var buffer in _buffers) buffer.Dispose();
        _noPrefix.Dispose();
        _nextValue.Dispose();
        _logitsValue.Dispose();
    }

    private void Begin(int added)
    {
        Require();
        var longest = 0L;
        foreach (var position in _positions) longest = Math.Max(longest, position);
        Reserve(longest + added);
        _undefined = true;
    }

    private void End(int added)
    {
        foreach (var buffer in _buffers) buffer.Carry();
        for (var row = 0; row < _rows; row++) _positions[row] += added;
        _undefined = false;
    }

    private void Require()
    {
        if (_undefined) throw new InvalidOperationException("a call failed half-way; prefill or restore the session before it goes on");
    }

    private void Reserve(long positions)
    {
        if (positions <= Capacity) return;
        _graph.RequirePositions(positions);
        var capacity = (int)Math.Min(Math.Max(positions, Math.Max(FirstCapacity, 2L * Capacity)), _graph.MaxPositions ?? int.MaxValue);
        foreach (var buffer in _buffers) buffer.Grow(capacity);
        Capacity = capacity;
        Unbind();
    }

    private void Unbind()
    {
        if (_binding is null) return;
        _graph.Free(_binding);
        _binding = null;
    }

    private OrtIoBinding Bind()
    {
        var binding = _graph.NewBinding();
        var signature = _graph.Signature;
        binding.BindInput(signature.Prefix.Name, _noPrefix);
        binding.BindInput(signature.Stream.Name, _nextValue);
        binding.BindOutput(signature.Logits.Name, _logitsValue);
        foreach (var (state, buffer) in signature.State.Zip(_buffers))
        {
            binding.BindInput(state.Past.Name, buffer.Past);
            binding.BindOutput(state.Present.Name, buffer.Present);
        }

        return binding;
    }

    private OrtValue Row(ReadOnlySpan<byte> bytes)
    {
        if (_rows != 1) throw new InvalidOperationException("several sequences take one byte each at a time");
        return StateTensors.Row(bytes);
    }
}
