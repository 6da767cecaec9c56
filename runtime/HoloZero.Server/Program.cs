using HoloZero.Artifacts;

namespace HoloZero.Server;

/// <summary>The service: models behind HTTP. Configuration alone says what it does; <c>holozero serve</c> writes some of it.</summary>
internal static class Program
{
    /// <summary>Runs it until it is told to stop.</summary>
    /// <returns>0 stopped, 1 a model is unsound, 2 bad configuration or artifact, 3 the machine lacks something.</returns>
    public static async Task<int> Main(string[] args)
    {
        try
        {
            await using var app = Build(args);
            await app.RunAsync();
            return Environment.ExitCode;
        }
        catch (Exception e) when (e is BadInputException or IOException or FormatException or InvalidDataException)
        {
            // Addresses that are none, or are taken, are refused in the framework's own words.
            await Console.Error.WriteLineAsync($"holozero serve: {Untrusted.OneLine(e.Message)}");
            return 2;
        }
    }

    /// <summary>Puts the service together.</summary>
    /// <exception cref="BadInputException">The configuration is wrong; the message names the key.</exception>
    internal static WebApplication Build(string[] args)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        builder.AddSettings(args);
        var options = builder.AddServerOptions();
        builder.AddModels(options);
        builder.AddLimits(options);
        builder.AddCrossOrigin(options);
        builder.AddTelemetry(options);
        builder.AddDescription();

        var app = builder.Build();
        app.UseMiddleware<ErrorMiddleware>();
        app.UseStatusCodePages(ErrorMiddleware.StatusAsync);
        app.UsePage();
        app.UseRouting();
        app.UseCrossOrigin(options);
        app.UseMiddleware<ApiKeyMiddleware>();
        app.UseRequestTimeouts();
        app.MapOpenAI();
        app.MapOwn();
        app.MapOperations();
        return app;
    }
}
