using System.Globalization;
using System.Text.Json;
using HoloZero.Artifacts;
using HoloZero.Runtime;

namespace HoloZero.Server;

/// <summary>What both of OpenAI's protocols ask for alike. Immutable.</summary>
internal sealed record GenerationRequest
{
    private const int MostStops = 4;

    /// <summary>The model that was named.</summary>
    public required ServedModel Model { get; init; }

    /// <summary>At least one prompt.</summary>
    public required IReadOnlyList<byte[]> Prompts { get; init; }

    /// <summary>How each is continued; <see cref="SamplingOptions.Seed"/> is that of the first candidate of each prompt.</summary>
    public required GenerationOptions Options { get; init; }

    /// <summary>What the request says of the model's own window.</summary>
    public WindowChange Window { get; init; }

    /// <summary>Choices a prompt.</summary>
    public int N { get; init; } = 1;

    /// <summary>Candidates a prompt, of which the N likeliest are its choices.</summary>
    public int BestOf { get; init; } = 1;

    /// <summary>Whether the answer begins with the prompt.</summary>
    public bool Echo { get; init; }

    /// <summary>How many of the likeliest bytes are told; null tells no probabilities.</summary>
    public int? Logprobs { get; init; }

    /// <summary>Whether the answer comes in pieces.</summary>
    public bool Stream { get; init; }

    /// <summary>Whether a stream ends with what was used.</summary>
    public bool IncludeUsage { get; init; }

    /// <summary>The options of one candidate: seeds count up, so that the first is what it would be alone.</summary>
    public GenerationOptions OptionsOf(int candidate)
    {
        var likeliest = Logprobs ?? (BestOf > N ? 0 : null);
        var sampling = Options.Sampling;
        return Options with
        {
            Likeliest = likeliest,
            Sampling = sampling.Seed is { } seed ? sampling with { Seed = unchecked(seed + (ulong)candidate) } : sampling,
        };
    }

    /// <summary>Reads <c>n</c>, and holds what the request may cost against what the service allows.</summary>
    public static (int N, int BestOf) Choices(JsonFields fields, ServerOptions options, int prompts, int maxTokens, bool takesBestOf)
    {
        var n = (int)(fields.Whole("n", 1, 128) ?? 1);
        var bestOf = takesBestOf ? (int?)fields.Whole("best_of", 1, 128) : null;
        if (bestOf < n) throw fields.Invalid("best_of", $"is {bestOf}, which is less than n, {n}");
        var candidates = (long)(bestOf ?? n) * prompts;
        if (candidates > options.MaxChoices)
        {
            throw fields.Invalid(bestOf is null ? "n" : "best_of", string.Create(CultureInfo.InvariantCulture,
                $"asks for {candidates} generations over all prompts, allowed are {options.MaxChoices}"), "too_many");
        }

        return candidates * maxTokens <= options.MaxRequestTokens ? (n, bestOf ?? n)
            : throw fields.Invalid("max_tokens", string.Create(CultureInfo.InvariantCulture,
                $"times {candidates} generations is {candidates * maxTokens:N0} bytes, allowed are {options.MaxRequestTokens:N0}"),
                "too_many");
    }

    /// <summary>Reads <c>stream</c> and <c>stream_options</c>.</summary>
    public static (bool Stream, bool IncludeUsage) Streaming(JsonFields fields)
    {
        var stream = fields.Flag("stream") ?? false;
        if (fields.Get("stream_options") is not { } value) return (stream, false);
        if (!stream) throw fields.Invalid("stream_options", "is for streams: set stream, too");
        if (value.ValueKind != JsonValueKind.Object) throw fields.Invalid("stream_options", "is no object");
        var inner = new JsonFields(value, "stream_options.");
        var usage = inner.Flag("include_usage") ?? false;
        // Noise against those who guess text from the length of encrypted packets; these are bytes one by one anyway.
        inner.Ignore("include_obfuscation");
        inner.RefuseOthers();
        return (stream, usage);
    }

    /// <summary>Reads how bytes are chosen.</summary>
    public static SamplingOptions Sampling(JsonFields fields)
    {
        var temperature = fields.Number("temperature", 0, 2);
        var topP = fields.Number("top_p", 0, 1);
        var topK = (int?)fields.Whole("top_k", -1, ByteVocabulary.Size);
        var minP = fields.Number("min_p", 0, 1);
        var seed = fields.Whole("seed", long.MinValue, long.MaxValue);
        if (topP == 0) throw fields.Invalid("top_p", "is 0, allowed are values above 0 to 1");
        var sampling = new SamplingOptions
        {
            RepetitionPenalty = fields.Number("repetition_penalty", 0.01, 100),
            PresencePenalty = fields.Number("presence_penalty", -2, 2),
            FrequencyPenalty = fields.Number("frequency_penalty", -2, 2),
            LogitBias = Bias(fields),
        };
        // What narrows a draw means nothing where nothing is drawn, and other servers take it.
        if (temperature == 0) return sampling with { Greedy = true };
        return (sampling with
        {
            Temperature = temperature,
            TopP = topP,
            // Other servers write "all" as -1.
            TopK = topK is -1 ? null : topK,
            MinP = minP,
            Seed = seed is { } given ? unchecked((ulong)given) : null,
        }).WithSeed();
    }

    /// <summary>Reads <c>stop</c>: text, or up to four of them.</summary>
    public static StopSequences Stops(JsonFields fields)
    {
        if (fields.Get("stop") is not { } value) return StopSequences.None;
        byte[][] stops = value.ValueKind switch
        {
            JsonValueKind.String => [fields.Utf8("stop", value)],
            JsonValueKind.Array when value.GetArrayLength() <= MostStops =>
                [.. value.EnumerateArray().Select(item => fields.Utf8("stop", item))],
            JsonValueKind.Array => throw fields.Invalid("stop", $"has {value.GetArrayLength()} texts, allowed are {MostStops}"),
            _ => throw fields.Invalid("stop", "is neither text nor an array of texts"),
        };
        if (Array.Exists(stops, stop => stop.Length is 0 or > StopSequences.MaxLength))
            throw fields.Invalid("stop", $"has a text of no bytes or more than {StopSequences.MaxLength}");
        return new([.. stops.Select(stop => (ReadOnlyMemory<byte>)stop)]);
    }

    private static Dictionary<int, float>? Bias(JsonFields fields)
    {
        const string name = "logit_bias";
        if (fields.Get(name) is not { } value) return null;
        if (value.ValueKind != JsonValueKind.Object) throw fields.Invalid(name, "is no object of biases by byte");
        var biases = new Dictionary<int, float>();
        foreach (var field in value.EnumerateObject())
        {
            var (key, bias) = (field.Name, field.Value);
            if (!int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                || id is < 0 or >= ByteVocabulary.Size or ByteVocabulary.Mask)
            {
                throw fields.Invalid(name,
                    $"has the key {Untrusted.Quote(key)}; keys are bytes, 0 to 255, and {ByteVocabulary.Eos}, the end");
            }

            if (bias.ValueKind != JsonValueKind.Number || !bias.TryGetSingle(out var number) || !(number is >= -100 and <= 100))
                throw fields.Invalid(name, $"for {id} is no number from -100 to 100");
            if (!biases.TryAdd(id, number)) throw fields.Invalid(name, $"names {id} twice");
        }

        return biases.Count > 0 ? biases : null;
    }
}

/// <summary>What a request says of the window that a model is used with; null leaves the model's own value.</summary>
/// <param name="StreamBytes">Stream bytes kept before re-packing.</param>
/// <param name="MaxPrefixSlots">Prefix slots kept.</param>
/// <param name="KeptStreamBytes">Stream bytes that stay when it is re-packed.</param>
internal readonly record struct WindowChange(int? StreamBytes, int? MaxPrefixSlots, int? KeptStreamBytes);
