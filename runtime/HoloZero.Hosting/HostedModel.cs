using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using HoloZero.Artifacts;
using HoloZero.Runtime;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace HoloZero.Hosting;

/// <summary>How far a hosted model is.</summary>
public enum HostedModelState
{
    /// <summary>It loads, checks itself and warms up, or the host has not started yet. Who generates waits.</summary>
    Loading,

    /// <summary>It generates.</summary>
    Ready,

    /// <summary>It did not load; <see cref="HostedModel.Failure"/> says why.</summary>
    Failed,

    /// <summary>The host stops: nothing new is taken, what runs may end.</summary>
    Stopping,

    /// <summary>It is disposed.</summary>
    Stopped,
}

/// <summary>The model did not load, so that nothing can be generated; the inner exception is why.</summary>
/// <param name="model">Its name.</param>
/// <param name="cause">What its loading threw.</param>
public sealed class ModelLoadException(string model, Exception cause)
    : HoloZeroException(Untrusted.OneLine($"model {Untrusted.Quote(model)} did not load: {cause.Message}"), cause);

/// <summary>
/// A model in a host: the generator that <c>AddHoloZero</c> registers. It can be used from the moment it is injected: what is asked of it
/// before it is ready waits, without a thread. Thread-safe. Owned by the host, which disposes it.
/// </summary>
public sealed partial class HostedModel : IByteGenerator, IDisposable
{
    /// <summary>Name of the source of traces: one activity a generation, and only while somebody listens.</summary>
    public const string ActivitySourceName = "HoloZero.Runtime";

    private readonly OptionsSource _source;
    private readonly HoloZeroOptions _options;
    private readonly IMeterFactory? _meters;
    private readonly IHostApplicationLifetime? _host;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private HoloZeroModel? _model;
    private ByteGenerator? _generator;
    private Task? _load;
    private Task? _stop;

    internal HostedModel(string name, OptionsSource source, HoloZeroOptions options, ILoggerFactory loggers, IMeterFactory? meters,
        IHostApplicationLifetime? host)
    {
        (Name, _source, _options, _meters, _host) = (name, source, options, meters, host);
        _logger = loggers.CreateLogger<HostedModel>();
    }

    /// <summary>The name that it was added by.</summary>
    public string Name { get; }

    /// <summary>How far it is.</summary>
    public HostedModelState State
    {
        get
        {
            lock (_gate) return field;
        }

        private set
        {
            lock (_gate)
            {
                // Only forward: loading that ends while the host stops makes nothing ready.
                if (value > field) field = value;
            }
        }
    }

    /// <summary>Why it did not load; null where it did, or has not yet.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>The name of the graph that runs; null before one is loaded.</summary>
    public string? Variant { get; private set; }

    /// <summary>What it does and has done; null before it is ready and after it is stopped.</summary>
    public GeneratorStatistics? Statistics => State is HostedModelState.Ready or HostedModelState.Stopping ? _generator?.Statistics : null;

    /// <summary>The loaded model, at any time; for tests.</summary>
    internal HoloZeroModel? Loaded => _model;

    /// <summary>Waits until it is ready.</summary>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>The model. The host owns it: do not dispose it, and expect it to be disposed when the host stops.</returns>
    /// <exception cref="ModelLoadException">It did not load.</exception>
    /// <exception cref="GeneratorStoppedException">The host stops.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<HoloZeroModel> WaitUntilReadyAsync(CancellationToken cancellation = default) =>
        (await ReadyAsync(cancellation).ConfigureAwait(false)).Model;

    /// <inheritdoc/>
    /// <exception cref="ModelLoadException">At the first piece: the model did not load.</exception>
    public IAsyncEnumerable<GenerationChunk> GenerateAsync(ReadOnlyMemory<byte> prompt, GenerationOptions options,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        // What is wrong with the options is told at once, as far as it is known.
        var ready = State == HostedModelState.Ready ? _generator?.GenerateAsync(prompt, options, cancellation) : null;
        if (ready is null) options.Validate();
        return Enumerate(ready, prompt, options, cancellation);
    }

    /// <summary>Ends what is under way, loading included, and frees the model.</summary>
    /// <returns>Done once all is freed; never fails.</returns>
    public ValueTask DisposeAsync() => new(StopAsync(new CancellationToken(canceled: true)));

    /// <summary>The same for containers that are disposed so; waits for it.</summary>
    public void Dispose() => StopAsync(new CancellationToken(canceled: true)).GetAwaiter().GetResult();

    /// <summary>Begins to load on the thread pool, once.</summary>
    internal void BeginLoading()
    {
        lock (_gate)
        {
            if (_stop is null) _load ??= Task.Run(LoadAsync, CancellationToken.None);
        }
    }

    /// <summary>Stops, once; who asks again waits for the same end.</summary>
    /// <param name="grace">Ends the grace early.</param>
    /// <returns>Done once all is freed; never fails.</returns>
    internal Task StopAsync(CancellationToken grace)
    {
        lock (_gate) return _stop ??= Task.Run(() => StopOnceAsync(grace), CancellationToken.None);
    }

    private async Task StopOnceAsync(CancellationToken hostGrace)
    {
        State = HostedModelState.Stopping;
        await _stopping.CancelAsync().ConfigureAwait(false);
        _settled.TrySetResult();
        if (_load is not null) await _load.ConfigureAwait(false);
        if (_generator is { } generator)
        {
            // Both end the grace: the host has a limit of its own.
            using var grace = CancellationTokenSource.CreateLinkedTokenSource(hostGrace);
            grace.CancelAfter(_options.StopGrace);
            var now = generator.Statistics;
            LogStopping(Name, now.Rows, now.Queued, _options.StopGrace.TotalSeconds);
            await generator.StopAsync(grace.Token).ConfigureAwait(false);
        }

        await FreeAsync().ConfigureAwait(false);
        State = HostedModelState.Stopped;
        LogStopped(Name);
    }

    private async Task LoadAsync()
    {
        var start = Stopwatch.GetTimestamp();
        try
        {
            LogLoading(Name, _options.Model!);
            await LoadModelAsync(_stopping.Token).ConfigureAwait(false);
            foreach (var refusal in _model!.NotTaken) LogNotTaken(Name, refusal.Provider, refusal.Reason);
            LogLoaded(Name, Variant!, _model.Provider, _model.Threads, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            // Before the check, as it tells what is wrong with the options, and that in no time.
            var options = _options.ForGenerator(_model.Window) with { ModelName = Name, Meters = _meters };
            _generator = new ByteGenerator(_model, options);
            if (_options.SelfCheck) RequireSelfCheck(_model, _stopping.Token);
            await WarmUpAsync(_generator, _stopping.Token).ConfigureAwait(false);
            _stopping.Token.ThrowIfCancellationRequested();
            State = HostedModelState.Ready;
            LogReady(Name, Variant!, _model.Provider, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Whoever stops it frees what is there.
        }
        catch (Exception e)
        {
            await FreeAsync().ConfigureAwait(false);
            Fail(e is BadInputException bad ? HoloZeroOptions.Named(bad, _source) : e);
        }
        finally
        {
            _settled.TrySetResult();
        }
    }

    private async Task LoadModelAsync(CancellationToken cancellation)
    {
        var folder = ArtifactFolder.OpenUnverified(_options.Model!);
        try
        {
            _ = folder.Variant(_options.Variant);
        }
        catch (BadInputException e) when (_options.Variant is not null)
        {
            // Loading tells it of the folder, and here is a key that can mend it.
            throw new BadInputException("variant", $"{e.Where}: {e.What}", e.Remedy, e);
        }

        _model = await HoloZeroModel.LoadAsync(_options.Model!, _options.ForModel(), cancellation: cancellation).ConfigureAwait(false);
        Variant = _model.Variant.Name;
    }

    private static void RequireSelfCheck(HoloZeroModel model, CancellationToken cancellation)
    {
        if (SelfCheck.Run(model, cancellation).FirstOrDefault(test => !test.Passed) is not { } failed) return;
        throw new UnsoundModelException($"{model.Artifact.Path}: the self-check of {model.Variant.Name} on {model.Provider} fails: "
            + $"a logit of case {Untrusted.Quote(failed.Case)} is off by {failed.MaxAbsoluteError:G3}, allowed are {failed.Tolerance:G3}; "
            + "export the model again, or run it on another provider");
    }

    private async Task WarmUpAsync(ByteGenerator generator, CancellationToken cancellation)
    {
        if (_options.WarmUpBytes == 0) return;
        var options = new GenerationOptions { MaxBytes = _options.WarmUpBytes, Sampling = new() { Greedy = true, AllowEos = false } };
        await foreach (var chunk in generator.GenerateAsync(default, options, cancellation).ConfigureAwait(false)) _ = chunk;
    }

    private void Fail(Exception cause)
    {
        Failure = cause;
        State = HostedModelState.Failed;
        // A fault to report needs its stack; what the libraries say is one line.
        LogFailed(Name, Untrusted.OneLine(cause.Message), cause is HoloZeroException ? null : cause);
        if (!_options.StopHostOnFailure || _host is null) return;
        if (Environment.ExitCode == 0)
            Environment.ExitCode = cause switch { BadInputException => 2, MissingCapabilityException => 3, _ => 1 };
        // A host that is stopped while it starts throws; one that has started ends.
        _host.ApplicationStarted.Register(_host.StopApplication);
    }

    private async Task FreeAsync()
    {
        if (Interlocked.Exchange(ref _generator, null) is { } generator) await generator.DisposeAsync().ConfigureAwait(false);
        Interlocked.Exchange(ref _model, null)?.Dispose();
    }

    private async Task<ByteGenerator> ReadyAsync(CancellationToken cancellation)
    {
        await _settled.Task.WaitAsync(cancellation).ConfigureAwait(false);
        if (State == HostedModelState.Ready && _generator is { } generator) return generator;
        throw Failure is { } cause ? new ModelLoadException(Name, cause) : new GeneratorStoppedException();
    }

    private async IAsyncEnumerable<GenerationChunk> Enumerate(IAsyncEnumerable<GenerationChunk>? ready, ReadOnlyMemory<byte> prompt,
        GenerationOptions options, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var trace = new RequestTrace(Name, prompt.Length);
        var source = ready ?? await Told(BeginAsync(prompt, options, cancellation), trace).ConfigureAwait(false);
        var chunks = source.GetAsyncEnumerator(cancellation);
        await using var ended = chunks.ConfigureAwait(false);
        while (await Told(chunks.MoveNextAsync(), trace).ConfigureAwait(false))
        {
            trace.Delivered(chunks.Current);
            yield return chunks.Current;
        }
    }

    private async ValueTask<IAsyncEnumerable<GenerationChunk>> BeginAsync(ReadOnlyMemory<byte> prompt, GenerationOptions options,
        CancellationToken cancellation) =>
        (await ReadyAsync(cancellation).ConfigureAwait(false)).GenerateAsync(prompt, options, cancellation);

    /// <summary>Tells trace and log of a failure on its way to the caller.</summary>
    private async ValueTask<T> Told<T>(ValueTask<T> step, RequestTrace trace)
    {
        try
        {
            return await step.ConfigureAwait(false);
        }
        catch (Exception e)
        {
            trace.Failed(e);
            // A caller that leaves, asks for what is not allowed or comes when too many wait is no fault of the model.
            if (e is not (OperationCanceledException or BadInputException or QueueFullException))
                LogRequestFailed(Name, trace.Bytes, Untrusted.OneLine(e.Message));
            throw;
        }
    }

    [LoggerMessage(1, LogLevel.Information, "model {Model}: loading {Folder}")]
    private partial void LogLoading(string model, string folder);

    [LoggerMessage(2, LogLevel.Debug,
        "model {Model}: {Variant} on {Provider} with {Threads} threads is loaded after {Milliseconds:F0} ms, to be checked")]
    private partial void LogLoaded(string model, string variant, ExecutionProvider provider, int threads, double milliseconds);

    [LoggerMessage(3, LogLevel.Information, "model {Model}: {Variant} on {Provider} is ready after {Milliseconds:F0} ms")]
    private partial void LogReady(string model, string variant, ExecutionProvider provider, double milliseconds);

    [LoggerMessage(4, LogLevel.Error, "model {Model}: did not load: {Reason}")]
    private partial void LogFailed(string model, string reason, Exception? exception);

    [LoggerMessage(5, LogLevel.Information,
        "model {Model}: stopping; {Rows} generations run and {Queued} wait, which have {Seconds} s to end")]
    private partial void LogStopping(string model, int rows, int queued, double seconds);

    [LoggerMessage(6, LogLevel.Information, "model {Model}: stopped")]
    private partial void LogStopped(string model);

    [LoggerMessage(7, LogLevel.Warning, "model {Model}: a generation failed after {Bytes} bytes: {Reason}")]
    private partial void LogRequestFailed(string model, long bytes, string reason);

    [LoggerMessage(8, LogLevel.Warning, "model {Model}: not on {Provider}: {Reason}")]
    private partial void LogNotTaken(string model, ExecutionProvider provider, string reason);
}
