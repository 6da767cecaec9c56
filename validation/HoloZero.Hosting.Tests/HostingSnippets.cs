using HoloZero.Runtime;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace HoloZero.Hosting.Tests;

/// <summary>The code that docs/hosting.md shows, compiled and run.</summary>
internal static class HostingSnippets
{
    public static async Task HostAsync(string[] args, TextWriter output)
    {
        #region Hosting
        var builder = Host.CreateApplicationBuilder(args);
        builder.Services.AddHoloZero("demo", options => options.Model = "out/demo");
        builder.Services.AddHoloZero("small", builder.Configuration.GetSection("HoloZero:small"));
        builder.Services.AddSingleton<Author>();
        using var host = builder.Build();
        await host.StartAsync();

        // Waits until the model is ready, or throws why it is not.
        output.Write(await host.Services.GetRequiredService<Author>().ContinueAsync("And God said, "));
        await host.StopAsync();
        #endregion
    }

    #region Consumer
    public sealed class Author([FromKeyedServices("small")] IByteGenerator generator)
    {
        public async Task<string> ContinueAsync(string prompt, CancellationToken cancellation = default)
        {
            var options = new GenerationOptions { MaxBytes = 60, Sampling = new() { Temperature = 0.8, Seed = 7 } };
            var bytes = System.Text.Encoding.UTF8.GetBytes(prompt);
            var pieces = generator.GenerateAsync(bytes, options, cancellation).ToTextAsync(cancellation);
            return string.Concat(await pieces.ToListAsync(cancellation));
        }
    }
    #endregion
}
