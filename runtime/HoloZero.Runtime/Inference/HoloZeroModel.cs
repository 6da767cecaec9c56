using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>
/// An exported model, loaded once and shared by any number of sessions and generations. Thread-safe. Owns the graph: dispose it, at any
/// time. Its sessions, batches and snapshots may outlive it, but then refuse every call by <see cref="ObjectDisposedException"/>.
/// </summary>
public sealed class HoloZeroModel : IDisposable
{
    private HoloZeroModel(ArtifactFolder artifact, SelectedGraph selected, ModelOptions options)
    {
        (Artifact, Variant, Graph) = (artifact, selected.Taken.Variant!, selected.Graph);
        (Provider, NotTaken) = (selected.Taken.Provider, selected.NotTaken);
        PrefillChunkBytes = options.PrefillChunkBytes;
    }

    /// <summary>The folder and manifest that it was loaded from.</summary>
    public ArtifactFolder Artifact { get; }

    /// <summary>The graph that runs.</summary>
    public ArtifactManifest.VariantInfo Variant { get; }

    /// <summary>What it runs on; never <see cref="ExecutionProvider.Auto"/>.</summary>
    public ExecutionProvider Provider { get; }

    /// <summary>
    /// Providers that <see cref="ExecutionProvider.Auto"/> would have preferred, and why it could not have them; empty otherwise.
    /// </summary>
    public IReadOnlyList<ProviderRefusal> NotTaken { get; }

    /// <summary>Threads that compute one call on the processor.</summary>
    public int Threads => Graph.Threads;

    /// <summary>Bytes in a prefix slot, K.</summary>
    public int SlotBytes => Artifact.Manifest.Model.SlotBytes;

    /// <summary>
    /// Whether every stream begins with an origin byte 0x00, which sessions and generations put there themselves. It has logits of its own:
    /// those of the first stream byte.
    /// </summary>
    public bool HasStreamOrigin => Artifact.Manifest.Model.StreamOrigin == ArtifactManifest.ModelInfo.ZeroOrigin;

    /// <summary>Logits in a row: the 256 bytes, MASK and EOS.</summary>
    public int Vocabulary => Artifact.Manifest.Model.Vocabulary;

    /// <summary>How much context a generation keeps where its options say nothing.</summary>
    /// <value>What the artifact was made for; where it does not say, the default.</value>
    public ContextWindowOptions Window => ContextWindowOptions.Of(Artifact.Manifest);

    internal OnnxGraph Graph { get; }

    /// <summary>What to guess by beside the bytes so far; null where there is nothing.</summary>
    internal DraftTable? Drafts { get; private init; }

    internal int PrefillChunkBytes { get; }

    /// <summary>Loads a model.</summary>
    /// <param name="folder">A folder that holozero-export wrote.</param>
    /// <param name="options">How to run it; null is the default.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="BadInputException">The folder is no sound artifact, lacks the variant, or an option is out of range.</exception>
    /// <exception cref="MissingCapabilityException">
    /// The provider that was named does not load, or cannot run the graph whole.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static HoloZeroModel Load(string folder, ModelOptions? options = null, CancellationToken cancellation = default) =>
        Load(folder, options ?? new(), ProcessorCores.Detect(), null, cancellation);

    /// <summary>Loads a model from an artifact that is open: from memory or an archive, for example.</summary>
    /// <param name="artifact">What holozero-export wrote. Of one in memory the bytes stay there for as long as the model does.</param>
    /// <param name="options">How to run it; null is the default.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="BadInputException">The artifact is not sound, lacks the variant, or an option is out of range.</exception>
    /// <exception cref="MissingCapabilityException">
    /// The provider that was named does not load, or cannot run the graph whole.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static HoloZeroModel Load(ArtifactFolder artifact, ModelOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        return Load(() => artifact, options ?? new(), ProcessorCores.Detect(), null, cancellation);
    }

    /// <summary>The same on the thread pool.</summary>
    /// <param name="folder">A folder that holozero-export wrote.</param>
    /// <param name="options">How to run it; null is the default.</param>
    /// <param name="progress">Told how far it is, by the threads that load.</param>
    /// <param name="cancellation">Ends it early; nothing is left then.</param>
    /// <exception cref="BadInputException">The folder is no sound artifact, lacks the variant, or an option is out of range.</exception>
    /// <exception cref="MissingCapabilityException">
    /// The provider that was named does not load, or cannot run the graph whole.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static Task<HoloZeroModel> LoadAsync(string folder, ModelOptions? options = null, IProgress<LoadProgress>? progress = null,
        CancellationToken cancellation = default) =>
        Task.Run(() => Load(folder, options ?? new(), ProcessorCores.Detect(), progress, cancellation), cancellation);

    /// <param name="folder">A folder that holozero-export wrote.</param>
    /// <param name="options">How to run it.</param>
    /// <param name="cores">What a call computes with where the options say nothing.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellation">Ends it early.</param>
    internal static HoloZeroModel Load(string folder, ModelOptions options, ProcessorCores cores, IProgress<LoadProgress>? progress = null,
        CancellationToken cancellation = default) =>
        Load(() => ArtifactFolder.Open(folder, verifyHashes: false), options, cores, progress, cancellation);

    private static HoloZeroModel Load(Func<ArtifactFolder> open, ModelOptions options, ProcessorCores cores,
        IProgress<LoadProgress>? progress, CancellationToken cancellation)
    {
        options.Validate();
        cancellation.ThrowIfCancellationRequested();
        var artifact = open();
        var selected = Select(artifact, options, cores, new(artifact, options, progress, cancellation), _ => { });
        try
        {
            return new(artifact, selected, options) { Drafts = selected.Graph.Check is null ? null : ReadDrafts(artifact) };
        }
        catch
        {
            selected.Graph.Dispose();
            throw;
        }
    }

    /// <summary>Loads the graph that a model would run, and no model. The caller disposes it.</summary>
    /// <param name="artifact">The artifact.</param>
    /// <param name="options">How to run it.</param>
    /// <param name="adjust">Changes the session's options before it is made.</param>
    /// <param name="cancellation">Ends it early.</param>
    internal static OnnxGraph LoadGraph(ArtifactFolder artifact, ModelOptions options, Action<SessionOptions> adjust,
        CancellationToken cancellation)
    {
        options.Validate();
        return Select(artifact, options, ProcessorCores.Detect(), new(artifact, options, null, cancellation), adjust).Graph;
    }

    private static SelectedGraph Select(ArtifactFolder artifact, ModelOptions options, ProcessorCores cores, ModelLoader loader,
        Action<SessionOptions> adjust)
    {
        OnnxEnvironment.Ensure();
        return ProviderSelection.Load(artifact, options, cores.Count, (candidate, session) =>
        {
            adjust(session);
            return loader.Load(candidate, session);
        }, loader.Append);
    }

    /// <summary>Opens a session for one sequence. The caller disposes it.</summary>
    /// <exception cref="MissingCapabilityException">Memory is too small for its state.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public DecodingSession OpenSession() => Within(() => new DecodingSession(this));

    /// <summary>Opens a batch of <paramref name="rows"/> sequences that step together. The caller disposes it.</summary>
    /// <param name="rows">Sequences, 1 to <see cref="DecodingBatch.MaxRows"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="rows"/> is out of range.</exception>
    /// <exception cref="MissingCapabilityException">
    /// The variant keeps one position for all rows: it has no batches. Or memory is too small.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public DecodingBatch OpenBatch(int rows) => Within(() => new DecodingBatch(this, rows));

    /// <summary>
    /// Refuses further calls, then waits for those under way on other threads, then frees the graph. A step ends as if nothing were; a
    /// longer call is interrupted, and a generation ends, by <see cref="ObjectDisposedException"/>.
    /// </summary>
    public void Dispose() => Graph.Dispose();

    private static DraftTable? ReadDrafts(ArtifactFolder artifact)
    {
        if (artifact.Manifest.Drafts is not { } info) return null;
        var path = artifact.PathOf(info.File);
        using var stream = artifact.OpenRead(info.File);
        var table = DraftTable.Read(path, stream);
        return table.CheckpointSha256 == artifact.Manifest.Source.Sha256 ? table
            : throw new BadInputException(path, "these are the drafts of another model", "export the model again");
    }

    /// <summary>Runs something within a call, so that the graph is not freed meanwhile.</summary>
    internal T Within<T>(Func<T> open)
    {
        ObjectDisposedException.ThrowIf(!Graph.Calls.TryEnter(), this);
        try
        {
            return open();
        }
        finally
        {
            Graph.Calls.Leave();
        }
    }
}

/// <summary>How far loading a model is: its files are hashed while ONNX Runtime reads and optimizes the graph.</summary>
/// <param name="HashedBytes">Bytes hashed so far.</param>
/// <param name="TotalBytes">Bytes to hash; 0 where hashes are not asked for.</param>
/// <param name="GraphLoaded">Whether the graph is loaded.</param>
public readonly record struct LoadProgress(long HashedBytes, long TotalBytes, bool GraphLoaded);
