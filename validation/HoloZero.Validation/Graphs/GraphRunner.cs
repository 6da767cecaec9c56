using Google.Protobuf;
using HoloZero.Artifacts;
using HoloZero.Onnx;
using HoloZero.Runtime;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace HoloZero.Validation.Graphs;

/// <summary>A graph does not do what its manifest promises; the message says what it does instead.</summary>
internal sealed class GraphFailure(string message, Exception? inner = null) : HoloZeroException(message, inner);

/// <summary>A tensor that came out of a graph.</summary>
/// <param name="Shape">Its shape.</param>
/// <param name="Values">Its elements, exactly.</param>
internal sealed record GraphTensor(int[] Shape, double[] Values);

/// <summary>
/// Runs a graph as it lies in its file, on one provider, and hands out everything that it computes. Not the runtime's own loop on
/// purpose: it needs the state, accepts damaged artifacts, and shares none of the runtime's mistakes. Not thread-safe.
/// </summary>
internal sealed class GraphRunner : IDisposable
{
    private readonly InferenceSession _session;
    private readonly ArtifactManifest.SignatureInfo _signature;
    private readonly string[] _inputs;
    private readonly string[] _outputs;
    private readonly int _traced;

    private GraphRunner(InferenceSession session, ArtifactManifest.SignatureInfo signature, IReadOnlyList<ArtifactManifest.TraceInfo> trace)
    {
        (_session, _signature, _traced) = (session, signature, trace.Count);
        _inputs = [signature.Prefix.Name, signature.Stream.Name, .. signature.State.Select(state => state.Past.Name)];
        _outputs = [signature.Logits.Name, .. signature.State.Select(state => state.Present.Name),
            .. trace.Select(block => block.Value.Name)];
    }

    /// <summary>Loads the graph of a variant.</summary>
    /// <param name="path">Its file.</param>
    /// <param name="variant">What the manifest says about it.</param>
    /// <param name="provider">What to run it on.</param>
    /// <exception cref="GraphFailure">ONNX Runtime refuses it.</exception>
    public static GraphRunner Load(string path, ArtifactManifest.VariantInfo variant, ExecutionProvider provider) =>
        Load(options => new(path, options), variant, [], provider);

    /// <summary>
    /// The same for a copy of the graph that also gives out what its blocks compute: another graph, optimized differently.
    /// </summary>
    /// <param name="model">The graph; left as it is.</param>
    /// <param name="path">Its file, beside which external data lies.</param>
    /// <param name="variant">What the manifest says about it.</param>
    /// <param name="provider">What to run it on.</param>
    /// <exception cref="GraphFailure">ONNX Runtime refuses it.</exception>
    public static GraphRunner LoadTraced(ModelProto model, string path, ArtifactManifest.VariantInfo variant, ExecutionProvider provider)
    {
        var known = model.Graph.Output.Select(output => output.Name).ToHashSet(StringComparer.Ordinal);
        var copy = model.Clone();
        copy.Graph.Output.AddRange(variant.Trace.Where(block => known.Add(block.Value.Name))
            .Select(block => new ValueInfoProto { Name = block.Value.Name }));
        return Load(options =>
        {
            options.AddSessionConfigEntry("session.model_external_initializers_file_folder_path",
                Path.GetDirectoryName(Path.GetFullPath(path))!);
            return new(copy.ToByteArray(), options);
        }, variant, variant.Trace, provider);
    }

    /// <summary>Runs one call.</summary>
    /// <param name="prefix">Prefix bytes, as many for each sequence.</param>
    /// <param name="stream">Stream bytes, as many for each sequence.</param>
    /// <param name="past">The state before; null is fresh. The caller keeps it.</param>
    /// <param name="batch">Sequences side by side.</param>
    /// <exception cref="GraphFailure">It fails, or gives something of another shape.</exception>
    public GraphOutput Run(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> stream, GraphOutput? past = null, int batch = 1)
    {
        using var prefixRow = Row(prefix, batch);
        using var streamRow = Row(stream, batch);
        var state = past?.State ?? [.. _signature.State.Select(port => Zeros(port.Past, batch))];
        try
        {
            using var options = OnnxEnvironment.NewRunOptions();
            var results = _session.Run(options, _inputs, [prefixRow, streamRow, .. state], _outputs);
            return new([.. results], _signature.State.Count, _traced);
        }
        catch (Exception e) when (e is OnnxRuntimeException or InvalidOperationException)
        {
            throw new GraphFailure($"ONNX Runtime: {OnnxEnvironment.Words(e)}", e);
        }
        finally
        {
            if (past is null) foreach (var tensor in state) tensor.Dispose();
        }
    }

    public void Dispose() => _session.Dispose();

    private static GraphRunner Load(Func<SessionOptions, InferenceSession> open, ArtifactManifest.VariantInfo variant,
        IReadOnlyList<ArtifactManifest.TraceInfo> trace, ExecutionProvider provider)
    {
        OnnxEnvironment.Ensure();
        using var options = OnnxEnvironment.NewSessionOptions(variant.WeightBits);
        options.IntraOpNumThreads = ProcessorCores.Detect().Count;
        // Thousands of small calls: threads that spin between them only take the processor from whoever shares the machine.
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        if (ProviderSelection.Append(options, provider, new(), tensorRt: null) is { } reason)
            throw new GraphFailure($"{provider} does not load: {reason}");
        InferenceSession? session = null;
        return OnnxEnvironment.Try(() => session = open(options)) is { } failure
            ? throw new GraphFailure($"ONNX Runtime does not load it: {failure}")
            : new(session!, variant.Signature, trace);
    }

    private static OrtValue Row(ReadOnlySpan<byte> bytes, int batch)
    {
        var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, TensorElementType.UInt8,
            [batch, bytes.Length / batch]);
        bytes.CopyTo(value.GetTensorMutableRawData());
        return value;
    }

    private static OrtValue Zeros(ArtifactManifest.PortInfo port, int batch)
    {
        long[] shape = [.. port.Shape.Select(axis => axis.Length ?? (axis.Name == Models.AsymDecState.Batch ? batch : 0))];
        var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, ElementType(port.Type), shape);
        value.GetTensorMutableRawData().Clear();
        return value;
    }

    private static TensorElementType ElementType(string name)
    {
        try
        {
            return TensorTypeNames.Parse(name);
        }
        catch (BadInputException e)
        {
            throw new GraphFailure(e.Message, e);
        }
    }
}

/// <summary>What one call gave. Owns the tensors: dispose it.</summary>
internal sealed class GraphOutput(OrtValue[] values, int stateCount, int traceCount) : IDisposable
{
    /// <summary>The state, in the manifest's order.</summary>
    public OrtValue[] State { get; } = values[1..(1 + stateCount)];

    /// <summary>The logits.</summary>
    /// <exception cref="GraphFailure">They are not floating-point.</exception>
    public GraphTensor Logits => Read(values[0]);

    /// <summary>A piece of state, by its place in the manifest.</summary>
    /// <exception cref="GraphFailure">It is of a type that no state has.</exception>
    public GraphTensor StateTensor(int index) => Read(State[index]);

    /// <summary>A block's output, by its place in the manifest.</summary>
    /// <exception cref="GraphFailure">It is not floating-point.</exception>
    public GraphTensor Block(int index) =>
        index < traceCount ? Read(values[1 + stateCount + index]) : throw new ArgumentOutOfRangeException(nameof(index));

    public void Dispose()
    {
        foreach (var value in values) value.Dispose();
    }

    private static GraphTensor Read(OrtValue value)
    {
        var info = value.GetTensorTypeAndShape();
        int[] shape = [.. info.Shape.Select(length => checked((int)length))];
        if (!TensorTypeNames.TryGet(info.ElementDataType, out var type))
            throw new GraphFailure($"a tensor of {info.ElementDataType} comes out");

        var bytes = value.GetTensorMutableRawData();
        var values = new double[bytes.Length / type.SizeInBytes()];
        TensorConversion.ToFloat64(type, bytes, values);
        return new(shape, values);
    }
}
