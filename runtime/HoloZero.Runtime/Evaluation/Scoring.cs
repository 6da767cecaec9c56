using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>How to score a text. Immutable.</summary>
public sealed record ScoreOptions
{
    /// <summary>Stream bytes up to which a text is scored as one sequence when <see cref="StreamBytes"/> is not set.</summary>
    public const int LongestSingleStream = 4096;

    /// <summary>Prefix slots in front of each stream.</summary>
    /// <value>0 for a text scored as one sequence, 24 for windows.</value>
    public int? PrefixSlots { get; init; }

    /// <summary>
    /// Stream bytes of a window, at least 2: its first byte is given, the others are predicted, and the next window starts where every
    /// byte is predicted once. Only whole windows count.
    /// </summary>
    /// <value>The rest of the text up to <see cref="LongestSingleStream"/>, 129 for longer texts.</value>
    public int? StreamBytes { get; init; }
}

/// <summary>How well a model predicts a text.</summary>
/// <param name="BitsPerByte">Mean of -log2 of the probability given to each predicted byte, over all 258 symbols.</param>
/// <param name="Bytes">Predicted bytes.</param>
/// <param name="Windows">Sequences that the text was cut into.</param>
/// <param name="PrefixSlots">Prefix slots of each.</param>
/// <param name="StreamBytes">Stream bytes of each.</param>
public sealed record ScoreResult(double BitsPerByte, long Bytes, int Windows, int PrefixSlots, int StreamBytes);

/// <summary>Bits per byte of a text.</summary>
public static class Scoring
{
    private const int WindowPrefixSlots = 24;
    private const int WindowStreamBytes = 129;

    /// <summary>Scores <paramref name="text"/>.</summary>
    /// <param name="model">The model.</param>
    /// <param name="text">The bytes; at least one must be left to predict.</param>
    /// <param name="options">How to cut it; null is the default.</param>
    /// <param name="progress">Told the predicted bytes so far.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="BadInputException">The text is too short for the options, or an option is out of range.</exception>
    /// <exception cref="InvalidLogitsException">The model gives logits that are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static ScoreResult Score(HoloZeroModel model, ReadOnlySpan<byte> text, ScoreOptions? options = null,
        IProgress<long>? progress = null, CancellationToken cancellation = default)
    {
        var (slots, streamBytes) = Layout(text.Length, model.SlotBytes, options ?? new());
        var prefixBytes = slots * model.SlotBytes;
        var (bits, predicted, windows) = (0.0, 0L, 0);
        using var session = model.OpenSession();
        for (var start = 0; start + prefixBytes + streamBytes <= text.Length; start += streamBytes - 1)
        {
            var stream = text.Slice(start + prefixBytes, streamBytes);
            bits += Bits(session.Prefill(text.Slice(start, prefixBytes), stream, cancellation), stream);
            predicted += streamBytes - 1;
            windows++;
            progress?.Report(predicted);
        }

        return new(bits / predicted, predicted, windows, slots, streamBytes);
    }

    /// <summary>
    /// What the model expected at each byte of <paramref name="text"/> but the first, which nothing comes before: the text is one stream
    /// without prefix slots, as <see cref="Score"/> takes a text of that length where no option says otherwise; so the sum of the
    /// log-probabilities is what it scores.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="text">1 to <see cref="ScoreOptions.LongestSingleStream"/> bytes.</param>
    /// <param name="likeliest">How many of the likeliest ids to tell, 0 to <see cref="BytePrediction.MaxLikeliest"/>.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>One less than bytes: the i-th is of byte i + 1.</returns>
    /// <exception cref="BadInputException">The text is empty or too long, or there are not so many likeliest ids.</exception>
    /// <exception cref="InvalidLogitsException">The model gives logits that are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static IReadOnlyList<BytePrediction> Predict(HoloZeroModel model, ReadOnlySpan<byte> text, int likeliest,
        CancellationToken cancellation = default)
    {
        BytePrediction.Validate(likeliest);
        if (text.Length is < 1 or > ScoreOptions.LongestSingleStream)
        {
            throw new BadInputException("input", $"it has {text.Length:N0} bytes, allowed are 1 to {ScoreOptions.LongestSingleStream:N0}",
                "use a shorter text");
        }

        using var session = model.OpenSession();
        var logits = session.Prefill([], text, cancellation);
        var predictions = new BytePrediction[text.Length - 1];
        for (var i = 0; i < predictions.Length; i++)
        {
            predictions[i] = BytePrediction.Of(logits[i], text[i + 1], likeliest);
            if (!double.IsFinite(predictions[i].Logprob)) throw NotFinite();
        }

        return predictions;
    }

    private static (int Slots, int StreamBytes) Layout(int length, int slotBytes, ScoreOptions options)
    {
        if (options.PrefixSlots is < 0 or > DecodingSession.MaxPrefixSlots)
        {
            throw new BadInputException("prefix-slots", $"{options.PrefixSlots} is not within 0 to {DecodingSession.MaxPrefixSlots}",
                "choose what the model was trained with");
        }

        if (options.StreamBytes < 2)
            throw new BadInputException("stream-bytes", $"{options.StreamBytes} leaves nothing to predict", "choose 2 or more");

        var single = options.StreamBytes is null
            && length - (long)(options.PrefixSlots ?? 0) * slotBytes <= ScoreOptions.LongestSingleStream;
        var slots = options.PrefixSlots ?? (single ? 0 : WindowPrefixSlots);
        var available = length - (long)slots * slotBytes;
        var stream = options.StreamBytes ?? (single ? available : WindowStreamBytes);
        if (available < 2 || stream > available)
        {
            throw new BadInputException("input", $"{length} bytes are too few for {slots} prefix slots of {slotBytes} bytes and "
                + $"{Math.Max(2, stream)} stream bytes", "use a longer text or fewer prefix slots");
        }

        return (slots, (int)stream);
    }

    /// <summary>Bits that the rows spend on the bytes that follow: row i on byte i + 1.</summary>
    private static double Bits(Logits logits, ReadOnlySpan<byte> stream)
    {
        var nats = CrossEntropy.Nats(logits.Data, logits.Vocabulary, stream[1..]);
        return double.IsFinite(nats) ? CrossEntropy.Bits(nats) : throw NotFinite();
    }

    private static InvalidLogitsException NotFinite() =>
        new("the model gives logits that are not finite or rule out a byte of the text; check it with doctor");
}
