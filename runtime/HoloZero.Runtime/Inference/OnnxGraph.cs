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

    private OnnxGraph(InferenceSession session, ArtifactManifest.VariantInfo variant, int slotBytes)
    {
        (_session, Signature, MaxPositions, SlotBytes) = (session, variant.Signature, variant.MaxPositions, slotBytes);
        _inputs = [Signature.Prefix.Name, Signature.Stream.Name, .. Signature.State.Select(state => state.Past.Name)];
        _outputs = [Signature.Logits.Name, .. Signature.State.Select(state => state.Present.Name)];
    }

    /// <summary>Inputs and outputs.</summary>
    public ArtifactManifest.SignatureInfo Signature { get; }

    /// <summary>Positions that a sequence may have at most; null is no limit.</summary>
    public int? MaxPositions { get; }

    /// <summary>Bytes in a prefix slot, K.</summary>
    public int SlotBytes { get; }

    /// <summary>Whether the graph writes its state over what it reads.</summary>
    public bool IsInPlace => Signature.State.Any(state => state.InPlace);

    /// <summary>A state before the first byte. The caller disposes it.</summary>
    public IDecoderState NewState() => IsInPlace ? new InPlaceState(this) : new ImmutableState(this);

    /// <summary>Loads a graph and compares it with its signature.</summary>
    /// <exception cref="BadInputException">
    /// ONNX Runtime refuses the graph, or it has other inputs or outputs than the manifest says.
    /// </exception>
    public static OnnxGraph Load(string path, ArtifactManifest.VariantInfo variant, int slotBytes, SessionOptions options)
    {
        var signature = variant.Signature;
        InferenceSession? session = null;
        if (OnnxEnvironment.Try(() => session = new InferenceSession(path, options), out var error) is { } failure)
            throw new BadInputException(path, $"ONNX Runtime does not load it ({failure})", "export the model again", error);

        try
        {
            Compare(path, session!.InputMetadata, [signature.Prefix, signature.Stream, .. signature.State.Select(state => state.Past)]);
            Compare(path, session.OutputMetadata, [signature.Logits, .. signature.State.Select(state => state.Present)]);
            return signature.Logits.Shape is [_, _, { Length: ByteVocabulary.Size }] ? new(session, variant, slotBytes)
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

    /// <summary>Buffers to bind inputs and outputs to, once for many calls. The caller disposes it.</summary>
    public OrtIoBinding NewBinding() => _session.CreateIoBinding();

    /// <summary>Runs one call with bound buffers; allocates nothing.</summary>
    /// <exception cref="UnsoundModelException">The graph fails.</exception>
    public void Run(RunOptions options, OrtIoBinding binding)
    {
        ThrowIfDisposed();
        try
        {
            _session.RunWithBinding(options, binding);
        }
        catch (OnnxRuntimeException e)
        {
            throw Failure(e, prefix: 0, stream: 1, CancellationToken.None);
        }
    }

    /// <summary>Runs one call whose outputs ONNX Runtime allocates. The caller disposes them.</summary>
    /// <param name="options">Run options; their termination is reported as cancellation.</param>
    /// <param name="inputs">Every input in the order of the signature.</param>
    /// <param name="prefix">Prefix bytes among them.</param>
    /// <param name="stream">Stream bytes among them.</param>
    /// <param name="cancellation">The reason for a termination.</param>
    /// <exception cref="MissingCapabilityException">Memory is too small.</exception>
    /// <exception cref="UnsoundModelException">The graph fails.</exception>
    /// <exception cref="OperationCanceledException">Terminated.</exception>
    public IDisposableReadOnlyCollection<OrtValue> Run(RunOptions options, IReadOnlyCollection<OrtValue> inputs, int prefix, int stream,
        CancellationToken cancellation)
    {
        ThrowIfDisposed();
        try
        {
            return _session.Run(options, _inputs, inputs, _outputs);
        }
        catch (OnnxRuntimeException e)
        {
            throw Failure(e, prefix, stream, cancellation);
        }
    }

    /// <summary>The same into tensors of the caller's, in the order of the signature.</summary>
    public void Run(RunOptions options, IReadOnlyCollection<OrtValue> inputs, IReadOnlyCollection<OrtValue> outputs, int prefix, int stream,
        CancellationToken cancellation)
    {
        ThrowIfDisposed();
        try
        {
            _session.Run(options, _inputs, inputs, _outputs, outputs);
        }
        catch (OnnxRuntimeException e)
        {
            throw Failure(e, prefix, stream, cancellation);
        }
    }

    /// <summary>Refuses sequences that the graph has no room for.</summary>
    /// <exception cref="BadInputException">There are more positions than it allows.</exception>
    public void RequirePositions(long positions)
    {
        if (positions > (MaxPositions ?? long.MaxValue))
        {
            throw new BadInputException("sequence",
                $"{positions:N0} prefix slots and stream bytes are more than the {MaxPositions:N0} that this variant holds",
                "use a smaller window, or the variant portable, which has no limit");
        }
    }

    /// <summary>Refuses to go on once the model is disposed: ONNX Runtime itself would go on with freed memory.</summary>
    public void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposed, typeof(HoloZeroModel));

    /// <summary>Frees the graph; no call may be running.</summary>
    public void Dispose()
    {
        _disposed = true;
        _session.Dispose();
    }

    private static Exception Failure(OnnxRuntimeException e, int prefix, int stream, CancellationToken cancellation) => e switch
    {
        _ when cancellation.IsCancellationRequested => new OperationCanceledException(cancellation),
        _ when e.Message.Contains("allocate", StringComparison.OrdinalIgnoreCase) || e.Message.Contains("bad_alloc") =>
            new MissingCapabilityException($"memory is too small for {prefix} prefix bytes and {stream} stream bytes in one call",
                "use fewer prefix slots or shorter pieces", e),
        _ => new UnsoundModelException($"the graph fails on ONNX Runtime ({e.Message}); check the model with doctor"),
    };

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
