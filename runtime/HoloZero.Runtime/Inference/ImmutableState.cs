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
    private SharedTensors _tensors;
    private SharedTensors? _marked;
    private float[] _logits = [];

    public ImmutableState(OnnxGraph graph) => (_graph, _tensors) = (graph, SharedTensors.Fresh(graph.Signature));

    private ImmutableState(OnnxGraph graph, SharedTensors tensors) => (_graph, _tensors) = (graph, tensors);

    public void Advance(RunOptions options, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> stream, Span<float> logits,
        CancellationToken cancellation)
    {
        using var prefixValue = StateTensors.Row(prefix);
        using var streamValue = StateTensors.Row(stream);
        var results = _graph.Run(options, [prefixValue, streamValue, .. _tensors.Values], prefix.Length, stream.Length, cancellation);
        using (results[0]) results[0].GetTensorDataAsSpan<float>().CopyTo(logits);
        Adopt(new([.. results.Skip(1)]));
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
        _marked = _tensors.Share();
    }

    public void Rollback() => Adopt(_marked!.Share());

    public void Unmark()
    {
        _marked?.Release();
        _marked = null;
    }

    public void Reset() => Adopt(SharedTensors.Fresh(_graph.Signature));

    public IDecoderState Copy() => new ImmutableState(_graph, _tensors.Share());

    public void CopyFrom(IDecoderState other) => Adopt(((ImmutableState)other)._tensors.Share());

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
    private sealed class SharedTensors(OrtValue[] values)
    {
        private int _holders = 1;

        public IReadOnlyList<OrtValue> Values => values;

        public static SharedTensors Fresh(ArtifactManifest.SignatureInfo signature) =>
            new([.. signature.State.Select(state => StateTensors.Zeros(state.Past, rows: 1, positions: 0))]);

        public SharedTensors Share()
        {
            Interlocked.Increment(ref _holders);
            return this;
        }

        public void Release()
        {
            if (Interlocked.Decrement(ref _holders) > 0) return;
            foreach (var tensor in values) tensor.Dispose();
        }
    }
}
