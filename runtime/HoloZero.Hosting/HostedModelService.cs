using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace HoloZero.Hosting;

/// <summary>
/// Begins to load before any service starts, as one may generate while it starts, and to stop before any service stops, as the grace is
/// one for all.
/// </summary>
internal sealed class HostedModelService(HostedModel model) : IHostedLifecycleService
{
    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        model.BeginLoading();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppingAsync(CancellationToken cancellationToken)
    {
        _ = model.StopAsync(cancellationToken);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => model.StopAsync(cancellationToken);

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>Healthy once the model is ready, unhealthy before, after, and where it did not load.</summary>
internal sealed class HostedModelHealthCheck(HostedModel model) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var (state, variant, statistics) = (model.State, model.Variant, model.Statistics);
        var data = new Dictionary<string, object>(StringComparer.Ordinal) { ["model"] = model.Name, ["state"] = state.ToString() };
        if (variant is not null) data["variant"] = variant;
        if (statistics is { } now) (data["rows"], data["queued"]) = (now.Rows, now.Queued);
        return Task.FromResult(state == HostedModelState.Ready ? HealthCheckResult.Healthy("ready", data)
            : new(context.Registration.FailureStatus, Description(state), model.Failure, data));
    }

    private string Description(HostedModelState state) => state switch
    {
        HostedModelState.Loading => "loading",
        HostedModelState.Failed => $"failed: {model.Failure?.Message}",
        HostedModelState.Stopping => "stopping",
        _ => "stopped",
    };
}
