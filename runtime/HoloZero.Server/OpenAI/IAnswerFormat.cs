using System.Security.Cryptography;
using System.Text.Json;
using HoloZero.Runtime;

namespace HoloZero.Server;

/// <summary>What every object of an answer says alike.</summary>
/// <param name="Id">The answer.</param>
/// <param name="Created">Seconds since 1970.</param>
/// <param name="Model">The model's name.</param>
/// <param name="Fingerprint">What tells one graph from another.</param>
internal sealed record AnswerHead(string Id, long Created, string Model, string Fingerprint)
{
    /// <summary>Of a new answer.</summary>
    public static AnswerHead New(string prefix, string model, string fingerprint, TimeProvider clock) =>
        new($"{prefix}-{RandomNumberGenerator.GetHexString(28, lowercase: true)}", clock.GetUtcNow().ToUnixTimeSeconds(), model,
            fingerprint);
}

/// <summary>How one of OpenAI's protocols writes its answers. Stateless and thread-safe.</summary>
internal interface IAnswerFormat
{
    /// <summary>What ids of answers begin with.</summary>
    string IdPrefix { get; }

    /// <summary>The kind of a whole answer.</summary>
    string Whole { get; }

    /// <summary>The kind of a piece of a stream.</summary>
    string Piece { get; }

    /// <summary>Writes what a stream says of a choice before its first piece; called where <see cref="HasBeginning"/>.</summary>
    void WriteBeginning(Utf8JsonWriter json, int index);

    /// <summary>Whether <see cref="WriteBeginning"/> writes anything.</summary>
    bool HasBeginning { get; }

    /// <summary>A choice of a stream.</summary>
    void WritePiece(Utf8JsonWriter json, int index, ChoicePiece piece, bool tells, FinishReason? finish);

    /// <summary>A whole choice.</summary>
    void WriteWhole(Utf8JsonWriter json, int index, IReadOnlyList<ChoicePiece> pieces, bool tells, FinishReason finish);
}

/// <summary>What both protocols write alike.</summary>
internal static class Answer
{
    /// <summary>An object of the answer, whose choices <paramref name="choices"/> writes.</summary>
    public static void Write(Utf8JsonWriter json, AnswerHead head, string kind, Action<Utf8JsonWriter> choices, Usage? usage,
        bool saysUsage = true)
    {
        json.WriteStartObject();
        json.WriteString("id", head.Id);
        json.WriteString("object", kind);
        json.WriteNumber("created", head.Created);
        json.WriteString("model", head.Model);
        json.WriteString("system_fingerprint", head.Fingerprint);
        json.WriteStartArray("choices");
        choices(json);
        json.WriteEndArray();
        if (usage is { } used) Write(json, used);
        else if (saysUsage) json.WriteNull("usage");
        json.WriteEndObject();
    }

    /// <summary>Why a choice ended, in the protocol's words.</summary>
    public static void WriteFinish(Utf8JsonWriter json, FinishReason? finish) =>
        json.WriteString("finish_reason", finish switch { null => null, FinishReason.Length => "length", _ => "stop" });

    private static void Write(Utf8JsonWriter json, Usage usage)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", usage.Prompt);
        json.WriteNumber("completion_tokens", usage.Completion);
        json.WriteNumber("total_tokens", usage.Prompt + usage.Completion);
        json.WriteStartObject("prompt_tokens_details");
        json.WriteNumber("cached_tokens", usage.Cached);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
