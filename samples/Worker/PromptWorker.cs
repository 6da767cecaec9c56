using System.Text;
using HoloZero.Artifacts;
using HoloZero.Hosting;
using HoloZero.Runtime;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace HoloZero.Samples.Worker;

/// <summary>What the worker is to do: the section <c>Work</c>.</summary>
internal sealed class WorkOptions
{
    /// <summary>What to continue.</summary>
    public List<string> Prompts { get; } = [];

    /// <summary>Bytes for each, 1 to 1,048,576.</summary>
    public int MaxBytes { get; set; } = 120;

    /// <summary>Same seed, same answers.</summary>
    public ulong? Seed { get; set; }
}

/// <summary>Continues all prompts at once, logs what comes of them, and stops the host.</summary>
internal sealed partial class PromptWorker([FromKeyedServices("demo")] IByteGenerator generator, IOptions<WorkOptions> work,
    IHostApplicationLifetime host, ILogger<PromptWorker> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Task.WhenAll(work.Value.Prompts.Select(prompt => AnswerAsync(prompt, stoppingToken)));
        }
        catch (ModelLoadException)
        {
            // It has been logged, and the host stops.
        }
        catch (HoloZeroException e)
        {
            LogGivenUp(e.Message);
            Environment.ExitCode = 1;
        }
        finally
        {
            host.StopApplication();
        }
    }

    private async Task AnswerAsync(string prompt, CancellationToken cancellation)
    {
        var sampling = new SamplingOptions { Temperature = 0.7, Seed = work.Value.Seed };
        var options = new GenerationOptions { MaxBytes = work.Value.MaxBytes, Sampling = sampling };
        var answer = new StringBuilder();
        await foreach (var text in generator.GenerateAsync(Encoding.UTF8.GetBytes(prompt), options, cancellation).ToTextAsync(cancellation))
            answer.Append(text);
        LogAnswer(prompt, answer);
    }

    [LoggerMessage(1, LogLevel.Information, "{Prompt}{Answer}")]
    private partial void LogAnswer(string prompt, StringBuilder answer);

    [LoggerMessage(2, LogLevel.Error, "given up: {Reason}")]
    private partial void LogGivenUp(string reason);
}
