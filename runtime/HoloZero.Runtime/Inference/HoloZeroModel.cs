using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>
/// An exported model, loaded once and shared by any number of sessions. Thread-safe. Owns the graph: dispose it after its sessions.
/// </summary>
public sealed class HoloZeroModel : IDisposable
{
    private HoloZeroModel(ArtifactFolder artifact, ArtifactManifest.VariantInfo variant, OnnxGraph graph, ExecutionProvider provider,
        ModelOptions options)
    {
        (Artifact, Variant, Graph, Provider) = (artifact, variant, graph, provider);
        PrefillChunkBytes = options.PrefillChunkBytes;
        Threads = options.Threads ?? Environment.ProcessorCount;
    }

    /// <summary>The folder and manifest that it was loaded from.</summary>
    public ArtifactFolder Artifact { get; }

    /// <summary>The graph that runs.</summary>
    public ArtifactManifest.VariantInfo Variant { get; }

    /// <summary>What it runs on.</summary>
    public ExecutionProvider Provider { get; }

    /// <summary>Threads that compute one call on the processor.</summary>
    public int Threads { get; }

    /// <summary>Bytes in a prefix slot, K.</summary>
    public int SlotBytes => Artifact.Manifest.Model.SlotBytes;

    /// <summary>Logits in a row: the 256 bytes, MASK and EOS.</summary>
    public int Vocabulary => Artifact.Manifest.Model.Vocabulary;

    internal OnnxGraph Graph { get; }

    internal int PrefillChunkBytes { get; }

    /// <summary>Loads a model.</summary>
    /// <param name="folder">A folder that holozero-export wrote.</param>
    /// <param name="options">How to run it; null is the default.</param>
    /// <exception cref="BadInputException">The folder is no sound artifact, lacks the variant, or an option is out of range.</exception>
    /// <exception cref="MissingCapabilityException">
    /// The provider does not load and <see cref="ModelOptions.AllowCpuFallback"/> is off.
    /// </exception>
    public static HoloZeroModel Load(string folder, ModelOptions? options = null)
    {
        options ??= new();
        options.Validate();
        var artifact = ArtifactFolder.Open(folder, verifyHashes: false);
        var variant = artifact.Variant(options.Variant);

        OnnxEnvironment.Ensure();
        // Beside the loading, which takes as long.
        var hashes = options.VerifyHashes ? Task.Run(() => artifact.VerifyHashes(variant)) : Task.CompletedTask;
        (OnnxGraph Graph, ExecutionProvider Provider) loaded;
        try
        {
            loaded = ProviderSelection.Load(options, sessionOptions =>
                OnnxGraph.Load(artifact.PathOf(variant.File), variant, artifact.Manifest.Model.SlotBytes, sessionOptions));
        }
        catch
        {
            // Where the file is damaged, its hash says so more plainly than ONNX Runtime.
            hashes.GetAwaiter().GetResult();
            throw;
        }

        try
        {
            hashes.GetAwaiter().GetResult();
            return new(artifact, variant, loaded.Graph, loaded.Provider, options);
        }
        catch
        {
            loaded.Graph.Dispose();
            throw;
        }
    }

    /// <summary>Opens a session for one sequence. The caller disposes it.</summary>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public DecodingSession OpenSession()
    {
        Graph.ThrowIfDisposed();
        return new(this);
    }

    /// <summary>Opens a batch of <paramref name="rows"/> sequences that step together. The caller disposes it.</summary>
    /// <param name="rows">Sequences, 1 to <see cref="DecodingBatch.MaxRows"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="rows"/> is out of range.</exception>
    /// <exception cref="MissingCapabilityException">The variant keeps one position for all rows: it has no batches.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public DecodingBatch OpenBatch(int rows)
    {
        Graph.ThrowIfDisposed();
        return new(this, rows);
    }

    /// <summary>Frees the graph.</summary>
    public void Dispose() => Graph.Dispose();
}
