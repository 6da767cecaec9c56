using HoloZero.Runtime;

namespace HoloZero.Server;

/// <summary><c>POST /v1/score</c>: how well the model predicts a text, as <c>holozero score</c> tells.</summary>
internal static class ScoreEndpoint
{
    /// <summary>Serves it.</summary>
    public static async Task ServeAsync(HttpContext context, ModelCatalog models, ServerOptions options)
    {
        var cancellation = context.RequestAborted;
        ServedModel model;
        byte[] text;
        ScoreOptions layout;
        using (var body = await Json.ReadAsync(context.Request, cancellation))
        {
            var fields = new JsonFields(body.RootElement);
            model = models.Named(fields.Text("model"));
            text = Input(fields, options.MaxPromptBytes);
            layout = new()
            {
                PrefixSlots = (int?)fields.Whole("prefix_slots", 0, DecodingSession.MaxPrefixSlots),
                StreamBytes = (int?)fields.Whole("stream_bytes", 2, DecodingSession.MaxStreamBytes),
            };
            fields.RefuseOthers();
        }

        var score = await model.ScoreAsync(loaded => Scoring.Score(loaded, text, layout, cancellation: cancellation), cancellation);
        await Json.WriteAsync(context.Response, json =>
        {
            json.WriteStartObject();
            json.WriteString("object", "score");
            json.WriteString("model", model.Name);
            json.WriteNumber("bits_per_byte", score.BitsPerByte);
            json.WriteNumber("bytes", score.Bytes);
            json.WriteNumber("windows", score.Windows);
            json.WriteNumber("prefix_slots", score.PrefixSlots);
            json.WriteNumber("stream_bytes", score.StreamBytes);
            // The sum of what echo with logprobs tells of the same text.
            json.WriteNumber("logprob", -score.BitsPerByte * score.Bytes * Math.Log(2));
            json.WriteEndObject();
        }, cancellation);
    }

    /// <summary>Reads <c>input</c>: text, or bytes as whole numbers.</summary>
    public static byte[] Input(JsonFields fields, int most) =>
        fields.Get("input") is { } value ? fields.Bytes("input", value, most) : throw fields.Invalid("input", "is missing");
}
