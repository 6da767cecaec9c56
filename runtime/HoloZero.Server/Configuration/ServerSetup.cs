using HoloZero.Artifacts;
using HoloZero.Hosting;
using HoloZero.Runtime;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace HoloZero.Server;

/// <summary>The steps by which the service is put together, but for its endpoints.</summary>
internal static class ServerSetup
{
    private const string Models = "HoloZero:Models";
    private const string SettingsFile = "settings";
    private const string Cors = "configured";
    private const int MostName = 64;

    /// <summary>Reads the settings file that is named, if one is; environment and command line count more.</summary>
    public static void AddSettings(this WebApplicationBuilder builder, string[] args)
    {
        if (builder.Configuration[SettingsFile] is not { } path) return;
        if (!File.Exists(path)) throw new BadInputException(SettingsFile, $"{Untrusted.Quote(path)} is no file", "name a JSON file");
        try
        {
            builder.Configuration.AddJsonFile(Path.GetFullPath(path), optional: false);
        }
        catch (InvalidDataException e)
        {
            var cause = e.InnerException?.Message ?? e.Message;
            throw new BadInputException(SettingsFile, $"{Untrusted.Quote(path)} is no sound JSON ({cause})", "correct it", e);
        }

        // The environment and the command line speak last.
        builder.Configuration.AddEnvironmentVariables().AddCommandLine(args);
    }

    /// <summary>Reads and checks what the service allows.</summary>
    /// <exception cref="BadInputException">A key is unknown or out of range; the message names it.</exception>
    public static ServerOptions AddServerOptions(this WebApplicationBuilder builder)
    {
        var options = new ServerOptions();
        SectionBinding.Bind(builder.Configuration.GetSection(ServerOptions.Section), options, "the service");
        options.Validate();
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(TimeProvider.System);
        return options;
    }

    /// <summary>Adds the models that the configuration names.</summary>
    /// <exception cref="BadInputException">There is none, one has no fit name, or the default one is not there.</exception>
    public static void AddModels(this WebApplicationBuilder builder, ServerOptions options)
    {
        var sections = builder.Configuration.GetSection(Models).GetChildren().ToArray();
        if (sections.Length == 0)
            throw new BadInputException(Models, "names no model", "give holozero serve --model DIR, or set HoloZero:Models:NAME:Model");
        var rooms = new Dictionary<string, WindowRoom>(StringComparer.OrdinalIgnoreCase);
        foreach (var section in sections)
        {
            if (section.Key.Length > MostName || !section.Key.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            {
                throw new BadInputException(section.Path, "is no name for a model",
                    $"use 1 to {MostName} letters, digits, dashes, underscores and dots");
            }

            var added = builder.Services.AddHoloZero(section.Key, section);
            var room = rooms[section.Key] = new WindowRoom();
            added.Options.PostConfigure(model => room.Take(model, options.FilmWindows));
        }

        if (options.DefaultModel is { } first)
        {
            // Configuration has no order of its own: its keys are sorted.
            sections = [.. sections.OrderBy(section => !IsDefault(section))];
            if (!IsDefault(sections[0]))
            {
                throw new BadInputException(ConfigurationPath.Combine(ServerOptions.Section, nameof(options.DefaultModel)),
                    $"there is no model {Untrusted.Quote(first)}", $"name one of {Untrusted.QuoteFew([.. sections.Select(s => s.Key)])}");
            }
        }

        builder.Services.AddSingleton(services =>
        {
            var created = services.GetRequiredService<TimeProvider>().GetUtcNow().ToUnixTimeSeconds();
            var reading = new SideWork(options.MaxMediaQueued, "pictures and sounds wait to be read", options.RetryAfterSeconds);
            return new ModelCatalog([.. sections.Select(section => new ServedModel(
                services.GetRequiredKeyedService<HostedModel>(section.Key), options, created, rooms[section.Key], reading))], reading);
        });
        builder.Services.AddSingleton<GenerationEndpoint>();
        // Longer than what the longest model is given to end: its own reason is to reach the caller.
        builder.Services.AddOptions<HostOptions>().Configure<IOptionsMonitor<HoloZeroOptions>>((host, models) => host.ShutdownTimeout =
            sections.Max(section => models.Get(section.Key).StopGrace) + TimeSpan.FromSeconds(10));

        bool IsDefault(IConfigurationSection section) => section.Key.Equals(options.DefaultModel, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Sets what connections may do.</summary>
    public static void AddLimits(this WebApplicationBuilder builder, ServerOptions options)
    {
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = options.MaxConnections;
            kestrel.Limits.MaxRequestBodySize = options.MaxBodyBytes;
            // A body that comes a byte a second holds a connection and nothing else; it ends all the same.
            kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));
        });
        builder.Services.AddRequestTimeouts(timeouts => timeouts.DefaultPolicy = new()
        {
            Timeout = options.RequestTimeout,
            // In the words of the protocol; a stream that has begun says so itself.
            WriteTimeoutResponse = context => ErrorMiddleware.WriteAsync(context, ErrorMapping.Timeout),
        });
    }

    /// <summary>Lets pages of the configured origins call.</summary>
    public static void AddCrossOrigin(this WebApplicationBuilder builder, ServerOptions options)
    {
        if (options.CorsOrigins.Length == 0) return;
        builder.Services.AddCors(cors => cors.AddPolicy(Cors, policy => policy.WithOrigins(options.CorsOrigins)
            .AllowAnyHeader().AllowAnyMethod()
            .WithExposedHeaders("x-request-id", "x-holozero-seed", BytesEndpoint.WindowHeader, "retry-after")));
    }

    /// <summary>Uses it.</summary>
    public static void UseCrossOrigin(this WebApplication app, ServerOptions options)
    {
        if (options.CorsOrigins.Length > 0) app.UseCors(Cors);
    }

    /// <summary>Collects metrics for Prometheus, and sends metrics and traces by OTLP where it is told where to.</summary>
    public static void AddTelemetry(this WebApplicationBuilder builder, ServerOptions options)
    {
        var telemetry = builder.Services.AddOpenTelemetry().ConfigureResource(resource => resource.AddService("holozero"))
            .WithMetrics(metrics => metrics.AddMeter(ByteGenerator.MeterName)
                .AddMeter("Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel").AddPrometheusExporter());
        if (options.OtlpEndpoint is not { } endpoint) return;
        telemetry.WithTracing(tracing => tracing.AddSource(HostedModel.ActivitySourceName)
                // A generation is a part of its request: were that not recorded, neither would be the part.
                .AddSource("Microsoft.AspNetCore"))
            .UseOtlpExporter(OpenTelemetry.Exporter.OtlpExportProtocol.Grpc, new Uri(endpoint));
    }

    /// <summary>Serves the page: files of wwwroot and nothing else, which may load nothing from elsewhere.</summary>
    public static void UsePage(this WebApplication app)
    {
        app.Use((context, next) =>
        {
            context.Response.Headers.XContentTypeOptions = "nosniff";
            if (!Routes.IsApi(context))
            {
                context.Response.Headers.ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; "
                    + "img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
                    + "frame-ancestors 'none'; require-trusted-types-for 'script'";
            }

            return next(context);
        });
        app.UseDefaultFiles();
        app.UseStaticFiles(new StaticFileOptions { OnPrepareResponse = file => file.Context.Response.Headers.CacheControl = "no-cache" });
    }
}
