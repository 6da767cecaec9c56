using System.Text.Json;
using HoloZero.Runtime;

namespace HoloZero.Server;

/// <summary>Answers of <c>POST /v1/completions</c>.</summary>
internal sealed class CompletionFormat : IAnswerFormat
{
    /// <inheritdoc/>
    public string IdPrefix => "cmpl";

    /// <inheritdoc/>
    public string Whole => "text_completion";

    /// <inheritdoc/>
    public string Piece => "text_completion";

    /// <inheritdoc/>
    public bool HasBeginning => false;

    /// <inheritdoc/>
    public void WriteBeginning(Utf8JsonWriter json, int index)
    {
        // A completion begins with its first piece.
    }

    /// <inheritdoc/>
    public void WritePiece(Utf8JsonWriter json, int index, ChoicePiece piece, bool tells, FinishReason? finish) =>
        Write(json, index, piece.Text, [piece], tells, finish);

    /// <inheritdoc/>
    public void WriteWhole(Utf8JsonWriter json, int index, IReadOnlyList<ChoicePiece> pieces, bool tells, FinishReason finish) =>
        Write(json, index, string.Concat(pieces.Select(piece => piece.Text)), pieces, tells, finish);

    private static void Write(Utf8JsonWriter json, int index, string text, IReadOnlyList<ChoicePiece> pieces, bool tells,
        FinishReason? finish)
    {
        json.WriteStartObject();
        json.WriteString("text", text);
        json.WriteNumber("index", index);
        if (tells) WriteLogprobs(json, pieces);
        else json.WriteNull("logprobs");
        Answer.WriteFinish(json, finish);
        json.WriteEndObject();
    }

    /// <summary>
    /// Columns, one entry a byte. <c>token_ids</c> (the bytes themselves) and <c>drafted</c> (whether a draft guessed it) are additions.
    /// </summary>
    private static void WriteLogprobs(Utf8JsonWriter json, IReadOnlyList<ChoicePiece> pieces)
    {
        json.WriteStartObject("logprobs");
        Column("tokens", told => json.WriteStringValue(ByteText.Token(told.Id)));
        Column("token_logprobs", told => Write(told.Prediction?.Logprob));
        Column("top_logprobs", WriteLikeliest);
        Column("text_offset", told => json.WriteNumberValue(told.Offset));
        Column("token_ids", told => json.WriteNumberValue(told.Id));
        Column("drafted", told => json.WriteBooleanValue(told.Prediction is { Drafted: true }));
        json.WriteEndObject();

        void Column(string name, Action<ToldByte> write)
        {
            json.WriteStartArray(name);
            foreach (var piece in pieces)
                foreach (var told in piece.Told) write(told);
            json.WriteEndArray();
        }

        void Write(double? logprob)
        {
            if (logprob is { } known) json.WriteNumberValue(known);
            else json.WriteNullValue();
        }

        void WriteLikeliest(ToldByte told)
        {
            if (told.Prediction is not { } prediction)
            {
                json.WriteNullValue();
                return;
            }

            json.WriteStartObject();
            var saysItself = false;
            foreach (var (id, logprob) in prediction.Likeliest)
            {
                json.WriteNumber(ByteText.Token(id), logprob);
                saysItself |= id == told.Id;
            }

            // OpenAI's protocol tells the chosen one in any case.
            if (!saysItself) json.WriteNumber(ByteText.Token(told.Id), prediction.Logprob);
            json.WriteEndObject();
        }
    }
}
