using HoloZero.Hosting;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;

namespace HoloZero.Server;

/// <summary>What is served where.</summary>
internal static class Routes
{
    /// <summary>Whether a request is for a program rather than for a person: its errors are OpenAI's objects, and it shows a key.</summary>
    public static bool IsApi(HttpContext context) => context.Request.Path.StartsWithSegments("/v1", StringComparison.OrdinalIgnoreCase);

    /// <summary>OpenAI's protocol.</summary>
    public static void MapOpenAI(this WebApplication app)
    {
        app.MapPost("/v1/completions", (HttpContext context, GenerationEndpoint endpoint) => endpoint.CompleteAsync(context))
            .WithMetadata(Descriptions.Completions);
        app.MapPost("/v1/chat/completions", (HttpContext context, GenerationEndpoint endpoint) => endpoint.ChatAsync(context))
            .WithMetadata(Descriptions.Chat);
        app.MapGet("/v1/models", ModelEndpoints.ListAsync).WithMetadata(Descriptions.Models);
        app.MapGet("/v1/models/{id}", ModelEndpoints.GetAsync).WithMetadata(Descriptions.OneModel);
    }

    /// <summary>What this service has beside it.</summary>
    public static void MapOwn(this WebApplication app)
    {
        app.MapPost("/v1/bytes", BytesEndpoint.ServeAsync).WithMetadata(Descriptions.Bytes);
        app.MapPost("/v1/window", WindowEndpoints.MakeAsync).WithMetadata(Descriptions.Window);
        app.MapPost("/v1/window/show", WindowEndpoints.ShowAsync).WithMetadata(Descriptions.ShownWindow);
        app.MapPost("/v1/score", ScoreEndpoint.ServeAsync).WithMetadata(Descriptions.Score);
        app.MapPost("/v1/features", FeaturesEndpoint.ServeAsync).WithMetadata(Descriptions.Features);
    }

    /// <summary>What operators and their tools ask for.</summary>
    public static void MapOperations(this WebApplication app)
    {
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false }).DisableRequestTimeout();
        app.MapHealthChecks("/health/ready", new HealthCheckOptions
        {
            Predicate = check => check.Tags.Contains(HoloZeroServiceCollectionExtensions.ReadyTag),
        }).DisableRequestTimeout();
        app.MapPrometheusScrapingEndpoint("/metrics").DisableRequestTimeout();
        app.MapOpenApi("/openapi/{documentName}.json");
    }
}
