using System.Text.Json;
using HoloZero.Runtime;

namespace HoloZero.Server;

/// <summary><c>GET /v1/models</c> and one of them: OpenAI's objects, and under <c>holozero</c> what a page wants to know.</summary>
internal static class ModelEndpoints
{
    /// <summary>All of them, the default one first.</summary>
    public static async Task ListAsync(HttpContext context, ModelCatalog models, ServerOptions options)
    {
        var listed = new List<(ServedModel Model, HoloZeroModel? Loaded)>();
        foreach (var model in models.All) listed.Add((model, await model.IfReadyAsync()));
        await Json.WriteAsync(context.Response, json =>
        {
            json.WriteStartObject();
            json.WriteString("object", "list");
            json.WriteStartArray("data");
            foreach (var (model, loaded) in listed) Write(json, model, loaded, options);
            json.WriteEndArray();
            json.WriteEndObject();
        }, context.RequestAborted);
    }

    /// <summary>One of them.</summary>
    public static async Task GetAsync(HttpContext context, string id, ModelCatalog models, ServerOptions options)
    {
        var model = models.Named(id);
        var loaded = await model.IfReadyAsync();
        await Json.WriteAsync(context.Response, json => Write(json, model, loaded, options), context.RequestAborted);
    }

    private static void Write(Utf8JsonWriter json, ServedModel model, HoloZeroModel? loaded, ServerOptions options)
    {
        json.WriteStartObject();
        json.WriteString("id", model.Name);
        json.WriteString("object", "model");
        json.WriteNumber("created", model.Created);
        json.WriteString("owned_by", "holozero");
        json.WriteStartObject("holozero");
        json.WriteString("state", model.State.ToString());
        json.WriteString("variant", loaded?.Variant.Name);
        if (loaded is null)
        {
            foreach (var name in (string[])["exact", "parameters", "slot_bytes"]) json.WriteNull(name);
        }
        else
        {
            json.WriteBoolean("exact", loaded.Variant.Exact);
            json.WriteNumber("parameters", loaded.Artifact.Manifest.Model.Parameters);
            json.WriteNumber("slot_bytes", loaded.SlotBytes);
        }

        json.WriteNumber("max_tokens", options.MaxTokens);
        json.WriteNumber("max_prompt_bytes", options.MaxPromptBytes);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
