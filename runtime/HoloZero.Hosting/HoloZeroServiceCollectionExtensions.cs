using System.Diagnostics.Metrics;
using HoloZero.Artifacts;
using HoloZero.Runtime;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace HoloZero.Hosting;

/// <summary>Adds models to a host. Not thread-safe, as service collections are.</summary>
public static class HoloZeroServiceCollectionExtensions
{
    private const string DefaultSection = "HoloZero";

    /// <summary>The tag of the health checks: what has to be healthy before a host is sent work.</summary>
    public const string ReadyTag = "ready";

    /// <summary>Adds a model whose options code sets; messages name them <c>HoloZero:name:option</c>.</summary>
    /// <param name="services">Where to add it.</param>
    /// <param name="name">
    /// Its name: the key of its services, <c>gen_ai.request.model</c> in metrics and traces, <c>holozero:name</c> among the health checks.
    /// </param>
    /// <param name="configure">Sets its options; <see cref="HoloZeroOptions.Model"/> at least.</param>
    /// <returns>What can be added to it.</returns>
    /// <remarks>
    /// Registers, with <paramref name="name"/> as their key, one <see cref="IByteGenerator"/> and the <see cref="HostedModel"/> that it is;
    /// the first model also without a key. Options are checked when the host starts, which throws <see cref="BadInputException"/>; the
    /// model loads behind it. Whoever generates before that is done waits. When the host stops, generations may go on for
    /// <see cref="HoloZeroOptions.StopGrace"/>; then the model is disposed, by the host, never by those it is injected into.
    /// </remarks>
    /// <exception cref="ArgumentException"><paramref name="name"/> is empty, or a model of that name is there already.</exception>
    public static HoloZeroBuilder AddHoloZero(this IServiceCollection services, string name, Action<HoloZeroOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        var builder = Add(services, name, ConfigurationPath.Combine(DefaultSection, name ?? ""));
        builder.Options.Configure(configure);
        return builder;
    }

    /// <summary>Adds a model whose options a section of the configuration holds, usually <c>HoloZero:name</c>.</summary>
    /// <param name="services">Where to add it.</param>
    /// <param name="name">Its name, as for the other overload.</param>
    /// <param name="section">
    /// Keys and values are those of <see cref="HoloZeroOptions"/>; a key that is none of them is refused when the host starts.
    /// </param>
    /// <returns>What can be added to it.</returns>
    /// <inheritdoc cref="AddHoloZero(IServiceCollection, string, Action{HoloZeroOptions})" path="/remarks|/exception"/>
    public static HoloZeroBuilder AddHoloZero(this IServiceCollection services, string name, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(section);
        var builder = Add(services, name, section is IConfigurationSection { Path: var path } ? path : "");
        builder.Options.Configure(options => SectionBinding.Bind(section, options, "a model"));
        return builder;
    }

    private static HoloZeroBuilder Add(IServiceCollection services, string name, string path)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (services.Any(added => added.ServiceType == typeof(HostedModel) && added.IsKeyedService && name.Equals(added.ServiceKey)))
            throw new ArgumentException($"a model named {name} is added already; give each one its own name", nameof(name));

        var source = new OptionsSource(name, path);
        var options = services.AddOptionsWithValidateOnStart<HoloZeroOptions>(name);
        services.AddSingleton<IValidateOptions<HoloZeroOptions>>(source);
        services.AddKeyedSingleton(name, (provider, _) => new HostedModel(name, source,
            provider.GetRequiredService<IOptionsMonitor<HoloZeroOptions>>().Get(name),
            provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance,
            provider.GetService<IMeterFactory>(), provider.GetService<IHostApplicationLifetime>()));
        services.AddKeyedSingleton<IByteGenerator>(name, (provider, _) => provider.GetRequiredKeyedService<HostedModel>(name));
        services.TryAddSingleton(provider => provider.GetRequiredKeyedService<HostedModel>(name));
        services.TryAddSingleton<IByteGenerator>(provider => provider.GetRequiredKeyedService<HostedModel>(name));
        services.AddSingleton<IHostedService>(provider => new HostedModelService(provider.GetRequiredKeyedService<HostedModel>(name)));
        services.AddHealthChecks().Add(new HealthCheckRegistration($"holozero:{name}",
            provider => new HostedModelHealthCheck(provider.GetRequiredKeyedService<HostedModel>(name)), failureStatus: null, [ReadyTag]));
        return new(name, services, options);
    }
}

/// <summary>A model that was added to a host.</summary>
public sealed class HoloZeroBuilder
{
    internal HoloZeroBuilder(string name, IServiceCollection services, OptionsBuilder<HoloZeroOptions> options) =>
        (Name, Services, Options) = (name, services, options);

    /// <summary>Its name, the key of its services.</summary>
    public string Name { get; }

    /// <summary>Where it was added.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Its options, to set more of them; what is set last counts.</summary>
    public OptionsBuilder<HoloZeroOptions> Options { get; }
}
