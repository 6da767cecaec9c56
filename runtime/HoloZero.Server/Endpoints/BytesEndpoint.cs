using System.Globalization;
using System.Numerics;
using HoloZero.Artifacts;
using HoloZero.Runtime;

namespace HoloZero.Server;

/// <summary>
/// <c>POST /v1/bytes</c>: raw bytes in, raw bytes out as they come; the options of <c>holozero generate</c> in the query, their dashes
/// underscores. An answer that breaks off is no whole one: the connection is cut.
/// </summary>
internal static class BytesEndpoint
{
    private const string MediaType = "application/octet-stream";

    /// <summary>Serves it.</summary>
    public static async Task ServeAsync(HttpContext context, ModelCatalog models, ServerOptions options)
    {
        var cancellation = context.RequestAborted;
        var query = new QueryFields(context.Request.Query);
        var model = models.Named(query.Text("model"));
        var generation = Options(query, options);
        var (stream, slots, kept) = (query.Whole("stream_bytes", 0, int.MaxValue), query.Whole("max_prefix_slots", 0, int.MaxValue),
            query.Whole("kept_stream_bytes", 0, int.MaxValue));
        query.RefuseOthers();
        generation.Validate();
        var window = (await model.ReadyAsync(cancellation)).Window.With(stream, slots, kept);
        var prompt = await context.Request.ReadBytesAsync(cancellation);
        if (prompt.Length > options.MaxPromptBytes)
            throw ApiException.Invalid("body", $"the body has {prompt.Length} bytes, allowed are {options.MaxPromptBytes}", "too_long");
        if (generation.Sampling.Seed is { } seed)
            context.Response.Headers["x-holozero-seed"] = seed.ToString(CultureInfo.InvariantCulture);
        context.Response.ContentType = MediaType;
        context.Response.Headers.CacheControl = "no-store";
        await foreach (var chunk in model.Generator.GenerateAsync(prompt, generation with { Window = window }, cancellation))
        {
            await context.Response.BodyWriter.WriteAsync(chunk.Bytes, cancellation);
        }
    }

    private static GenerationOptions Options(QueryFields query, ServerOptions options) => new()
    {
        MaxBytes = query.Whole<long>("max_bytes", 0, options.MaxTokens) ?? throw query.Invalid("max_bytes", "is missing"),
        PrefixSlots = query.Whole("prefix_slots", 0, int.MaxValue),
        Stop = new(query.Hex("stop")),
        Sampling = new SamplingOptions
        {
            Greedy = query.Flag("greedy"),
            Temperature = query.Number("temperature"),
            TopK = query.Whole("top_k", 0, int.MaxValue),
            TopP = query.Number("top_p"),
            MinP = query.Number("min_p"),
            RepetitionPenalty = query.Number("repetition_penalty"),
            Seed = query.Whole("seed", ulong.MinValue, ulong.MaxValue),
            AllowEos = !query.Flag("ignore_eos"),
        }.WithSeed(),
    };
}

/// <summary>The fields of a query, each once; what nobody asked for is refused. Not thread-safe.</summary>
internal sealed class QueryFields(IQueryCollection query)
{
    private readonly HashSet<string> _asked = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Text that is not empty; null where it is not given.</summary>
    public string? Text(string name)
    {
        _asked.Add(name);
        return query[name] switch
        {
            [] => null,
            [{ Length: > 0 } one] => one,
            [_] => throw Invalid(name, "is empty"),
            _ => throw Invalid(name, "is given more than once"),
        };
    }

    /// <summary>A number.</summary>
    public double? Number(string name) => Text(name) is not { } text ? null
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number
            : throw Invalid(name, $"{Untrusted.Quote(text)} is no number");

    /// <summary>A whole number within a range.</summary>
    public T? Whole<T>(string name, T least, T most)
        where T : struct, IBinaryInteger<T>
    {
        if (Text(name) is not { } text) return null;
        return T.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)
            && whole >= least && whole <= most ? whole
            : throw Invalid(name, $"{Untrusted.Quote(text)} is no whole number within {least} to {most}");
    }

    /// <summary>Whether it is given as true, or given without a value as a program's switch is.</summary>
    public bool Flag(string name)
    {
        if (query[name] is [""])
        {
            _asked.Add(name);
            return true;
        }

        return Text(name) switch
        {
            null or "false" => false,
            "true" => true,
            _ => throw Invalid(name, "is neither true nor false"),
        };
    }

    /// <summary>Bytes in hexadecimal, any number of times.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Hex(string name)
    {
        _asked.Add(name);
        return [.. query[name].Select(text => text is { Length: > 0 } && text.Length % 2 == 0 && text.All(char.IsAsciiHexDigit)
            ? (ReadOnlyMemory<byte>)Convert.FromHexString(text) : throw Invalid(name, "is not pairs of hexadecimal digits, such as 0d0a"))];
    }

    /// <summary>Refuses all fields that nobody asked for.</summary>
    public void RefuseOthers()
    {
        if (query.Keys.FirstOrDefault(name => !_asked.Contains(name)) is { } unknown)
        {
            throw ApiException.Invalid(Untrusted.Cut(unknown), $"{Untrusted.Quote(unknown)} is no option of this endpoint; leave it out",
                "unknown_parameter");
        }
    }

    /// <summary>An error about a field.</summary>
    public ApiException Invalid(string name, string what) => ApiException.Invalid(name, $"{name} {what}");
}
