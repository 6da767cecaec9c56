using System.Collections.Concurrent;
using System.Text;
using HoloZero.Hosting.Tests;
using HoloZero.Runtime;
using HoloZero.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

[assembly: AssemblyFixture(typeof(Tiny))]

namespace HoloZero.Hosting.Tests;

/// <summary>The tiny model in two variants, exported once.</summary>
public sealed class Tiny : IDisposable
{
    private readonly ExportedModel _exported = new(Repository.Golden("tiny.pt"), options: new() { Variants = ["fp32", "int8"] });

    /// <summary>The artifact.</summary>
    public string Folder => _exported.Folder;

    /// <summary>A copy whose self-check expects a logit of a billion.</summary>
    public string DamagedCopy(TemporaryFolder target) => DamagedArtifact.Copy(Folder, target);

    public void Dispose() => _exported.Dispose();
}

/// <summary>What was logged, with a gate that can hold whoever logs at an event of the library.</summary>
internal sealed class Logs : ILoggerProvider
{
    public const int Loading = 1, Loaded = 2, Failed = 4, RequestFailed = 7;

    private readonly ManualResetEventSlim _opened = new(true);
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _gate;

    public ConcurrentQueue<(string Category, LogLevel Level, int Id, string Message, Exception? Exception)> Lines { get; } = [];

    /// <summary>The library's lines.</summary>
    public IEnumerable<(string Category, LogLevel Level, int Id, string Message, Exception? Exception)> Own =>
        Lines.Where(line => line.Category.StartsWith("HoloZero.", StringComparison.Ordinal));

    /// <summary>Done once somebody stands at the gate.</summary>
    public Task Reached => _reached.Task;

    /// <summary>Holds whoever logs <paramref name="id"/> until <see cref="Open"/>.</summary>
    public void CloseAt(int id)
    {
        _gate = id;
        _opened.Reset();
    }

    public void Open() => _opened.Set();

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose() => Open();

    private sealed class Logger(Logs logs, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            logs.Lines.Enqueue((category, logLevel, eventId.Id, formatter(state, exception), exception));
            if (eventId.Id != logs._gate || !category.StartsWith("HoloZero.", StringComparison.Ordinal)) return;
            logs._reached.TrySetResult();
            logs._opened.Wait();
        }
    }
}

/// <summary>Hosts with models, and what tests ask of them.</summary>
internal static class Hosts
{
    public static readonly TimeSpan Enough = TimeSpan.FromSeconds(120);

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A host without console, files and signals.</summary>
    public static (IHost Host, Logs Logs) Create(Action<HostApplicationBuilder> configure)
    {
        var logs = new Logs();
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Logging.AddProvider(logs).SetMinimumLevel(LogLevel.Trace);
        configure(builder);
        return (builder.Build(), logs);
    }

    /// <summary>A host with one model, demo, from those configuration keys, of which the last counts.</summary>
    public static (IHost Host, Logs Logs) Configured(params (string Key, string? Value)[] keys) => Create(builder =>
    {
        foreach (var (key, value) in keys) builder.Configuration.AddInMemoryCollection([new($"HoloZero:demo:{key}", value)]);
        builder.Services.AddHoloZero("demo", builder.Configuration.GetSection("HoloZero:demo"));
    });

    /// <summary>A host with one model, demo, that stays when it does not load.</summary>
    public static (IHost Host, Logs Logs) With(string folder, Action<HoloZeroOptions>? configure = null) => Create(builder =>
        builder.Services.AddHoloZero("demo", options =>
        {
            (options.Model, options.StopHostOnFailure, options.PrefixCacheBytes) = (folder, false, 1 << 20);
            configure?.Invoke(options);
        }));

    public static HostedModel Model(this IHost host, string name = "demo") => host.Services.GetRequiredKeyedService<HostedModel>(name);

    public static IByteGenerator Generator(this IHost host, string name = "demo") =>
        host.Services.GetRequiredKeyedService<IByteGenerator>(name);

    public static async Task<HealthReportEntry> ReadinessAsync(this IHost host, string name = "demo") =>
        (await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(
            check => check.Tags.Contains(HoloZeroServiceCollectionExtensions.ReadyTag), Token)).Entries[$"holozero:{name}"];

    public static GenerationOptions For(long bytes) => new() { MaxBytes = bytes, Sampling = new() { Seed = 1, AllowEos = false } };

    public static async Task<byte[]> AllOf(IAsyncEnumerable<GenerationChunk> chunks)
    {
        var bytes = new List<byte>();
        await foreach (var chunk in chunks) bytes.AddRange(chunk.Bytes.Span);
        return [.. bytes];
    }

    public static Task<byte[]> AllOf(this IByteGenerator generator, string prompt, long bytes, CancellationToken cancellation = default) =>
        AllOf(generator.GenerateAsync(Encoding.UTF8.GetBytes(prompt), For(bytes), cancellation));
}
