using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using HoloZero.Media;
using HoloZero.Runtime;

namespace HoloZero.Server;

/// <summary>
/// <c>POST /v1/bytes</c>: raw bytes in, raw bytes out as they come; the options of <c>holozero generate</c> in the query, their dashes
/// underscores. A form may bring picture, sound and caption instead. An answer that breaks off is no whole one: the connection is cut.
/// </summary>
internal static class BytesEndpoint
{
    /// <summary>The type of raw bytes.</summary>
    public const string MediaType = "application/octet-stream";

    /// <summary>Tells the window that a form became, in base64.</summary>
    public const string WindowHeader = "x-holozero-window";

    /// <summary>Serves it.</summary>
    public static async Task ServeAsync(HttpContext context, ModelCatalog models, ServerOptions options)
    {
        var cancellation = context.RequestAborted;
        var query = new QueryFields(context.Request.Query);
        var model = models.Named(query.Text("model"));
        var maxBytes = query.Whole<long>("max_bytes", 0, options.MaxTokens);
        var generation = Options(query);
        var (stream, slots, kept) = (query.Whole("stream_bytes", 0, int.MaxValue), query.Whole("max_prefix_slots", 0, int.MaxValue),
            query.Whole("kept_stream_bytes", 0, int.MaxValue));
        var isForm = WindowForm.IsIn(context.Request);
        var (layout, rest) = (WindowEndpoints.Layout(query), WindowEndpoints.SlotRestOf(query));
        query.RefuseOthers();
        generation.Validate();
        var loaded = await model.ReadyAsync(cancellation);

        byte[] prompt, begun = [];
        var window = model.WindowOf(loaded);
        var form = isForm ? await WindowForm.ReadAsync(context.Request, options.MaxPromptBytes, cancellation) : null;
        if (form is { Parts.AreGiven: true } or { Parts.At: not null })
        {
            if (generation.PrefixSlots is not null)
                throw query.Invalid("prefix_slots", "contradicts a window, which is the prefix: give one or the other");
            var shown = await model.WindowAsync(form.Parts with { Layout = layout }, cancellation);
            context.Response.Headers[WindowHeader] = Convert.ToBase64String(shown.Bytes.Span);
            var next = WindowContinuation.Of(loaded, shown, window, rest, form.Prompt);
            (prompt, window) = (next.Prompt.ToArray(), next.Room);
            // What the caller sent is known there, as any prompt is; what was taken from the window is part of the next one.
            if (form.Prompt is not { Length: > 0 }) begun = next.Begun.ToArray();
            maxBytes ??= Math.Min(next.MissingBytes + begun.Length, options.MaxTokens);
            if (maxBytes < begun.Length) begun = [];
            generation = generation with { PrefixSlots = next.PrefixSlots, MaxBytes = maxBytes.Value - begun.Length };
        }
        else
        {
            foreach (var name in (string[])["layout", "slot_rest"])
                if (query.Text(name) is not null) throw query.Invalid(name, "is for windows: send picture, sound or caption in a form");
            prompt = form is null ? await context.Request.ReadBytesAsync(cancellation) : form.Prompt ?? [];
            generation = generation with { MaxBytes = maxBytes ?? throw query.Invalid("max_bytes", "is missing") };
        }

        if (prompt.Length > options.MaxPromptBytes)
            throw ApiException.Invalid("body", $"the prompt has {prompt.Length} bytes, allowed are {options.MaxPromptBytes}", "too_long");
        if (generation.Sampling.Seed is { } seed)
            context.Response.Headers["x-holozero-seed"] = seed.ToString(CultureInfo.InvariantCulture);
        context.Response.ContentType = MediaType;
        context.Response.Headers.CacheControl = "no-store";
        generation = generation with { Window = window.With(stream, slots, kept) };
        var chunks = model.Generator.GenerateAsync(prompt, generation, cancellation);
        await WriteAsync(context.Response.BodyWriter, begun, chunks, cancellation);
    }

    /// <summary>Writes what has begun with the first of what is generated: a generation that is refused has no answer.</summary>
    private static async Task WriteAsync(PipeWriter output, byte[] begun, IAsyncEnumerable<GenerationChunk> chunks,
        CancellationToken cancellation)
    {
        await foreach (var chunk in chunks)
        {
            output.Write(begun);
            begun = [];
            await output.WriteAsync(chunk.Bytes, cancellation);
        }
    }

    private static GenerationOptions Options(QueryFields query) => new()
    {
        MaxBytes = 0,
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
