using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>An id with the natural logarithm of the probability that the network gives it.</summary>
/// <param name="Id">A byte, 0..255, or <see cref="ByteVocabulary.Eos"/>.</param>
/// <param name="Logprob">0 or less.</param>
public readonly record struct IdLogprob(int Id, double Logprob);

/// <summary>
/// What the network expected where a byte stands: its own distribution over all 258 ids, before temperature, bias and penalties; so what
/// <see cref="Scoring"/> sums up. Immutable and thread-safe.
/// </summary>
/// <param name="Logprob">Of the byte that stands there.</param>
/// <param name="Likeliest">The likeliest bytes and EOS, the greatest first, of equal ones the lower id; as many as were asked for.</param>
public sealed record BytePrediction(double Logprob, IReadOnlyList<IdLogprob> Likeliest)
{
    /// <summary>
    /// Whether a draft had guessed the byte and it was checked together with others. Tells how it was computed, so it may differ from run
    /// to run; the byte and all other values do not.
    /// </summary>
    public bool Drafted { get; init; }

    /// <summary>How many of the likeliest one may ask for.</summary>
    public const int MaxLikeliest = 20;

    /// <param name="logits">[258].</param>
    /// <param name="value">The byte that stands there.</param>
    /// <param name="likeliest">0 to <see cref="MaxLikeliest"/>.</param>
    internal static BytePrediction Of(ReadOnlySpan<float> logits, byte value, int likeliest)
    {
        var whole = CrossEntropy.LogSumExp(logits);
        var found = new IdLogprob[likeliest];
        var count = 0;
        for (var id = 0; id < logits.Length && likeliest > 0; id++)
        {
            if (id == ByteVocabulary.Mask) continue;
            var logprob = logits[id] - whole;
            var place = count;
            while (place > 0 && found[place - 1].Logprob < logprob) place--;
            if (place == likeliest) continue;
            if (count < likeliest) count++;
            Array.Copy(found, place, found, place + 1, count - 1 - place);
            found[place] = new(id, logprob);
        }

        return new(logits[value] - whole, found);
    }

    /// <exception cref="BadInputException">There are not so many.</exception>
    internal static void Validate(int? likeliest)
    {
        if (likeliest is < 0 or > MaxLikeliest)
            throw new BadInputException("likeliest", $"is {likeliest}, allowed are 0 to {MaxLikeliest}", "leave it out for none");
    }
}
