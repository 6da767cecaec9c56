namespace HoloZero.Server;

/// <summary><c>POST /v1/features</c>: what the network literally reads of bytes, as its artifact computes it.</summary>
internal static class FeaturesEndpoint
{
    /// <summary>Bytes of one request at most: the answer has some 200 for each.</summary>
    private const int MostBytes = 16_384;

    /// <summary>Serves it.</summary>
    public static async Task ServeAsync(HttpContext context, ModelCatalog models, ServerOptions options)
    {
        var cancellation = context.RequestAborted;
        ServedModel model;
        byte[] bytes;
        using (var body = await Json.ReadAsync(context.Request, cancellation))
        {
            var fields = new JsonFields(body.RootElement);
            model = models.Named(fields.Text("model"));
            bytes = ScoreEndpoint.Input(fields, Math.Min(MostBytes, options.MaxPromptBytes));
            fields.RefuseOthers();
        }

        var features = await model.FeaturesAsync(cancellation);
        var values = features.Compute(bytes);
        await Json.WriteAsync(context.Response, json =>
        {
            json.WriteStartObject();
            json.WriteString("object", "features");
            json.WriteString("model", model.Name);
            json.WriteStartArray("features");
            foreach (var channel in features.Channels) json.WriteStringValue(channel.Name);
            json.WriteEndArray();
            json.WriteStartArray("channels");
            foreach (var channel in features.Channels)
            {
                json.WriteStartObject();
                json.WriteString("name", channel.Name);
                json.WriteString("group", channel.Group);
                json.WriteString("description", channel.Description);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("bytes");
            foreach (var value in bytes) json.WriteNumberValue(value);
            json.WriteEndArray();
            json.WriteStartArray("values");
            foreach (var row in values.Chunk(features.Channels.Count))
            {
                json.WriteStartArray();
                foreach (var value in row) json.WriteNumberValue(value);
                json.WriteEndArray();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }, cancellation);
    }
}
