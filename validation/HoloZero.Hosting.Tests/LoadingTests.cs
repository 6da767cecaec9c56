using System.Text;
using HoloZero.Artifacts;
using HoloZero.Runtime;
using HoloZero.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace HoloZero.Hosting.Tests;

/// <summary>From the host's start to a model that is ready, or is not.</summary>
public sealed class LoadingTests(Tiny tiny)
{
    [Fact]
    public async Task The_host_starts_at_once_and_who_generates_waits_until_the_model_is_ready()
    {
        var (host, logs) = Hosts.With(tiny.Folder);
        using var disposed = host;
        logs.CloseAt(Logs.Loaded);
        await host.StartAsync(Hosts.Token).WaitAsync(Hosts.Enough, Hosts.Token);
        await logs.Reached.WaitAsync(Hosts.Enough, Hosts.Token);

        var before = await host.ReadinessAsync();
        Assert.Equal((HealthStatus.Unhealthy, "loading", "Loading"), (before.Status, before.Description, before.Data["state"]));
        var liveness = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(_ => false, Hosts.Token);
        Assert.Equal(HealthStatus.Healthy, liveness.Status);

        var waiting = host.Generator().AllOf("And", 20);
        using var impatient = new CancellationTokenSource();
        var leaving = host.Generator().AllOf("And", 20, impatient.Token);
        await Task.Delay(50, Hosts.Token);
        Assert.False(waiting.IsCompleted || leaving.IsCompleted);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving.WaitAsync(Hosts.Enough, Hosts.Token));
        // What is wrong with options is told at once all the same.
        Assert.Throws<BadInputException>(() => host.Generator().GenerateAsync(default, Hosts.For(-1), Hosts.Token));

        logs.Open();
        using var model = HoloZeroModel.Load(tiny.Folder);
        Assert.Equal(await Hosts.AllOf(model.GenerateAsync("And"u8.ToArray(), Hosts.For(20))), await waiting.WaitAsync(Hosts.Enough));
        var after = await host.ReadinessAsync();
        Assert.Equal((HealthStatus.Healthy, "ready", "fp32"), (after.Status, after.Description, after.Data["variant"]));
        Assert.Equal((0, 0), (after.Data["rows"], after.Data["queued"]));
        Assert.Equal(["loading", "loaded", "ready"], logs.Own.Select(line => line.Message).Select(message =>
            message.Contains("is ready after") ? "ready" : message.Contains("is loaded after") ? "loaded" : "loading"));
        // The request and the warm-up.
        Assert.Equal((2, 36), (host.Model().Statistics!.Value.Finished, host.Model().Statistics!.Value.GeneratedBytes));
        Assert.Same(host.Model(), host.Services.GetRequiredService<IByteGenerator>());
        Assert.Equal("fp32", (await host.Model().WaitUntilReadyAsync(Hosts.Token)).Variant.Name);
    }

    [Fact]
    public async Task Two_models_have_their_names_as_keys_and_the_first_has_none_too()
    {
        var (host, _) = Hosts.Create(builder =>
        {
            builder.Services.AddHoloZero("plain", options => (options.Model, options.Variant) = (tiny.Folder, "fp32"));
            builder.Services.AddHoloZero("small", options => options.Variant = "int8")
                .Options.Configure(options => (options.Model, options.WarmUpBytes) = (tiny.Folder, 0));
            Assert.Throws<ArgumentException>(() => builder.Services.AddHoloZero("small", options => options.Model = tiny.Folder));
            builder.Services.AddSingleton<Consumer>();
        });
        using var disposed = host;
        await host.StartAsync(Hosts.Token);
        var consumer = host.Services.GetRequiredService<Consumer>();
        Assert.Same(host.Model("plain"), consumer.First);
        Assert.Same(host.Model("plain"), host.Services.GetRequiredService<HostedModel>());
        Assert.Same(host.Model("small"), consumer.Second);

        foreach (var (name, variant) in ((string, string)[])[("plain", "fp32"), ("small", "int8")])
        {
            using var model = HoloZeroModel.Load(tiny.Folder, new() { Variant = variant });
            Assert.Equal(await Hosts.AllOf(model.GenerateAsync("And"u8.ToArray(), Hosts.For(50))),
                await host.Generator(name).AllOf("And", 50));
            Assert.Equal(variant, (await host.ReadinessAsync(name)).Data["variant"]);
        }

        Assert.Equal(1, host.Model("small").Statistics!.Value.Finished);
    }

    [Fact]
    public async Task A_service_that_generates_while_it_starts_does_not_wait_for_itself()
    {
        var (host, _) = Hosts.Create(builder =>
        {
            builder.Services.AddSingleton<IHostedService, Early>();
            builder.Services.AddHoloZero("demo", options => options.Model = tiny.Folder);
        });
        using var disposed = host;
        await host.StartAsync(Hosts.Token).WaitAsync(Hosts.Enough, Hosts.Token);
        Assert.Equal(8, host.Services.GetServices<IHostedService>().OfType<Early>().Single().Bytes.Length);
    }

    [Theory]
    [InlineData("Model", "missing", "HoloZero:demo:Model: ", "no such folder")]
    [InlineData("Variant", "int3", "HoloZero:demo:Variant: ", "it has no variant 'int3', only fp32, int8")]
    [InlineData("StreamBytes", "60000", "HoloZero:demo:StreamBytes: ", "this variant holds")]
    [InlineData("StreamBytes", "1", "HoloZero:demo:StreamBytes: ", "less than the")]
    [InlineData("KeptStreamBytes", "300", "HoloZero:demo:KeptStreamBytes: ", "is 300, allowed are 1 to 256")]
    [InlineData("MaxStateBytes", "1000", "HoloZero:demo:MaxRows: ", "1,000 are left")]
    public async Task What_does_not_fit_makes_the_model_fail_in_one_line_that_names_the_key(string key, string value, string where,
        string what)
    {
        var (host, logs) = Hosts.Configured([("Model", tiny.Folder), ("StopHostOnFailure", "false"), (key, value)]);
        using var disposed = host;
        await host.StartAsync(Hosts.Token);
        var failure = await Assert.ThrowsAsync<ModelLoadException>(() => host.Generator().AllOf("And", 1).WaitAsync(Hosts.Enough));
        var cause = Assert.IsType<BadInputException>(failure.InnerException);
        Assert.StartsWith(where, cause.Message);
        Assert.Contains(what, cause.Message);
        await RequireFailedAsync(host, logs, cause);
    }

    [Fact]
    public async Task A_model_that_computes_something_else_than_its_artifact_holds_is_never_ready()
    {
        using var folder = new TemporaryFolder();
        var damaged = tiny.DamagedCopy(folder);
        var (host, logs) = Hosts.With(damaged);
        using var disposed = host;
        await host.StartAsync(Hosts.Token);
        var failure = await Assert.ThrowsAsync<ModelLoadException>(() => host.Model().WaitUntilReadyAsync().WaitAsync(Hosts.Enough));
        var cause = Assert.IsType<UnsoundModelException>(failure.InnerException);
        Assert.Contains("the self-check of fp32 on Cpu fails", cause.Message);
        await RequireFailedAsync(host, logs, cause);

        var (unchecked_, _) = Hosts.With(damaged, options => options.SelfCheck = false);
        using var alsoDisposed = unchecked_;
        await unchecked_.StartAsync(Hosts.Token);
        Assert.Equal(5, (await unchecked_.Generator().AllOf("And", 5)).Length);
    }

    [Fact]
    public async Task A_model_that_does_not_load_ends_the_host_without_an_exception_and_with_an_exit_code()
    {
        Assert.Equal(0, Environment.ExitCode);
        try
        {
            var (host, logs) = Hosts.Create(builder =>
            {
                builder.Services.AddHoloZero("demo", options => options.Model = "missing");
                builder.Services.AddSingleton<IHostedService, Slow>();
            });
            await host.RunAsync(Hosts.Token).WaitAsync(Hosts.Enough, Hosts.Token);
            Assert.Equal(2, Environment.ExitCode);
            Assert.Single(logs.Own, line => line.Level >= LogLevel.Warning);
        }
        finally
        {
            Environment.ExitCode = 0;
        }
    }

    private static async Task RequireFailedAsync(IHost host, Logs logs, Exception cause)
    {
        Assert.Same(cause, host.Model().Failure);
        var (_, level, id, message, exception) = Assert.Single(logs.Own, line => line.Level >= LogLevel.Warning && line.Id == Logs.Failed);
        Assert.Equal((LogLevel.Error, Logs.Failed, $"model demo: did not load: {cause.Message}", null), (level, id, message, exception));
        Assert.DoesNotContain('\n', message);
        var readiness = await host.ReadinessAsync();
        Assert.Equal((HealthStatus.Unhealthy, $"failed: {cause.Message}"), (readiness.Status, readiness.Description));
        Assert.Null(host.Model().Loaded);
        Assert.False(host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested);
        Assert.Equal(0, Environment.ExitCode);
    }

    private sealed class Consumer([FromKeyedServices("plain")] IByteGenerator first, [FromKeyedServices("small")] IByteGenerator second)
    {
        public IByteGenerator First => first;

        public IByteGenerator Second => second;
    }

    /// <summary>Still starts when the model has failed.</summary>
    private sealed class Slow(HostedModel model) : IHostedService
    {
        public async Task StartAsync(CancellationToken cancellationToken)
        {
            while (model.State != HostedModelState.Failed) await Task.Delay(1, cancellationToken);
            await Task.Delay(100, cancellationToken);
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class Early(IByteGenerator generator) : IHostedService
    {
        public byte[] Bytes { get; private set; } = [];

        public async Task StartAsync(CancellationToken cancellationToken) =>
            Bytes = await generator.AllOf(Encoding.UTF8.GetString("And"u8), 8, cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
