using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>
/// A loaded graph with the inputs and outputs that the manifest promises. Thread-safe. Whoever uses it does so within a call of
/// <see cref="Calls"/>: that keeps it from being freed meanwhile.
/// </summary>
internal sealed class OnnxGraph : IDisposable
{
    private readonly InferenceSession _session;
    private readonly string[] _inputs;
    private readonly string[] _outputs;
    private readonly CancellationTokenSource _closing = new();
    private readonly HashSet<OrtIoBinding> _bindings = [];

    private readonly IDisposableReadOnlyCollection<OrtMemoryInfo>? _places;
    private readonly DeviceMemory? _device;

    private OnnxGraph(InferenceSession session, ArtifactManifest.VariantInfo variant, int slotBytes, int threads, ModelOptions options,
        long weightBytes, IDeviceCopies? copies)
    {
        (_session, Signature, MaxPositions, SlotBytes) = (session, variant.Signature, variant.MaxPositions, slotBytes);
        States = new(this, StateBudget.Of(options, IsInPlace ? copies : null, weightBytes));
        var places = new Dictionary<string, OrtMemoryInfo>(StringComparer.Ordinal);
        if (copies is not null && IsInPlace)
        {
            _places = session.GetMemoryInfosForInputs();
            foreach (var (name, place) in session.InputNames.Zip(_places)) places[name] = place;
            _device = new(session, places[Signature.Stream.Name], copies);
        }

        StreamMemory = MemoryOf(Signature.Stream);
        StateMemories = [.. Signature.State.Select(state => MemoryOf(state.Past))];
        (Threads, Closing) = (threads, _closing.Token);
        _inputs = [Signature.Prefix.Name, Signature.Stream.Name, .. Signature.State.Select(state => state.Past.Name)];
        _outputs = [Signature.Logits.Name, .. Signature.State.Select(state => state.Present.Name)];

        // Where the graph reads it: on a device there are inputs that it wants from the host.
        StateMemory MemoryOf(ArtifactManifest.PortInfo port) =>
            _device is not null && places[port.Name].Equals(_device.Info) ? _device : HostMemory.Instance;
    }

    /// <summary>Inputs and outputs.</summary>
    public ArtifactManifest.SignatureInfo Signature { get; }

    /// <summary>Positions that a sequence may have at most; null is no limit.</summary>
    public int? MaxPositions { get; }

    /// <summary>Bytes in a prefix slot, K.</summary>
    public int SlotBytes { get; }

    /// <summary>Threads that compute one call on the processor.</summary>
    public int Threads { get; }

    /// <summary>Computes several steps of a sequence at once; null where the artifact has none or nobody wants it.</summary>
    public CheckGraph? Check { get; init; }

    /// <summary>The calls that use it.</summary>
    public CallGate Calls { get; } = new();

    /// <summary>Cancelled when it is to be freed: long calls end early.</summary>
    public CancellationToken Closing { get; }

    /// <summary>Whether the graph writes its state over what it reads.</summary>
    public bool IsInPlace => Signature.State.Any(state => state.InPlace);

    /// <summary>Where the bytes of a step go in.</summary>
    public StateMemory StreamMemory { get; }

    /// <summary>Where each piece of the state lies, in the order of the signature.</summary>
    public IReadOnlyList<StateMemory> StateMemories { get; }

    /// <summary>Where the states of its sequences come from.</summary>
    public StateStore States { get; }

    /// <summary>Loads a graph and compares it with its signature.</summary>
    /// <exception cref="BadInputException">
    /// ONNX Runtime refuses the graph, or it has other inputs or outputs than the manifest says.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static OnnxGraph Load(ArtifactFolder artifact, ArtifactManifest.VariantInfo variant, ModelOptions modelOptions,
        ExecutionProvider provider, SessionOptions options, CancellationToken cancellation)
    {
        var copies = provider == ExecutionProvider.Cuda ? new CudaCopies(modelOptions.DeviceId) : null;
        return Load(artifact, variant, modelOptions, provider, options, copies, cancellation);
    }

    /// <summary>The same with states in memory that <paramref name="copies"/> reach; null leaves them to the host.</summary>
    internal static OnnxGraph Load(ArtifactFolder artifact, ArtifactManifest.VariantInfo variant, ModelOptions modelOptions,
        ExecutionProvider provider, SessionOptions options, IDeviceCopies? copies, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        using var cancelled = cancellation.Register(() => options.SetLoadCancellationFlag(true));
        var path = artifact.PathOf(variant.File);
        var signature = variant.Signature;
        var session = GraphSession.Load(artifact, variant.File, options,
            [signature.Prefix, signature.Stream, .. signature.State.Select(state => state.Past)],
            [signature.Logits, .. signature.State.Select(state => state.Present)], cancellation);
        try
        {
            if (signature.Logits.Shape is not [_, _, { Length: ByteVocabulary.Size }])
            {
                throw new BadInputException(path, $"its logits are [{string.Join(", ", signature.Logits.Shape)}], not rows of "
                    + $"{ByteVocabulary.Size}", "export the model again");
            }

            return new(session, variant, artifact.Manifest.Model.SlotBytes, options.IntraOpNumThreads, modelOptions,
                variant.WeightBytes ?? artifact.FilesOf(variant).Sum(file => file.Value.Bytes), copies)
            {
                Check = modelOptions.Speculation && provider == ExecutionProvider.Cpu && variant.Check is not null
                    ? CheckGraph.Load(artifact, variant, options, cancellation) : null,
            };
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Buffers to bind inputs and outputs to, once for many calls. The caller frees it by <see cref="Free"/>.</summary>
    public OrtIoBinding NewBinding() => NewBinding(_session);

    /// <summary>The same for <see cref="RunCheck"/>.</summary>
    public OrtIoBinding NewCheckBinding() => NewBinding(Check!.Session);

    private OrtIoBinding NewBinding(InferenceSession session)
    {
        lock (_bindings)
        {
            var binding = session.CreateIoBinding();
            _bindings.Add(binding);
            return binding;
        }
    }

    /// <summary>Frees a binding, unless this graph has done so: a binding refers to its graph, and its owner may outlive that.</summary>
    public void Free(OrtIoBinding binding)
    {
        lock (_bindings)
        {
            if (_bindings.Remove(binding)) binding.Dispose();
        }
    }

    /// <summary>Runs one call with bound buffers; allocates nothing.</summary>
    /// <exception cref="UnsoundModelException">The graph fails.</exception>
    /// <exception cref="ObjectDisposedException">Terminated, as it is to be freed.</exception>
    public void Run(RunOptions options, OrtIoBinding binding) => Run(_session, options, binding);

    /// <summary>The same with <see cref="Check"/>.</summary>
    public void RunCheck(RunOptions options, OrtIoBinding binding) => Run(Check!.Session, options, binding);

    private void Run(InferenceSession session, RunOptions options, OrtIoBinding binding)
    {
        try
        {
            session.RunWithBinding(options, binding);
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
    /// <exception cref="ObjectDisposedException">Terminated, as it is to be freed.</exception>
    public IDisposableReadOnlyCollection<OrtValue> Run(RunOptions options, IReadOnlyCollection<OrtValue> inputs, int prefix, int stream,
        CancellationToken cancellation)
    {
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
        try
        {
            _session.Run(options, _inputs, inputs, _outputs, outputs);
        }
        catch (OnnxRuntimeException e)
        {
            throw Failure(e, prefix, stream, cancellation);
        }
    }

    /// <summary>Waits until whatever was copied among states on a device is there.</summary>
    public void FinishCopies() => _device?.Finish();

    /// <summary>Ends the profile that the session's options began.</summary>
    /// <returns>Its file.</returns>
    public string EndProfiling() => _session.EndProfiling();

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

    /// <summary>Refuses to begin more when it is to be freed.</summary>
    public void ThrowIfClosing() => ObjectDisposedException.ThrowIf(Calls.IsClosed, typeof(HoloZeroModel));

    /// <summary>Refuses further calls, asks long ones to end, waits for those under way, then frees the graph.</summary>
    public void Dispose() => Calls.Close(_closing.Cancel, () =>
    {
        lock (_bindings)
        {
            foreach (var binding in _bindings) binding.Dispose();
            _bindings.Clear();
        }

        Check?.Dispose();
        _device?.Dispose();
        _places?.Dispose();
        _session.Dispose();
        _closing.Dispose();
    });

    private Exception Failure(OnnxRuntimeException e, int prefix, int stream, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested) return new OperationCanceledException(cancellation);
        if (Calls.IsClosed) return new ObjectDisposedException(typeof(HoloZeroModel).FullName);
        var failure = OnnxEnvironment.Words(e);
        return Computes(prefix, stream)
            ? new MissingCapabilityException($"{prefix:N0} prefix bytes and {stream:N0} stream bytes in one call are too much for this "
                + $"machine, though fewer are not ({failure})", "use fewer prefix slots or shorter pieces")
            : new UnsoundModelException($"the graph fails on ONNX Runtime ({failure}); check the model with doctor");
    }

    /// <summary>
    /// Whether the graph computes a slot and two bytes where it failed for more: then it is the amount that this machine cannot take.
    /// ONNX Runtime has no code for exhausted memory that would tell.
    /// </summary>
    private bool Computes(int prefix, int stream)
    {
        const int few = 2;
        if (prefix <= SlotBytes && stream <= few) return false;
        try
        {
            using var state = States.Rent(SlotBytes + few);
            using var options = OnnxEnvironment.NewRunOptions();
            stream = Math.Min(stream, few);
            state.Advance(options, new byte[Math.Min(prefix, SlotBytes)], new byte[stream], new float[stream * ByteVocabulary.Size],
                CancellationToken.None);
            return true;
        }
        catch (UnsoundModelException)
        {
            return false;
        }
    }
}
