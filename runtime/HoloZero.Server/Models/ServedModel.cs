using HoloZero.Artifacts;
using HoloZero.Hosting;
using HoloZero.Media;
using HoloZero.Runtime;

namespace HoloZero.Server;

/// <summary>A model as callers of the service know it. Thread-safe. Owned by the host.</summary>
/// <param name="hosted">The model.</param>
/// <param name="options">What the service allows.</param>
/// <param name="created">Seconds since 1970 when the service began to serve it.</param>
/// <param name="room">The window it is used with.</param>
/// <param name="reading">Where pictures and sound of all models are read, one after the other: each may take hundreds of megabytes.</param>
internal sealed class ServedModel(HostedModel hosted, ServerOptions options, long created, WindowRoom room,
    SideWork reading) : IDisposable
{
    private readonly SideWork _scoring = new(options.MaxScoreQueued, "texts wait to be scored", options.RetryAfterSeconds);
    private readonly Lock _gate = new();
    private ByteFeatures? _features;
    private MediaReader? _reader;

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

    /// <summary>The window where a request names none.</summary>
    public ContextWindowOptions WindowOf(HoloZeroModel model) => room.Of(model.Window);

    /// <summary>The model if it is ready; null otherwise. For those who only tell of it.</summary>
    public async Task<HoloZeroModel?> IfReadyAsync() => State == HostedModelState.Ready ? await hosted.WaitUntilReadyAsync() : null;

    /// <summary>Runs something that computes for long beside the generator, one at a time.</summary>
    /// <exception cref="ApiException">Too many wait for that.</exception>
    public async Task<T> ScoreAsync<T>(Func<HoloZeroModel, T> score, CancellationToken cancellation)
    {
        var model = await ReadyAsync(cancellation);
        return await _scoring.RunAsync(() => score(model), cancellation);
    }

    /// <summary>Puts a window together by the graphs of the artifact.</summary>
    /// <exception cref="ApiException">The artifact has no such graphs, or too many wait.</exception>
    /// <exception cref="BadInputException">A file cannot be read; <see cref="BadInputException.Where"/> is the field.</exception>
    public async Task<FilmWindow> WindowAsync(FilmWindowParts parts, CancellationToken cancellation)
    {
        var artifact = (await ReadyAsync(cancellation)).Artifact;
        string[] needed = [.. parts.Picture is null ? Array.Empty<string>() : [ArtifactManifest.MediaInfo.Picture],
            .. parts.Sound is null ? Array.Empty<string>() : [ArtifactManifest.MediaInfo.Sound]];
        if (needed.FirstOrDefault(name => artifact.Manifest.Media.All(graph => graph.Name != name)) is { } missing)
        {
            throw new ApiException(ApiError.Invalid("model", $"the artifact of model {Name} has no graph that reads a {missing}: an "
                + "earlier release exported it; export it again, or name another model", "media_not_exported",
                StatusCodes.Status404NotFound));
        }

        if (needed.Length == 0) return parts.Compose(reader: null);
        return await reading.RunAsync(() =>
        {
            MediaReader reader;
            lock (_gate) reader = _reader ??= new(artifact);
            return parts.Compose(Load(() =>
            {
                foreach (var name in needed) reader.Load(name);
                return reader;
            }));
        }, cancellation);
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

        lock (_gate) return _features ??= Load(() => ByteFeatures.Load(model.Artifact));
    }

    /// <summary>What changes when another graph answers: the beginning of its hash.</summary>
    public static string Fingerprint(HoloZeroModel model) =>
        $"fp_{model.Artifact.Manifest.Files[model.Variant.File].Sha256[..12]}_{model.Provider.ToString().ToLowerInvariant()}";

    /// <summary>Frees what it loaded itself.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _features?.Dispose();
            _reader?.Dispose();
        }

        _scoring.Dispose();
    }

    /// <summary>Loads a graph; what is wrong with it is no caller's fault.</summary>
    private T Load<T>(Func<T> load)
    {
        try
        {
            return load();
        }
        catch (HoloZeroException e)
        {
            var error = new ApiError(StatusCodes.Status500InternalServerError,
                $"the artifact of model {Name} cannot be used for this; the service's log says why", "server_error", Code: "model_failed");
            throw new ApiException(error, e);
        }
    }
}

/// <summary>The models of the service by name, the default one first. Immutable and thread-safe.</summary>
/// <param name="models">All of them; owned.</param>
/// <param name="reading">Where they read pictures and sound; owned.</param>
internal sealed class ModelCatalog(IReadOnlyList<ServedModel> models, SideWork reading) : IDisposable
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
        reading.Dispose();
    }
}
