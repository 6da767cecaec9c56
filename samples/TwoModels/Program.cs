using System.Text;
using HoloZero.Hosting;
using HoloZero.Runtime;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

// two-models FOLDER FOLDER: what two models in one process make of the same prompt.
if (args is not [var first, var second])
{
    await Console.Error.WriteLineAsync("two-models: name two artifact folders");
    return 2;
}

var builder = Host.CreateApplicationBuilder();
builder.Logging.SetMinimumLevel(LogLevel.Error);
builder.Services.AddHoloZero("first", options => options.Model = first);
builder.Services.AddHoloZero("second", options => options.Model = second);
builder.Services.AddSingleton<Comparison>();
using var host = builder.Build();
await host.StartAsync();
try
{
    await host.Services.GetRequiredService<Comparison>().PrintAsync("In the beginning ");
}
catch (ModelLoadException)
{
    // The log has said why, and the exit code is set.
}

await host.StopAsync();
return Environment.ExitCode;

internal sealed class Comparison([FromKeyedServices("first")] IByteGenerator first, [FromKeyedServices("second")] IByteGenerator second)
{
    public async Task PrintAsync(string prompt)
    {
        // Both at the same time.
        var texts = await Task.WhenAll(ContinueAsync(first, prompt), ContinueAsync(second, prompt));
        foreach (var text in texts) Console.WriteLine(text);
    }

    private static async Task<string> ContinueAsync(IByteGenerator generator, string prompt)
    {
        var options = new GenerationOptions { MaxBytes = 40, Sampling = new() { Temperature = 0.8, Seed = 7 } };
        var pieces = generator.GenerateAsync(Encoding.UTF8.GetBytes(prompt), options).ToTextAsync();
        return string.Concat(await pieces.ToListAsync());
    }
}
