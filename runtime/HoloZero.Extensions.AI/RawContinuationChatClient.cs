using System.Runtime.CompilerServices;
using System.Text;
using HoloZero.Artifacts;
using HoloZero.Runtime;
using Microsoft.Extensions.AI;

namespace HoloZero.Extensions.AI;

/// <summary>
/// A generator as a chat client. The model knows no chat: what the caller's formatter makes of the messages is continued, byte by byte, and
/// that is the answer. Thread-safe. The generator stays the caller's, who disposes it.
/// </summary>
/// <remarks>
/// A token is a byte in every count. Of <see cref="ChatOptions"/> it takes MaxOutputTokens, Temperature (0 is greedy), TopP, TopK, Seed,
/// StopSequences, PresencePenalty and FrequencyPenalty; what the model cannot do is refused by <see cref="BadInputException"/>.
/// </remarks>
public sealed class RawContinuationChatClient : IChatClient
{
    private readonly IByteGenerator _generator;
    private readonly Func<IEnumerable<ChatMessage>, string> _format;
    private readonly ChatClientMetadata _metadata;

    /// <param name="generator">What generates; not disposed.</param>
    /// <param name="format">What of the messages is continued; called once a request, maybe by several threads at once.</param>
    /// <param name="model">What the model is called; null where it has no name.</param>
    /// <exception cref="ArgumentNullException"><paramref name="generator"/> or <paramref name="format"/> is null.</exception>
    public RawContinuationChatClient(IByteGenerator generator, Func<IEnumerable<ChatMessage>, string> format, string? model = null)
    {
        ArgumentNullException.ThrowIfNull(generator);
        ArgumentNullException.ThrowIfNull(format);
        (_generator, _format, _metadata) = (generator, format, new("holozero", defaultModelId: model));
    }

    /// <summary>Bytes of an answer where the request says nothing.</summary>
    /// <value>256.</value>
    public int DefaultMaxBytes { get; init; } = 256;

    /// <summary>Continues the messages, and answers when it is done.</summary>
    /// <param name="messages">What the formatter is given.</param>
    /// <param name="options">What to generate; null is the default.</param>
    /// <param name="cancellationToken">Ends it with an <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="BadInputException">An option is out of range, or asks for what the model cannot do.</exception>
    /// <exception cref="HoloZeroException">Those of <see cref="IByteGenerator.GenerateAsync"/>.</exception>
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        CancellationToken cancellationToken = default) =>
        await GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken).ConfigureAwait(false);

    /// <summary>Continues the messages; text comes as it is generated and never splits a character.</summary>
    /// <param name="messages">What the formatter is given.</param>
    /// <param name="options">What to generate; null is the default.</param>
    /// <param name="cancellationToken">Ends it with an <see cref="OperationCanceledException"/>.</param>
    /// <returns>Pieces; the last one has the finish reason and the usage.</returns>
    /// <exception cref="BadInputException">An option is out of range, or asks for what the model cannot do.</exception>
    /// <exception cref="HoloZeroException">During the enumeration: those of <see cref="IByteGenerator.GenerateAsync"/>.</exception>
    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var generation = Generation(options);
        ChatMessage[] all = [.. messages];
        Refuse("messages", all.Any(message => message.Contents.Any(content => content is DataContent or UriContent)),
            "reads text alone", what: "hold data that is no text");
        return EnumerateAsync(Encoding.UTF8.GetBytes(_format(all)), generation, cancellationToken);
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null) return null;
        if (serviceType == typeof(ChatClientMetadata)) return _metadata;
        if (serviceType == typeof(IByteGenerator)) return _generator;
        return serviceType.IsInstanceOfType(this) ? this : null;
    }

    /// <summary>Does nothing: the generator is the caller's.</summary>
    public void Dispose()
    {
    }

    private async IAsyncEnumerable<ChatResponseUpdate> EnumerateAsync(byte[] prompt, GenerationOptions options,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        var decoder = new Utf8TextDecoder();
        var id = Guid.NewGuid().ToString("N");
        await foreach (var chunk in _generator.GenerateAsync(prompt, options, cancellation).ConfigureAwait(false))
        {
            var text = decoder.Append(chunk.Bytes.Span);
            if (chunk.Finish is not { } finish)
            {
                if (text.Length > 0) yield return Update([new TextContent(text)]);
                continue;
            }

            text += decoder.Flush();
            var usage = new UsageDetails
            {
                InputTokenCount = prompt.Length,
                OutputTokenCount = finish.Bytes,
                TotalTokenCount = prompt.Length + finish.Bytes,
                CachedInputTokenCount = finish.CachedPromptBytes,
            };
            var last = Update([.. text.Length > 0 ? [new TextContent(text)] : (AIContent[])[], new UsageContent(usage)]);
            last.FinishReason = finish.Reason == FinishReason.Length ? ChatFinishReason.Length : ChatFinishReason.Stop;
            yield return last;
        }

        ChatResponseUpdate Update(IList<AIContent> contents) => new(ChatRole.Assistant, contents)
        {
            ResponseId = id,
            MessageId = id,
            ModelId = _metadata.DefaultModelId,
        };
    }

    private GenerationOptions Generation(ChatOptions? options)
    {
        if (options is null) return new() { MaxBytes = DefaultMaxBytes };
        Refuse("Tools", options.Tools is { Count: > 0 }, "calls no tools");
        Refuse("ResponseFormat", options.ResponseFormat is not (null or ChatResponseFormatText), "promises no format");
        Refuse("Instructions", !string.IsNullOrEmpty(options.Instructions), "takes none: put them among the messages");
        Refuse("ConversationId", options.ConversationId is not null, "keeps no conversation");
        Refuse("ModelId", options.ModelId is { } model && model != _metadata.DefaultModelId, $"is {_metadata.DefaultModelId ?? "unnamed"}");
        var greedy = options.Temperature == 0;
        return new()
        {
            MaxBytes = options.MaxOutputTokens ?? DefaultMaxBytes,
            Stop = options.StopSequences is { Count: > 0 } stops ? StopSequences.FromText(stops) : StopSequences.None,
            Sampling = new()
            {
                Greedy = greedy,
                Temperature = greedy ? null : options.Temperature,
                TopP = greedy ? null : options.TopP,
                TopK = greedy ? null : options.TopK,
                Seed = greedy ? null : (ulong?)options.Seed,
                PresencePenalty = options.PresencePenalty,
                FrequencyPenalty = options.FrequencyPenalty,
            },
        };
    }

    private static void Refuse(string option, bool given, string why, string what = "is given")
    {
        if (given) throw new BadInputException(option, $"{what}, and this model {why}", "leave it out");
    }
}
