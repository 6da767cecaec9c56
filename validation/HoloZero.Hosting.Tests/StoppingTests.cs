using HoloZero.Runtime;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace HoloZero.Hosting.Tests;

/// <summary>The end, whenever it comes: nothing new, a grace for what runs, all freed.</summary>
public sealed class StoppingTests(Tiny tiny)
{
    [Theory]
    [InlineData(Logs.Loading)]
    [InlineData(Logs.Loaded)]
    public async Task A_stop_while_the_model_loads_ends_the_loading_and_frees_what_is_there(int stage)
    {
        var (host, logs) = Hosts.With(tiny.Folder);
        using var disposed = host;
        logs.CloseAt(stage);
        await host.StartAsync(Hosts.Token);
        await logs.Reached.WaitAsync(Hosts.Enough, Hosts.Token);
        var (model, waiting) = (host.Model().Loaded, host.Generator().AllOf("And", 5));
        Assert.Equal(stage == Logs.Loaded, model is not null);

        var stopped = host.StopAsync(Hosts.Token);
        await Assert.ThrowsAsync<GeneratorStoppedException>(() => waiting.WaitAsync(Hosts.Enough, Hosts.Token));
        Assert.False(stopped.IsCompleted);
        logs.Open();
        await stopped.WaitAsync(Hosts.Enough, Hosts.Token);
        await RequireStoppedAsync(host);
        if (model is not null) Assert.Throws<ObjectDisposedException>(() => model.OpenSession());
        Assert.DoesNotContain(logs.Own, line => line.Level >= LogLevel.Error || line.Message.Contains("ready"));
    }

    [Fact]
    public async Task A_stop_at_any_moment_leaves_nothing()
    {
        for (var milliseconds = 0; milliseconds < 240; milliseconds += 20)
        {
            var (host, logs) = Hosts.With(tiny.Folder);
            await host.StartAsync(Hosts.Token);
            var waiting = host.Generator().AllOf("And", 5);
            await Task.Delay(milliseconds, Hosts.Token);
            var model = host.Model();
            if (milliseconds % 40 == 0) await host.StopAsync(Hosts.Token).WaitAsync(Hosts.Enough, Hosts.Token);
            host.Dispose();
            Assert.Equal(HostedModelState.Stopped, model.State);
            Assert.Null(model.Loaded);
            var ended = await Record.ExceptionAsync(() => waiting.WaitAsync(Hosts.Enough, Hosts.Token));
            Assert.True(ended is null or GeneratorStoppedException, $"after {milliseconds} ms: {ended}");
            Assert.DoesNotContain(logs.Own, line => line.Level >= LogLevel.Error);
        }
    }

    [Fact]
    public async Task What_runs_may_end_within_the_grace_and_nothing_new_is_taken()
    {
        // A reader that does not read holds its generation, so that it surely runs when the host stops.
        var (host, _) = Hosts.With(tiny.Folder, options => (options.MaxUnreadBytes, options.StopGrace) = (1, Hosts.Enough));
        using var disposed = host;
        await host.StartAsync(Hosts.Token);
        await using var reader = host.Generator().GenerateAsync(default, Hosts.For(300)).GetAsyncEnumerator();
        Assert.True(await reader.MoveNextAsync());
        var (read, model) = (reader.Current.Bytes.Length, host.Model().Loaded!);

        var stopped = host.StopAsync(Hosts.Token);
        while (host.Model().State == HostedModelState.Ready) await Task.Delay(1, Hosts.Token);
        await Assert.ThrowsAsync<GeneratorStoppedException>(() => host.Generator().AllOf("And", 1).WaitAsync(Hosts.Enough));
        var readiness = await host.ReadinessAsync();
        Assert.Equal((HealthStatus.Unhealthy, "stopping"), (readiness.Status, readiness.Description));
        Assert.False(stopped.IsCompleted);

        GenerationFinish? finish = null;
        while (await reader.MoveNextAsync())
        {
            read += reader.Current.Bytes.Length;
            finish = reader.Current.Finish;
        }

        Assert.Equal((300, FinishReason.Length), (read, finish!.Reason));
        await stopped.WaitAsync(Hosts.Enough, Hosts.Token);
        await RequireStoppedAsync(host);
        Assert.Throws<ObjectDisposedException>(() => model.OpenSession());
    }

    [Theory]
    [InlineData(100, 30_000)]
    [InlineData(30_000, 100)]
    public async Task What_does_not_end_within_the_grace_or_the_host_s_own_limit_is_told_so(int grace, int limit)
    {
        var (host, logs) = Hosts.Create(builder =>
        {
            builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromMilliseconds(limit));
            builder.Services.AddHoloZero("demo", options =>
                (options.Model, options.StopGrace) = (tiny.Folder, TimeSpan.FromMilliseconds(grace)));
        });
        using var disposed = host;
        await host.StartAsync(Hosts.Token);
        var endless = host.Generator().AllOf("And", long.MaxValue);
        while (host.Model().Statistics is not { Rows: 1 }) await Task.Delay(1, Hosts.Token);
        var model = host.Model().Loaded!;

        var stop = await Record.ExceptionAsync(() => host.StopAsync(Hosts.Token).WaitAsync(TimeSpan.FromSeconds(20), Hosts.Token));
        Assert.True(stop is null or OperationCanceledException or AggregateException, $"{stop}");
        await Assert.ThrowsAsync<GeneratorStoppedException>(() => endless.WaitAsync(Hosts.Enough, Hosts.Token));
        var failed = Assert.Single(logs.Own, line => line.Id == Logs.RequestFailed);
        Assert.Equal(LogLevel.Warning, failed.Level);
        await RequireStoppedAsync(host);
        Assert.Throws<ObjectDisposedException>(() => model.OpenSession());
    }

    [Fact]
    public async Task Nothing_new_is_taken_while_other_services_still_stop()
    {
        var (host, _) = Hosts.Create(builder =>
        {
            builder.Services.AddHoloZero("demo", options => options.Model = tiny.Folder);
            // Stops before the model, as it was added after it.
            builder.Services.AddSingleton<IHostedService, Late>();
        });
        using var disposed = host;
        await host.StartAsync(Hosts.Token);
        await host.Model().WaitUntilReadyAsync(Hosts.Token).WaitAsync(Hosts.Enough, Hosts.Token);
        await host.StopAsync(Hosts.Token).WaitAsync(Hosts.Enough, Hosts.Token);
        Assert.IsType<GeneratorStoppedException>(host.Services.GetServices<IHostedService>().OfType<Late>().Single().Told);
    }

    [Fact]
    public async Task Containers_without_a_host_free_it_too_and_as_often_as_they_like()
    {
        foreach (var asynchronous in (bool[])[true, false])
        {
            var services = new ServiceCollection();
            services.AddLogging().AddHoloZero("demo", options => options.Model = tiny.Folder);
            var provider = services.BuildServiceProvider();
            var model = provider.GetRequiredKeyedService<HostedModel>("demo");
            Assert.Same(model, provider.GetRequiredService<IByteGenerator>());
            model.BeginLoading();
            var loaded = await model.WaitUntilReadyAsync(Hosts.Token).WaitAsync(Hosts.Enough, Hosts.Token);
            if (asynchronous) await provider.DisposeAsync();
            else provider.Dispose();
            await model.DisposeAsync();
            Assert.Equal(HostedModelState.Stopped, model.State);
            Assert.Throws<ObjectDisposedException>(() => loaded.OpenSession());
            model.BeginLoading();
            await Assert.ThrowsAsync<GeneratorStoppedException>(() => model.AllOf("And", 1));
        }
    }

    private static async Task RequireStoppedAsync(IHost host)
    {
        Assert.Equal(HostedModelState.Stopped, host.Model().State);
        Assert.Null(host.Model().Loaded);
        Assert.Null(host.Model().Statistics);
        await Assert.ThrowsAsync<GeneratorStoppedException>(() => host.Generator().AllOf("And", 1));
    }

    private sealed class Late(IByteGenerator generator) : IHostedService
    {
        public Exception? Told { get; private set; }

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public async Task StopAsync(CancellationToken cancellationToken)
        {
            await Task.Delay(100, cancellationToken);
            Told = await Record.ExceptionAsync(() => generator.AllOf("And", 1, cancellationToken));
        }
    }
}
