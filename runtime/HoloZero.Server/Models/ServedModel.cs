using HoloZero.Artifacts;
using HoloZero.Hosting;
using HoloZero.Runtime;

namespace HoloZero.Server;

/// <summary>A model as callers of the service know it. Thread-safe. Owned by the host.</summary>
/// <param name="hosted">The model.</param>
/// <param name="options">What the service allows.</param>
/// <param name="created">Seconds since 1970 when the service began to serve it.</param>
internal sealed class ServedModel(HostedModel hosted, ServerOptions options, long created) : IDisposable
{
    private readonly SemaphoreSlim _scoring = new(1, 1);
    private readonly Lock _gate = new();
    private int _scored;
    private ByteFeatures? _features;

    /// <summary>Its name.</summary>
    public string Name => hosted.Name;

    /// <summary>Seconds since 1970.</summary>
    public long Created => created;

    /// <summary>How far it is.</summary>
    public HostedModelState State => hosted.State;

    /// <summary>What generates with it.</summary>
    public IByteGenerator Generator => hosted;

    /// <summary>The model, once it is ready.</summary>
    /// <exception cref="ApiException">It is not ready: the caller may try again.</exception>
    public async Task<HoloZeroModel> ReadyAsync(CancellationToken cancellation) => State switch
    {
        HostedModelState.Ready => await hosted.WaitUntilReadyAsync(cancellation),
        HostedModelState.Loading => throw new ApiException(
            ApiError.Unavailable($"model {Name} is loading", "model_loading", options.RetryAfterSeconds)),
        HostedModelState.Failed => throw new ModelLoadException(Name, hosted.Failure!),
        _ => throw new GeneratorStoppedException(),
    };

    /// <summary>The model if it is ready; null otherwise. For those who only tell of it.</summary>
    public async Task<HoloZeroModel?> IfReadyAsync() => State == HostedModelState.Ready ? await hosted.WaitUntilReadyAsync() : null;

    /// <summary>Runs something that computes for long beside the generator, one at a time.</summary>
    /// <exception cref="ApiException">Too many wait for that.</exception>
    public async Task<T> ScoreAsync<T>(Func<HoloZeroModel, T> score, CancellationToken cancellation)
    {
        var model = await ReadyAsync(cancellation);
        var before = Interlocked.Increment(ref _scored) - 1;
        try
        {
            if (before > options.MaxScoreQueued)
                throw new ApiException(ApiError.TooMany($"{before} texts wait to be scored already", options.RetryAfterSeconds));
            await _scoring.WaitAsync(cancellation);
            try
            {
                return await Task.Run(() => score(model), cancellation);
            }
            finally
            {
                _scoring.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _scored);
        }
    }

    /// <summary>What computes features; loaded when it is first asked for.</summary>
    /// <exception cref="ApiException">The artifact has none.</exception>
    public async Task<ByteFeatures> FeaturesAsync(CancellationToken cancellation)
    {
        var model = await ReadyAsync(cancellation);
        if (model.Artifact.Manifest.Features is null)
        {
            throw new ApiException(ApiError.Invalid("model",
                "the artifact of this model computes no features: an earlier release exported it", "features_not_exported",
                StatusCodes.Status404NotFound));
        }

        lock (_gate) return _features ??= ByteFeatures.Load(model.Artifact);
    }

    /// <summary>What changes when another graph answers: the beginning of its hash.</summary>
    public static string Fingerprint(HoloZeroModel model) =>
        $"fp_{model.Artifact.Manifest.Files[model.Variant.File].Sha256[..12]}_{model.Provider.ToString().ToLowerInvariant()}";

    /// <summary>Frees what it loaded itself.</summary>
    public void Dispose()
    {
        lock (_gate) _features?.Dispose();
        _scoring.Dispose();
    }
}

/// <summary>The models of the service by name, the default one first. Immutable and thread-safe.</summary>
internal sealed class ModelCatalog(IReadOnlyList<ServedModel> models) : IDisposable
{
    /// <summary>All of them.</summary>
    public IReadOnlyList<ServedModel> All => models;

    /// <summary>The model that a request names; the first where it names none.</summary>
    /// <exception cref="ApiException">There is none of that name.</exception>
    public ServedModel Named(string? name) => name is null ? models[0]
        : models.FirstOrDefault(model => model.Name == name) ?? throw new ApiException(ApiError.Invalid("model",
            $"there is no model {Untrusted.Quote(name)}; GET /v1/models lists them", "model_not_found", StatusCodes.Status404NotFound));

    /// <summary>Frees what they loaded themselves.</summary>
    public void Dispose()
    {
        foreach (var model in models) model.Dispose();
    }
}
