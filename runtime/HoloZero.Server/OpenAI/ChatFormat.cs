using System.Text.Json;
using HoloZero.Runtime;

namespace HoloZero.Server;

/// <summary>Answers of <c>POST /v1/chat/completions</c>.</summary>
internal sealed class ChatFormat : IAnswerFormat
{
    /// <inheritdoc/>
    public string IdPrefix => "chatcmpl";

    /// <inheritdoc/>
    public string Whole => "chat.completion";

    /// <inheritdoc/>
    public string Piece => "chat.completion.chunk";

    /// <inheritdoc/>
    public bool HasBeginning => true;

    /// <inheritdoc/>
    public void WriteBeginning(Utf8JsonWriter json, int index)
    {
        json.WriteStartObject();
        json.WriteNumber("index", index);
        json.WriteStartObject("delta");
        json.WriteString("role", "assistant");
        json.WriteString("content", "");
        json.WriteEndObject();
        json.WriteNull("logprobs");
        json.WriteNull("finish_reason");
        json.WriteEndObject();
    }

    /// <inheritdoc/>
    public void WritePiece(Utf8JsonWriter json, int index, ChoicePiece piece, bool tells, FinishReason? finish)
    {
        json.WriteStartObject();
        json.WriteNumber("index", index);
        json.WriteStartObject("delta");
        if (piece.Text.Length > 0) json.WriteString("content", piece.Text);
        json.WriteEndObject();
        WriteLogprobs(json, [piece], tells);
        Answer.WriteFinish(json, finish);
        json.WriteEndObject();
    }

    /// <inheritdoc/>
    public void WriteWhole(Utf8JsonWriter json, int index, IReadOnlyList<ChoicePiece> pieces, bool tells, FinishReason finish)
    {
        json.WriteStartObject();
        json.WriteNumber("index", index);
        json.WriteStartObject("message");
        json.WriteString("role", "assistant");
        json.WriteString("content", string.Concat(pieces.Select(piece => piece.Text)));
        json.WriteNull("refusal");
        json.WriteEndObject();
        WriteLogprobs(json, pieces, tells);
        Answer.WriteFinish(json, finish);
        json.WriteEndObject();
    }

    private static void WriteLogprobs(Utf8JsonWriter json, IReadOnlyList<ChoicePiece> pieces, bool tells)
    {
        if (!tells)
        {
            json.WriteNull("logprobs");
            return;
        }

        json.WriteStartObject("logprobs");
        json.WriteStartArray("content");
        foreach (var piece in pieces)
        {
            foreach (var told in piece.Told)
            {
                json.WriteStartObject();
                WriteToken(json, new(told.Id, told.Prediction!.Logprob));
                json.WriteStartArray("top_logprobs");
                foreach (var likely in told.Prediction.Likeliest)
                {
                    json.WriteStartObject();
                    WriteToken(json, likely);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }
        }

        json.WriteEndArray();
        json.WriteNull("refusal");
        json.WriteEndObject();
    }

    private static void WriteToken(Utf8JsonWriter json, IdLogprob token)
    {
        json.WriteString("token", ByteText.Token(token.Id));
        json.WriteNumber("logprob", token.Logprob);
        json.WriteStartArray("bytes");
        if (token.Id <= byte.MaxValue) json.WriteNumberValue(token.Id);
        json.WriteEndArray();
    }
}
