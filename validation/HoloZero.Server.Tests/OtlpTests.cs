using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace HoloZero.Server.Tests;

/// <summary>Metrics and traces arrive at a collector that the configuration names.</summary>
public sealed class OtlpTests(Shared shared)
{
    private const string Metrics = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
    private const string Traces = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

    [Fact]
    public async Task A_collector_gets_metrics_and_traces_of_a_generation()
    {
        var heard = new ConcurrentQueue<(string Path, string Body)>();
        await using var collector = await CollectAsync(heard);
        var service = await Service.StartAsync(shared.Folder, $"HoloZero:Server:OtlpEndpoint={collector.Urls.Single()}");
        _ = await service.AnswerAsync("/v1/completions", """{"prompt":"a","max_tokens":3}""");
        // What has not been sent by then is sent at the end.
        await service.DisposeAsync();
        foreach (var (path, name) in ((string, string)[])
            [(Metrics, "gen_ai.server.request.duration"), (Metrics, "kestrel."), (Traces, "gen_ai.request.model")])
        {
            Assert.True(heard.Any(export => export.Path == path && export.Body.Contains(name, StringComparison.Ordinal)
                && export.Body.Contains("service.name", StringComparison.Ordinal)
                && export.Body.Contains("holozero", StringComparison.Ordinal)),
                $"{path} was not told of {name}; what came was {string.Join(", ", heard.Select(export => export.Path))}");
        }
    }

    /// <summary>Speaks as much of OTLP over gRPC as an exporter needs: messages in frames, an empty answer, a status of 0.</summary>
    private static async Task<WebApplication> CollectAsync(ConcurrentQueue<(string Path, string Body)> heard)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        var collector = builder.Build();
        collector.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            // Protobuf has names as they are.
            heard.Enqueue((context.Request.Path, Encoding.UTF8.GetString(body.ToArray())));
            context.Response.ContentType = "application/grpc";
            await context.Response.Body.WriteAsync(new byte[5]);
            context.Response.AppendTrailer("grpc-status", "0");
        });
        await collector.StartAsync(Service.Token);
        return collector;
    }
}
