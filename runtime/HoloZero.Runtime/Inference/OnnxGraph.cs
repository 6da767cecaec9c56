using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>A loaded graph with the inputs and outputs that the manifest promises. Thread-safe.</summary>
internal sealed class OnnxGraph : IDisposable
{
    private readonly InferenceSession _session;
    private readonly string[] _inputs;
    private readonly string[] _outputs;
    private volatile bool _disposed;

    private OnnxGraph(InferenceSession session, ArtifactManifest.SignatureInfo signature)
    {
        _session = session;
        _inputs = [signature.Prefix.Name, signature.Stream.Name, .. signature.State.Select(state => state.Past.Name)];
        _outputs = [signature.Logits.Name, .. signature.State.Select(state => state.Present.Name)];
    }

    /// <summary>Loads a graph and compares it with its signature.</summary>
    /// <exception cref="BadInputException">
    /// ONNX Runtime refuses the graph, or it has other inputs or outputs than the manifest says.
    /// </exception>
    public static OnnxGraph Load(string path, ArtifactManifest.SignatureInfo signature, SessionOptions options)
    {
        InferenceSession? session = null;
        if (OnnxEnvironment.Try(() => session = new InferenceSession(path, options), out var error) is { } failure)
            throw new BadInputException(path, $"ONNX Runtime does not load it ({failure})", "export the model again", error);

        try
        {
            Compare(path, session!.InputMetadata, [signature.Prefix, signature.Stream, .. signature.State.Select(state => state.Past)]);
            Compare(path, session.OutputMetadata, [signature.Logits, .. signature.State.Select(state => state.Present)]);
            return signature.Logits.Shape is [_, _, { Length: ByteVocabulary.Size }] ? new(session, signature)
                : throw new BadInputException(path,
                    $"its logits are [{string.Join(", ", signature.Logits.Shape)}], not rows of {ByteVocabulary.Size}",
                    "export the model again");
        }
        catch
        {
            session!.Dispose();
            throw;
        }
    }

    /// <summary>Runs one call.</summary>
    /// <param name="options">Run options; their termination is reported as cancellation.</param>
    /// <param name="prefix">Prefix bytes.</param>
    /// <param name="stream">Stream bytes.</param>
    /// <param name="past">The state before; the caller keeps it.</param>
    /// <param name="logits">Filled: [stream, vocabulary].</param>
    /// <param name="cancellation">The reason for a termination.</param>
    /// <returns>The state after, held once for the caller.</returns>
    /// <exception cref="MissingCapabilityException">Memory is too small.</exception>
    /// <exception cref="UnsoundModelException">The graph fails.</exception>
    public DecoderState Run(RunOptions options, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> stream, DecoderState past, Span<float> logits,
        CancellationToken cancellation)
    {
        ThrowIfDisposed();
        using var prefixValue = Row(prefix);
        using var streamValue = Row(stream);
        IDisposableReadOnlyCollection<OrtValue> results;
        try
        {
            results = _session.Run(options, _inputs, [prefixValue, streamValue, .. past.Tensors], _outputs);
        }
        catch (OnnxRuntimeException) when (cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellation);
        }
        catch (OnnxRuntimeException e)
            when (e.Message.Contains("allocate", StringComparison.OrdinalIgnoreCase) || e.Message.Contains("bad_alloc"))
        {
            throw new MissingCapabilityException(
                $"memory is too small for {prefix.Length} prefix bytes and {stream.Length} stream bytes in one call",
                "use fewer prefix slots or shorter pieces", e);
        }
        catch (OnnxRuntimeException e)
        {
            throw new UnsoundModelException($"the graph fails on ONNX Runtime ({e.Message}); check the model with doctor");
        }

        using (results[0]) results[0].GetTensorDataAsSpan<float>().CopyTo(logits);
        return new([.. results.Skip(1)]);
    }

    /// <summary>Refuses to go on once the model is disposed: ONNX Runtime itself would go on with freed memory.</summary>
    public void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposed, typeof(HoloZeroModel));

    /// <summary>Frees the graph; no call may be running.</summary>
    public void Dispose()
    {
        _disposed = true;
        _session.Dispose();
    }

    private static OrtValue Row(ReadOnlySpan<byte> bytes)
    {
        var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance,
            Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.UInt8, [1, bytes.Length]);
        bytes.CopyTo(value.GetTensorMutableRawData());
        return value;
    }

    private static void Compare(string path, IReadOnlyDictionary<string, NodeMetadata> actual,
        IReadOnlyList<ArtifactManifest.PortInfo> expected)
    {
        foreach (var port in expected)
        {
            if (!actual.TryGetValue(port.Name, out var found)) throw Mismatch($"it lacks {Untrusted.Quote(port.Name)}");
            if (found.ElementDataType != TensorTypeNames.Parse(port.Type))
                throw Mismatch($"{Untrusted.Quote(port.Name)} is {found.ElementDataType}, not {port.Type}");
            if (!found.Dimensions.SequenceEqual(port.Shape.Select(axis => (int)(axis.Length ?? -1))))
            {
                throw Mismatch($"{Untrusted.Quote(port.Name)} has shape [{string.Join(", ", found.Dimensions)}], "
                    + $"not [{string.Join(", ", port.Shape)}]");
            }
        }

        if (actual.Count != expected.Count)
            throw Mismatch($"it has {actual.Count} inputs or outputs where the manifest has {expected.Count}");

        BadInputException Mismatch(string what) => new(path, $"the manifest does not match this graph: {what}", "export the model again");
    }
}
