using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using HoloZero.Runtime;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace HoloZero.Hosting.Tests;

/// <summary>Metrics, traces and logs say what happened, and nothing of what was said.</summary>
public sealed class TelemetryTests(Tiny tiny)
{
    private const string Secret = "the secret that nobody may repeat";

    [Fact]
    public async Task Metrics_go_through_the_host_s_factory_and_tell_models_apart()
    {
        var (host, _) = Hosts.Create(builder =>
        {
            foreach (var name in (string[])["one", "two"])
                builder.Services.AddHoloZero(name, options => (options.Model, options.WarmUpBytes) = (tiny.Folder, 0));
        });
        using var disposed = host;
        var meters = host.Services.GetRequiredService<IMeterFactory>();
        var durations = new ConcurrentQueue<(double Value, Dictionary<string, object?> Tags)>();
        var generated = new ConcurrentDictionary<object, long>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name != ByteGenerator.MeterName || instrument.Meter.Scope != meters) return;
                if (instrument.Name is "gen_ai.server.request.duration" or "holozero.generated")
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((_, value, tags, _) => durations.Enqueue((value, new(tags.ToArray()))));
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
            generated[new Dictionary<string, object?>(tags.ToArray())["gen_ai.request.model"]!] = value);
        listener.Start();
        await host.StartAsync(Hosts.Token);
        await host.Generator("one").AllOf("And", 10);
        await host.Generator("two").AllOf("And", 20);
        await host.Generator("two").AllOf("And", 20);

        Assert.Equal(["one", "two", "two"], durations.Select(duration => (string?)duration.Tags["gen_ai.request.model"]));
        Assert.All(durations, duration =>
        {
            Assert.True(duration.Value > 0);
            Assert.Equal(("text_completion", "holozero"),
                (duration.Tags["gen_ai.operation.name"], duration.Tags["gen_ai.provider.name"]));
            Assert.DoesNotContain("error.type", duration.Tags);
        });
        listener.RecordObservableInstruments();
        Assert.Equal((10, 40), (generated["one"], generated["two"]));
    }

    [Fact]
    public async Task A_generation_is_an_activity_of_its_caller_s_trace()
    {
        using var traces = new Traces();
        var (host, logs) = Hosts.With(tiny.Folder, options => options.StopGrace = TimeSpan.Zero);
        using var disposed = host;
        await host.StartAsync(Hosts.Token);
        using var caller = new Activity("caller").Start();
        traces.Of = caller.TraceId;
        var answer = await host.Generator().AllOf(Secret, 40);
        await host.Generator().AllOf(Secret, 40);
        await foreach (var chunk in host.Generator().GenerateAsync(Encoding.UTF8.GetBytes(Secret), Hosts.For(long.MaxValue)))
        {
            if (!chunk.Bytes.IsEmpty) break;
        }

        using var cancellation = new CancellationTokenSource();
        var cancelled = host.Generator().AllOf(Secret, long.MaxValue, cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        var endless = host.Generator().AllOf(Secret, long.MaxValue);
        while (host.Model().Statistics is not { Rows: 1 }) await Task.Delay(1, Hosts.Token);
        await host.StopAsync(Hosts.Token);
        await Assert.ThrowsAsync<GeneratorStoppedException>(() => endless);
        Assert.Same(caller, Activity.Current);

        var spans = traces.Ended.ToArray();
        Assert.Equal(5, spans.Length);
        Assert.All(spans, span =>
        {
            Assert.Equal(("text_completion demo", caller.SpanId), (span.DisplayName, span.ParentSpanId));
            Assert.Equal(("text_completion", "holozero", "demo"), (span.GetTagItem("gen_ai.operation.name"),
                span.GetTagItem("gen_ai.provider.name"), span.GetTagItem("gen_ai.request.model")));
            Assert.Equal(Secret.Length, span.GetTagItem("gen_ai.usage.input_tokens"));
        });
        foreach (var (span, cached) in spans.Take(2).Zip((int[])[0, Secret.Length]))
        {
            Assert.Equal((40L, ActivityStatusCode.Unset), (span.GetTagItem("gen_ai.usage.output_tokens"), span.Status));
            Assert.Equal(["length"], (string[])span.GetTagItem("gen_ai.response.finish_reasons")!);
            Assert.Equal(cached, span.GetTagItem("gen_ai.usage.cache_read.input_tokens"));
            Assert.Null(span.GetTagItem("holozero.cancelled"));
        }

        foreach (var span in spans[2..4])
        {
            Assert.Equal((true, ActivityStatusCode.Unset), (span.GetTagItem("holozero.cancelled"), span.Status));
            Assert.Null(span.GetTagItem("gen_ai.response.finish_reasons"));
        }

        Assert.Equal((ActivityStatusCode.Error, nameof(GeneratorStoppedException)), (spans[4].Status, spans[4].GetTagItem("error.type")));
        Assert.Null(spans[4].GetTagItem("holozero.cancelled"));

        // Only the one that the stop ended is worth a line.
        Assert.Single(logs.Own, line => line.Level == LogLevel.Warning);
        var written = string.Join('\n', spans.SelectMany(span => span.TagObjects).Select(tag => $"{tag.Key}={tag.Value}")
            .Concat(logs.Lines.Select(line => $"{line.Message} {line.Exception}")));
        Assert.DoesNotContain(Secret, written);
        Assert.DoesNotContain(Encoding.Latin1.GetString(answer), written);
    }

    [Fact]
    public async Task A_generation_that_waits_for_a_model_that_does_not_load_ends_as_an_error()
    {
        using var traces = new Traces();
        var (host, logs) = Hosts.With("missing");
        using var disposed = host;
        using var caller = new Activity("caller").Start();
        traces.Of = caller.TraceId;
        await host.StartAsync(Hosts.Token);
        await Assert.ThrowsAsync<ModelLoadException>(() => host.Generator().AllOf(Secret, 1).WaitAsync(Hosts.Enough));
        Assert.Equal(nameof(ModelLoadException), Assert.Single(traces.Ended).GetTagItem("error.type"));
        Assert.Single(logs.Own, line => line is { Level: LogLevel.Warning, Id: Logs.RequestFailed });
    }

    /// <summary>The library's activities of one trace, as other tests run at the same time.</summary>
    private sealed class Traces : IDisposable
    {
        private readonly ActivityListener _listener;

        public Traces()
        {
            _listener = new()
            {
                ShouldListenTo = source => source.Name == HostedModel.ActivitySourceName,
                Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
                ActivityStopped = activity =>
                {
                    if (activity.TraceId == Of) Ended.Enqueue(activity);
                },
            };
            ActivitySource.AddActivityListener(_listener);
        }

        public ActivityTraceId Of { get; set; }

        public ConcurrentQueue<Activity> Ended { get; } = [];

        public void Dispose() => _listener.Dispose();
    }
}
