using HoloZero.Runtime;

namespace HoloZero.Server;

/// <summary>What an answer says of its bytes: each one's own probability, and the likeliest in its place.</summary>
/// <param name="Id">The byte.</param>
/// <param name="Prediction">What was expected; null where nothing comes before.</param>
/// <param name="Offset">Where it stands in the text, in code points.</param>
internal readonly record struct ToldByte(byte Id, BytePrediction? Prediction, int Offset);

/// <summary>A piece of a choice, ready to be written.</summary>
/// <param name="Text">Whole characters.</param>
/// <param name="Told">One a byte where probabilities are asked for.</param>
internal readonly record struct ChoicePiece(string Text, IReadOnlyList<ToldByte> Told);

/// <summary>Turns the pieces of one generation into those of an answer. Not thread-safe.</summary>
/// <param name="tells">Whether probabilities are asked for.</param>
internal sealed class Choice(bool tells)
{
    private readonly ByteText _text = new();

    /// <summary>Bytes of the answer so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Sum of their log-probabilities, where they are known.</summary>
    public double Logprob { get; private set; }

    /// <summary>The next piece.</summary>
    public ChoicePiece Append(GenerationChunk chunk)
    {
        Bytes += chunk.Bytes.Length;
        foreach (var prediction in chunk.Predictions) Logprob += prediction.Logprob;
        var piece = Append(chunk.Bytes.Span, i => chunk.Predictions[i]);
        return chunk.Finish is null ? piece : piece with { Text = piece.Text + _text.Flush() };
    }

    /// <summary>The prompt, where the answer begins with it.</summary>
    /// <param name="prompt">Its bytes.</param>
    /// <param name="predictions">What was expected at each byte but the first; null where probabilities are not asked for.</param>
    public ChoicePiece Echo(byte[] prompt, IReadOnlyList<BytePrediction>? predictions) =>
        Append(prompt, i => i == 0 ? null : predictions![i - 1]);

    /// <summary>The end of an answer without a generation.</summary>
    public ChoicePiece Flush() => new(_text.Flush(), []);

    private ChoicePiece Append(ReadOnlySpan<byte> bytes, Func<int, BytePrediction?> prediction)
    {
        if (!tells) return new(_text.Append(bytes), []);
        var offsets = new List<int>(bytes.Length);
        var text = _text.Append(bytes, offsets);
        var told = new ToldByte[bytes.Length];
        for (var i = 0; i < told.Length; i++) told[i] = new(bytes[i], prediction(i), offsets[i]);
        return new(text, told);
    }
}

/// <summary>What a request used, in bytes.</summary>
internal readonly record struct Usage(long Prompt, long Completion, long Cached)
{
    /// <summary>Of a request whose generations have ended; a prompt is computed once for all of its candidates.</summary>
    public static Usage Of(GenerationRequest request, IEnumerable<Candidate> candidates)
    {
        var (completion, cached) = (0L, 0L);
        foreach (var candidate in candidates)
        {
            if (candidate.Finish is not { } finish) continue;
            completion += finish.Bytes;
            if (candidate.Number == 0) cached += Math.Min(finish.CachedPromptBytes, request.Prompts[candidate.Prompt].Length);
        }

        return new(request.Prompts.Sum(prompt => (long)prompt.Length), completion, cached);
    }
}
