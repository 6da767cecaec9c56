using System.Text.Json;
using HoloZero.Runtime;

namespace HoloZero.Server;

/// <summary>Reads the body of <c>POST /v1/completions</c>.</summary>
internal static class CompletionRequest
{
    private const int DefaultMaxTokens = 16;
    private const int MostLogprobs = 5;

    /// <summary>Reads it.</summary>
    /// <exception cref="ApiException">A field is wrong, unknown, or not supported; the error names it.</exception>
    public static GenerationRequest Read(JsonElement body, ModelCatalog models, ServerOptions options)
    {
        var fields = new JsonFields(body);
        fields.Refuse("suffix", "the model continues text, it fills no gaps");
        fields.Ignore("user");
        var model = models.Named(fields.Text("model"));
        var prompts = Prompts(fields, options);
        var echo = fields.Flag("echo") ?? false;
        var maxTokens = (int)(fields.Whole("max_tokens", 0, options.MaxTokens) ?? Math.Min(DefaultMaxTokens, options.MaxTokens));
        if (maxTokens == 0 && !echo) throw fields.Invalid("max_tokens", "is 0, which is allowed with echo alone");
        var (stream, includeUsage) = GenerationRequest.Streaming(fields);
        var (n, bestOf) = GenerationRequest.Choices(fields, options, prompts.Count, maxTokens, takesBestOf: true);
        if (stream && bestOf > n) throw fields.Invalid("best_of", "is more than n, which cannot be streamed: the best is known at the end");
        var logprobs = (int?)fields.Whole("logprobs", 0, MostLogprobs);
        if (echo && logprobs is not null && prompts.Any(prompt => prompt.Length > ScoreOptions.LongestSingleStream))
        {
            throw fields.Invalid("prompt", $"has more than {ScoreOptions.LongestSingleStream} bytes, "
                + "which is the most whose log-probabilities are told (echo with logprobs)", "too_long");
        }

        var request = new GenerationRequest
        {
            Model = model,
            Prompts = prompts,
            Options = new()
            {
                MaxBytes = maxTokens,
                PrefixSlots = Count("prefix_slots"),
                Stop = GenerationRequest.Stops(fields),
                Sampling = GenerationRequest.Sampling(fields),
            },
            Window = new(Count("stream_bytes"), Count("max_prefix_slots"), Count("kept_stream_bytes")),
            N = n,
            BestOf = bestOf,
            Echo = echo,
            Logprobs = logprobs,
            Stream = stream,
            IncludeUsage = includeUsage,
        };
        fields.RefuseOthers();
        return request;

        int? Count(string name) => (int?)fields.Whole(name, 0, int.MaxValue);
    }

    /// <summary>Text, texts, bytes as whole numbers, or arrays of those; none is an empty one.</summary>
    private static IReadOnlyList<byte[]> Prompts(JsonFields fields, ServerOptions options)
    {
        const string name = "prompt";
        if (fields.Get(name) is not { } value) return [[]];
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() > 0 && value[0].ValueKind == JsonValueKind.Number)
            return [fields.Bytes(name, value, options.MaxPromptBytes)];
        if (value.GetArrayLength() == 0) throw fields.Invalid(name, "is an empty array");
        if (value.GetArrayLength() > options.MaxChoices)
            throw fields.Invalid(name, $"has {value.GetArrayLength()} prompts, allowed are {options.MaxChoices}", "too_many");
        return [.. value.EnumerateArray().Select(item => fields.Bytes(name, item, options.MaxPromptBytes))];
    }
}
