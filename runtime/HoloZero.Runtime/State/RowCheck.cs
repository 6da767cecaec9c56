using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace HoloZero.Runtime;

/// <summary>
/// Checks several bytes of the first sequence of a set of buffers in one call, each computed as a step would. Keys and values go to their
/// places beyond the position, where nobody reads them unless they are committed; of everything else what it is after each row lies here
/// until then. Bound once for many calls. Not thread-safe.
/// </summary>
internal sealed class RowCheck : IDisposable
{
    private readonly OnnxGraph _graph;
    private readonly StateBuffer[] _buffers;
    private readonly OrtIoBinding _bound;
    private readonly List<OrtValue> _values = [];
    private readonly IMemoryBlock?[] _after;
    private readonly byte[] _bytes;
    private readonly float[] _logits;

    /// <exception cref="MissingCapabilityException">Memory is too small.</exception>
    public RowCheck(OnnxGraph graph, CheckGraph check, StateBuffer[] buffers, int capacity)
    {
        (_graph, _buffers, _after) = (graph, buffers, new IMemoryBlock?[buffers.Length]);
        (_bytes, _logits) = (new byte[check.Rows], new float[check.Rows * ByteVocabulary.Size]);
        var (signature, info) = (graph.Signature, check.Info);
        _bound = graph.NewCheckBinding();
        try
        {
            _bound.BindInput(signature.Prefix.Name, Kept(StateTensors.Allocate(TensorElementType.UInt8, [1, 0])));
            _bound.BindInput(info.Stream.Name, Kept(OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, _bytes.AsMemory(),
                [1, check.Rows])));
            _bound.BindOutput(info.Logits.Name, Kept(OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance,
                _logits.AsMemory(), [1, check.Rows, ByteVocabulary.Size])));
            for (var i = 0; i < buffers.Length; i++)
            {
                var layout = buffers[i].Layout;
                _bound.BindInput(signature.State[i].Past.Name, Kept(buffers[i].Past(1)));
                if (!layout.Grows) _after[i] = buffers[i].Memory.Allocate(check.Rows * layout.RowBytes(capacity));
                for (var row = 0; row < check.Rows; row++)
                {
                    _bound.BindOutput(info.Presents[i][row], Kept(_after[i] is { } memory
                        ? OrtValue.CreateTensorValueWithData(buffers[i].Memory.Info, layout.Type, layout.Shape(1, capacity),
                            memory.Start + (nint)(row * layout.RowBytes(capacity)), layout.RowBytes(capacity))
                        : buffers[i].Past(1)));
                }
            }
        }
        catch
        {
            Dispose();
            throw;
        }

        OrtValue Kept(OrtValue value)
        {
            _values.Add(value);
            return value;
        }
    }

    /// <summary>Bytes of memory beside the state that a check of so many rows takes.</summary>
    public static long BytesFor(StateLayout layout, int rows) =>
        rows * layout.Pieces.Where(piece => !piece.Grows).Sum(piece => piece.RowBytes(0));

    /// <summary>Runs the bytes; the sequence stays where it is.</summary>
    /// <returns>Logits [bytes, vocabulary], valid until the next call.</returns>
    public ReadOnlySpan<float> Run(RunOptions options, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_bytes);
        // The graph computes all of its rows: what nobody asked for comes last and touches no row before it.
        _bytes.AsSpan(bytes.Length).Clear();
        _graph.RunCheck(options, _bound);
        return _logits.AsSpan(0, bytes.Length * ByteVocabulary.Size);
    }

    /// <summary>Moves the sequence on by the first <paramref name="rows"/> bytes of the last call.</summary>
    public void Commit(int rows)
    {
        for (var i = 0; i < _buffers.Length; i++)
        {
            if (_after[i] is { } memory) _buffers[i].SetFirst(memory, (rows - 1L) * _buffers[i].Layout.PositionBytes);
        }
    }

    public void Dispose()
    {
        _graph.Free(_bound);
        foreach (var value in _values) value.Dispose();
        foreach (var memory in _after) memory?.Dispose();
    }
}
