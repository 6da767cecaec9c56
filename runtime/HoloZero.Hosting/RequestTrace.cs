using System.Diagnostics;
using HoloZero.Runtime;

namespace HoloZero.Hosting;

/// <summary>
/// The trace of one generation, by OpenTelemetry's conventions for generative models, tokens being bytes. Counts and reasons alone: never
/// a prompt, what came of it, or a message that might repeat some. Not thread-safe.
/// </summary>
internal sealed class RequestTrace : IDisposable
{
    private const string Operation = "text_completion";

    private static readonly ActivitySource Source = new(HostedModel.ActivitySourceName);

    private readonly Activity? _activity;
    private bool _ended;

    public RequestTrace(string model, int promptBytes)
    {
        if (!Source.HasListeners()) return;
        _activity = Source.StartActivity($"{Operation} {model}", ActivityKind.Internal, parentContext: default, tags:
        [
            new("gen_ai.operation.name", Operation), new("gen_ai.provider.name", "holozero"), new("gen_ai.request.model", model),
            new("gen_ai.usage.input_tokens", promptBytes),
        ]);
    }

    /// <summary>Bytes that were delivered.</summary>
    public long Bytes { get; private set; }

    /// <summary>A piece came.</summary>
    public void Delivered(GenerationChunk chunk)
    {
        Bytes += chunk.Bytes.Length;
        if (chunk.Finish is not { } finish) return;
        _ended = true;
        _activity?.SetTag("gen_ai.response.finish_reasons", new[] { Name(finish.Reason) });
        _activity?.SetTag("gen_ai.usage.cache_read.input_tokens", finish.CachedPromptBytes);
    }

    /// <summary>It failed, or was cancelled.</summary>
    public void Failed(Exception cause)
    {
        if (cause is OperationCanceledException) return;
        _ended = true;
        _activity?.SetTag("error.type", cause.GetType().Name);
        _activity?.SetStatus(ActivityStatusCode.Error);
    }

    /// <summary>The reader is done with it; where nothing ended it, it was cancelled.</summary>
    public void Dispose()
    {
        if (_activity is null) return;
        _activity.SetTag("gen_ai.usage.output_tokens", Bytes);
        if (!_ended) _activity.SetTag("holozero.cancelled", true);
        _activity.Dispose();
    }

    private static string Name(FinishReason reason) => reason switch
    {
        FinishReason.Length => "length",
        FinishReason.Stop => "stop",
        _ => "eos",
    };
}
