using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>Loads a variant of an artifact and hashes its files meanwhile.</summary>
/// <param name="artifact">The artifact.</param>
/// <param name="options">How to load it.</param>
/// <param name="progress">Told how far it is.</param>
/// <param name="cancellation">Ends it early.</param>
internal sealed class ModelLoader(ArtifactFolder artifact, ModelOptions options, IProgress<LoadProgress>? progress,
    CancellationToken cancellation)
{
    private long _total;
    private long _hashed;
    private bool _loaded;

    /// <exception cref="BadInputException">A file is not what it was when it was exported.</exception>
    /// <exception cref="GraphRefusedException">The files are, and ONNX Runtime does not take the graph.</exception>
    public OnnxGraph Load(ProviderCandidate candidate, SessionOptions session)
    {
        var variant = candidate.Variant!;
        _total = options.VerifyHashes ? artifact.FilesOf(variant).Sum(file => file.Value.Bytes) : 0;
        Volatile.Write(ref _hashed, 0);
        Volatile.Write(ref _loaded, false);
        Report();
        // Beside the loading, which takes as long.
        var hashes = options.VerifyHashes ? Task.Run(() => artifact.VerifyHashes(variant, Hashed, cancellation), CancellationToken.None)
            : Task.CompletedTask;
        using var profile = candidate.Provider != ExecutionProvider.Cpu && !options.AllowCpuNodes && variant.HostNodes.Count > 0
            ? new StepProfile() : null;
        profile?.Begin(session);
        OnnxGraph? graph = null;
        try
        {
            graph = OnnxGraph.Load(artifact, variant, options, candidate.Provider, session, cancellation);
            Volatile.Write(ref _loaded, true);
            Report();
            hashes.GetAwaiter().GetResult();
            if (profile is not null) PlacementCheck.Require(StepProfile.End(graph), variant, artifact.PathOf(variant.File));
            return graph;
        }
        catch (Exception e)
        {
            graph?.Dispose();
            // Where the file is damaged, its hash says so more plainly than ONNX Runtime.
            hashes.GetAwaiter().GetResult();
            if (e is BadInputException refusal) throw new GraphRefusedException(refusal);
            throw;
        }
    }

    /// <summary>Puts a provider into a session's options, made for one variant.</summary>
    /// <returns>Why it does not load; null where it does.</returns>
    /// <exception cref="BadInputException">The folder for engines cannot be made.</exception>
    public string? Append(ProviderCandidate candidate, SessionOptions session) =>
        candidate.Provider == ExecutionProvider.TensorRt && options.DeviceMemoryBytes is not null ? "its memory cannot be limited"
        : ProviderSelection.Append(session, candidate.Provider, options,
            candidate.Provider == ExecutionProvider.TensorRt ? TensorRt(candidate.Variant!) : null);

    private Dictionary<string, string> TensorRt(ArtifactManifest.VariantInfo variant)
    {
        var (window, slotBytes) = (ContextWindowOptions.Of(artifact.Manifest), artifact.Manifest.Model.SlotBytes);
        var settings = ProviderSettings.TensorRt(options, variant.Signature, slotBytes, window, cache: null);
        if (options.EngineCacheFolder is not { } root) return settings;
        var key = EngineCache.Key(artifact.FilesOf(variant).Select(file => file.Value.Sha256), EngineCache.Devices(),
            OrtEnv.Instance().GetVersionString(), settings);
        return ProviderSettings.TensorRt(options, variant.Signature, slotBytes, window, EngineCache.Make(root, key));
    }

    private void Hashed(int bytes)
    {
        Interlocked.Add(ref _hashed, bytes);
        Report();
    }

    private void Report() => progress?.Report(new(Interlocked.Read(ref _hashed), _total, Volatile.Read(ref _loaded)));
}
