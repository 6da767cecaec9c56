using System.Text.Json;
using HoloZero.Artifacts;
using HoloZero.Media;

namespace HoloZero.Server;

/// <summary>
/// <c>POST /v1/window</c>: picture, sound and caption as the bytes that a model reads. <c>POST /v1/window/show</c>: such bytes as PNG, WAV
/// and text again, and how to go on after them.
/// </summary>
internal static class WindowEndpoints
{
    private const string Film = "film", Digits = "digits";

    /// <summary>Makes a window.</summary>
    public static async Task MakeAsync(HttpContext context, ModelCatalog models)
    {
        var cancellation = context.RequestAborted;
        var query = new QueryFields(context.Request.Query);
        var model = models.Named(query.Text("model"));
        var layout = Layout(query);
        query.RefuseOthers();
        var parts = (await WindowForm.ReadAsync(context.Request, mostPrompt: null, cancellation)).Parts with { Layout = layout };
        if (!parts.AreGiven) throw ApiException.Invalid(null, "there is nothing to make a window of; send picture, sound or caption");
        var window = await model.WindowAsync(parts, cancellation);
        context.Response.ContentType = BytesEndpoint.MediaType;
        await context.Response.BodyWriter.WriteAsync(window.Bytes, cancellation);
    }

    /// <summary>Shows a window.</summary>
    public static async Task ShowAsync(HttpContext context, ModelCatalog models)
    {
        var cancellation = context.RequestAborted;
        var query = new QueryFields(context.Request.Query);
        var model = models.Named(query.Text("model"));
        var (layout, rest) = (Layout(query), SlotRestOf(query));
        query.RefuseOthers();
        var bytes = await context.Request.ReadBytesAsync(cancellation);
        var window = FilmWindow.Parse(bytes, layout);
        var loaded = await model.ReadyAsync(cancellation);
        var next = WindowContinuation.Of(loaded, window, model.WindowOf(loaded), rest);
        await Json.WriteAsync(context.Response, json =>
        {
            json.WriteStartObject();
            json.WriteString("object", "window");
            json.WriteString("model", model.Name);
            json.WriteString("layout", layout == FilmLayout.Film ? Film : Digits);
            json.WriteBoolean("has_marks", window.HasMarks);
            WriteParts(json, window);
            WriteContinuation(json, next);
            json.WriteEndObject();
        }, cancellation);
    }

    /// <summary>Where what lies.</summary>
    public static FilmLayout Layout(QueryFields query) => query.Text("layout") switch
    {
        null or Film => FilmLayout.Film,
        Digits => FilmLayout.Digits,
        var other => throw query.Invalid("layout", $"{Untrusted.Quote(other)} is neither {Film} nor {Digits}"),
    };

    /// <summary>What becomes of bytes that fill no slot.</summary>
    public static SlotRest SlotRestOf(QueryFields query) => query.Text("slot_rest") switch
    {
        null or "truncate" => SlotRest.Truncate,
        "pad" => SlotRest.Pad,
        var other => throw query.Invalid("slot_rest", $"{Untrusted.Quote(other)} is neither truncate nor pad"),
    };

    private static void WriteParts(Utf8JsonWriter json, FilmWindow window)
    {
        var layout = window.Layout;
        json.WriteStartObject("picture");
        WriteRange(json, layout.Picture);
        json.WriteNumber("width", PictureWindow.Side);
        json.WriteNumber("height", PictureWindow.Side);
        WriteNumbers(json, "levels", window.Picture.Levels.Span);
        json.WriteBase64String("png", window.Picture.ToPng());
        json.WriteEndObject();
        json.WriteStartObject("sound");
        WriteRange(json, layout.Sound);
        json.WriteNumber("samples_per_second", SoundWindow.SamplesPerSecond);
        json.WriteStartArray("samples");
        foreach (var sample in window.Sound.ToSamples()) json.WriteNumberValue(sample);
        json.WriteEndArray();
        json.WriteBase64String("wav", window.Sound.ToWav());
        json.WriteEndObject();
        json.WriteStartObject("caption");
        WriteRange(json, layout.Caption);
        json.WriteString("text", window.CaptionText);
        WriteNumbers(json, "bytes", window.Caption.Span);
        json.WriteEndObject();
        json.WriteStartArray("marks");
        WriteMark(layout.SoundMark, layout.Separator);
        WriteMark(layout.CaptionMark, layout.Separator);
        if (layout.EndMark is { } end) WriteMark(end, layout.EndByte!.Value);
        json.WriteEndArray();

        void WriteMark(int place, byte expected)
        {
            json.WriteStartObject();
            json.WriteNumber("start", place);
            json.WriteNumber("expected", expected);
            json.WriteNumber("found", window.Bytes.Span[place]);
            json.WriteEndObject();
        }
    }

    /// <summary>What <c>POST /v1/completions</c> takes to write the next window.</summary>
    private static void WriteContinuation(Utf8JsonWriter json, WindowContinuation next)
    {
        json.WriteStartObject("continuation");
        WriteNumbers(json, "begun", next.Begun.Span);
        WriteNumbers(json, "prompt", next.Prompt.Span);
        json.WriteNumber("prefix_slots", next.PrefixSlots);
        json.WriteNumber("stream_bytes", next.Room.StreamBytes);
        json.WriteNumber("max_prefix_slots", next.Room.MaxPrefixSlots);
        json.WriteNumber("max_tokens", next.MissingBytes);
        json.WriteEndObject();
    }

    private static void WriteRange(Utf8JsonWriter json, Range range)
    {
        json.WriteNumber("start", range.Start.Value);
        json.WriteNumber("length", range.End.Value - range.Start.Value);
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, ReadOnlySpan<byte> bytes)
    {
        json.WriteStartArray(name);
        foreach (var value in bytes) json.WriteNumberValue(value);
        json.WriteEndArray();
    }
}
