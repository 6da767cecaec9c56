using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>
/// State of graphs that return new tensors in every call: none is ever written to once made, so copies share them, and the last one to
/// release them frees them.
/// </summary>
internal sealed class ImmutableState : IDecoderState
{
    private readonly OnnxGraph _graph;
    private readonly StateStore _store;
    private SharedTensors _tensors;
    private SharedTensors? _marked;
    private long _markedPosition;
    private float[] _logits = [];

    public ImmutableState(OnnxGraph graph, StateStore store)
        : this(graph, store, SharedTensors.Fresh(graph.Signature, store), 0)
    {
    }

    private ImmutableState(OnnxGraph graph, StateStore store, SharedTensors tensors, long position) =>
        (_graph, _store, _tensors, Position) = (graph, store, tensors, position);

    public long Position { get; private set; }

    public long Bytes => _tensors.Bytes;

    public void Advance(RunOptions options, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> stream, Span<float> logits,
        CancellationToken cancellation)
    {
        using var prefixValue = StateTensors.Row(prefix);
        using var streamValue = StateTensors.Row(stream);
        var results = _graph.Run(options, [prefixValue, streamValue, .. _tensors.Values], prefix.Length, stream.Length, cancellation);
        using (results[0]) results[0].GetTensorDataAsSpan<float>().CopyTo(logits);
        Adopt(SharedTensors.Of([.. results.Skip(1)], _store));
        Position += prefix.Length / _graph.SlotBytes + stream.Length;
    }

    public ReadOnlySpan<float> Step(RunOptions options, byte next)
    {
        if (_logits.Length == 0) _logits = new float[ByteVocabulary.Size];
        Advance(options, [], [next], _logits, CancellationToken.None);
        return _logits;
    }

    public void Mark()
    {
        Unmark();
        (_marked, _markedPosition) = (_tensors.Share(), Position);
    }

    public void Rollback()
    {
        Adopt(_marked!.Share());
        Position = _markedPosition;
    }

    public void Unmark()
    {
        _marked?.Release();
        _marked = null;
    }

    public void Reset()
    {
        Adopt(SharedTensors.Fresh(_graph.Signature, _store));
        Position = 0;
    }

    public IDecoderState Copy() => new ImmutableState(_graph, _store, _tensors.Share(), Position);

    public void CopyFrom(IDecoderState other)
    {
        Adopt(((ImmutableState)other)._tensors.Share());
        Position = other.Position;
    }

    public void Dispose()
    {
        _tensors.Release();
        Unmark();
    }

    private void Adopt(SharedTensors tensors)
    {
        _tensors.Release();
        _tensors = tensors;
    }

    /// <summary>Tensors in the manifest's order, with a count of those who hold them. Thread-safe.</summary>
    private sealed class SharedTensors(OrtValue[] values, long bytes, StateStore store)
    {
        private int _holders = 1;

        public IReadOnlyList<OrtValue> Values => values;

        public long Bytes => bytes;

        public static SharedTensors Fresh(ArtifactManifest.SignatureInfo signature, StateStore store) =>
            Of([.. signature.State.Select(state => StateTensors.Zeros(state.Past, rows: 1, positions: 0))], store);

        /// <summary>Takes tensors over.</summary>
        public static SharedTensors Of(OrtValue[] values, StateStore store)
        {
            try
            {
                var bytes = values.Sum(value => (long)value.GetTensorMutableRawData().Length);
                store.Charge(bytes);
                return new(values, bytes, store);
            }
            catch
            {
                foreach (var value in values) value.Dispose();
                throw;
            }
        }

        public SharedTensors Share()
        {
            Interlocked.Increment(ref _holders);
            return this;
        }

        public void Release()
        {
            if (Interlocked.Decrement(ref _holders) > 0) return;
            foreach (var tensor in values) tensor.Dispose();
            store.Release(bytes);
        }
    }
}
