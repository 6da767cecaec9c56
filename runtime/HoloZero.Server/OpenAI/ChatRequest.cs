using System.Text;
using System.Text.Json;
using HoloZero.Artifacts;

namespace HoloZero.Server;

/// <summary>
/// Reads the body of <c>POST /v1/chat/completions</c>. The model knows no chat: the messages' text is joined as the configuration says, and
/// continued.
/// </summary>
internal static class ChatRequest
{
    private const int MostLogprobs = 20;

    /// <summary>Reads it.</summary>
    /// <exception cref="ApiException">A field is wrong, unknown, or not supported; the error names it.</exception>
    public static GenerationRequest Read(JsonElement body, ModelCatalog models, ServerOptions options)
    {
        var fields = new JsonFields(body);
        foreach (var tool in (string[])["tools", "tool_choice", "functions", "function_call", "parallel_tool_calls"])
            fields.Refuse(tool, "the model calls no tools");
        fields.Refuse("audio", "the model neither hears nor speaks");
        fields.Refuse("prediction", "nothing is predicted for the model");
        fields.Refuse("web_search_options", "the service reaches nothing");
        fields.Refuse("reasoning_effort", "the model does not reason");
        RefuseFormats(fields);
        fields.Ignore("user", "safety_identifier", "prompt_cache_key", "metadata");
        var model = models.Named(fields.Text("model"));
        var prompt = Prompt(fields, options);
        var older = fields.Whole("max_tokens", 1, options.MaxTokens);
        var maxTokens = (int)(fields.Whole("max_completion_tokens", 1, options.MaxTokens) ?? older ?? options.ChatMaxTokens);
        var (stream, includeUsage) = GenerationRequest.Streaming(fields);
        var (n, _) = GenerationRequest.Choices(fields, options, prompts: 1, maxTokens, takesBestOf: false);
        var tells = fields.Flag("logprobs") ?? false;
        var likeliest = (int?)fields.Whole("top_logprobs", 0, MostLogprobs);
        if (likeliest is not null && !tells) throw fields.Invalid("top_logprobs", "is given without logprobs: set that, too");
        var request = new GenerationRequest
        {
            Model = model,
            Prompts = [prompt],
            Options = new() { MaxBytes = maxTokens, Stop = GenerationRequest.Stops(fields), Sampling = GenerationRequest.Sampling(fields) },
            N = n,
            BestOf = n,
            Logprobs = tells ? likeliest ?? 0 : null,
            Stream = stream,
            IncludeUsage = includeUsage,
        };
        fields.RefuseOthers();
        return request;
    }

    /// <summary>Formats whose only honest value is text.</summary>
    private static void RefuseFormats(JsonFields fields)
    {
        if (fields.Get("response_format") is { } format)
        {
            var isText = format.ValueKind == JsonValueKind.Object && new JsonFields(format, "response_format.").Text("type") == "text";
            if (!isText) throw fields.Invalid("response_format", "is not supported: the model writes text", "unsupported_parameter");
        }

        if (fields.Get("modalities") is { } modalities && !(modalities.ValueKind == JsonValueKind.Array
            && modalities.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String && item.ValueEquals("text"))))
        {
            throw fields.Invalid("modalities", "is not supported: the model writes text", "unsupported_parameter");
        }

        if (fields.Flag("store") == true) throw fields.Invalid("store", "is not supported: nothing is stored", "unsupported_parameter");
        if (fields.Text("service_tier") is not (null or "auto" or "default"))
            throw fields.Invalid("service_tier", "is not supported: all are served alike", "unsupported_parameter");
    }

    private static byte[] Prompt(JsonFields fields, ServerOptions options)
    {
        const string name = "messages";
        if (fields.Get(name) is not { ValueKind: JsonValueKind.Array } messages || messages.GetArrayLength() == 0)
            throw fields.Invalid(name, "is no array of at least one message");
        var text = new StringBuilder();
        var place = 0;
        foreach (var message in messages.EnumerateArray())
        {
            if (place > 0) text.Append(options.ChatSeparator);
            text.Append(Message(message, $"{name}[{place++}].", options.ChatMessage));
            if (text.Length > options.MaxPromptBytes) break;
        }

        var prompt = Encoding.UTF8.GetBytes(text.Append(options.ChatSuffix).ToString());
        return prompt.Length <= options.MaxPromptBytes ? prompt
            : throw fields.Invalid(name, $"make a prompt of more than {options.MaxPromptBytes} bytes", "too_long");
    }

    private static string Message(JsonElement message, string path, string format)
    {
        if (message.ValueKind != JsonValueKind.Object) throw ApiException.Invalid(path.TrimEnd('.'), $"{path.TrimEnd('.')} is no object");
        var fields = new JsonFields(message, path);
        var role = fields.Text("role") ?? throw fields.Invalid("role", "is missing");
        if (role is not ("system" or "developer" or "user" or "assistant"))
            throw fields.Invalid("role", $"{Untrusted.Quote(role)} is not supported: the model calls no tools", "unsupported_parameter");
        var content = Content(fields);
        // What a client sends back of an answer it got.
        fields.Ignore("name", "refusal", "annotations");
        fields.Refuse("tool_calls", "the model calls no tools");
        fields.Refuse("function_call", "the model calls no tools");
        fields.Refuse("audio", "the model neither hears nor speaks");
        fields.RefuseOthers();
        return format.Replace("{role}", role, StringComparison.Ordinal).Replace("{content}", content, StringComparison.Ordinal);
    }

    /// <summary>Text, or parts that are text.</summary>
    private static string Content(JsonFields fields)
    {
        const string name = "content";
        if (fields.Get(name) is not { } value) throw fields.Invalid(name, "is missing");
        if (value.ValueKind != JsonValueKind.Array) return fields.Text(name, value);
        var text = new StringBuilder();
        foreach (var part in value.EnumerateArray())
        {
            var inner = part.ValueKind == JsonValueKind.Object ? new JsonFields(part, $"{name}.") : null;
            if (inner?.Text("type") != "text" || inner.Get("text") is not { } written)
            {
                throw fields.Invalid(name, "has a part that is no text: the model reads neither pictures nor sound here",
                    "unsupported_parameter");
            }

            text.Append(fields.Text(name, written));
        }

        return text.ToString();
    }
}
