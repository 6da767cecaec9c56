using System.Text;
using HoloZero.Artifacts;
using HoloZero.Hosting;
using HoloZero.Runtime;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;

var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.Services.AddHoloZero("demo", builder.Configuration.GetSection("HoloZero:demo"));
var app = builder.Build();

// Text as it comes, a character never split; whoever leaves ends the generation.
app.MapGet("/continue", async (string prompt, int? maxBytes, IByteGenerator generator, HttpContext http) =>
{
    var options = new GenerationOptions
    {
        MaxBytes = Math.Clamp(maxBytes ?? 60, 1, 4096),
        Sampling = new() { Temperature = 0.8, Seed = 7 },
    };
    http.Response.ContentType = "text/plain; charset=utf-8";
    try
    {
        await foreach (var text in generator.GenerateAsync(Encoding.UTF8.GetBytes(prompt), options, http.RequestAborted)
            .ToTextAsync(http.RequestAborted))
        {
            await http.Response.WriteAsync(text, http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
        }
    }
    catch (QueueFullException) when (!http.Response.HasStarted)
    {
        http.Response.StatusCode = StatusCodes.Status429TooManyRequests;
    }
    catch (HoloZeroException e) when (e is ModelLoadException or GeneratorStoppedException && !http.Response.HasStarted)
    {
        http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
    }
});
app.MapHealthChecks("/health/ready", new HealthCheckOptions { Predicate = check => check.Tags.Contains("ready") });
try
{
    app.Run();
}
catch (BadInputException e)
{
    await Console.Error.WriteLineAsync($"web: {e.Message}");
    return 2;
}

return Environment.ExitCode;
