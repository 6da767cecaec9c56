using System.Collections.Frozen;
using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>
/// How <see cref="ByteSampler"/> chooses from logits. A property left null was not given: its default applies. So programs
/// pass on exactly what their user wrote, and <see cref="Validate"/> can tell a contradiction from a default.
/// </summary>
/// <remarks>
/// Immutable and safe for concurrent use. Checked by <see cref="Validate"/>, which <see cref="ByteSampler"/> calls. Two
/// options with equal but separate <see cref="LogitBias"/> dictionaries do not compare equal.
/// </remarks>
public sealed record SamplingOptions
{
    /// <summary>The temperature where none is given: the network's own distribution.</summary>
    public const double DefaultTemperature = 1;

    /// <summary>The repetition window, in bytes, where none is given.</summary>
    public const int DefaultRepetitionWindow = 64;

    /// <summary>The longest repetition window, in bytes.</summary>
    public const int MaxRepetitionWindow = 65_536;

    /// <summary>
    /// Take the most likely id instead of drawing one. Excludes <see cref="Temperature"/>, <see cref="TopK"/>,
    /// <see cref="TopP"/>, <see cref="MinP"/> and <see cref="Seed"/>; bias and repetition penalty still apply.
    /// </summary>
    /// <value>The default is false.</value>
    public bool Greedy { get; init; }

    /// <summary>Divides the logits: below 1 sharpens the distribution, above 1 flattens it. Finite, above 0.</summary>
    /// <value>The default is <see cref="DefaultTemperature"/>.</value>
    public double? Temperature { get; init; }

    /// <summary>Keeps this many of the most likely ids, 1..258; 0 keeps all (A. Fan et al., 2018).</summary>
    /// <value>The default is 0.</value>
    public int? TopK { get; init; }

    /// <summary>
    /// Keeps the smallest set of most likely ids whose probabilities sum to at least this; above 0, at most 1; 1 keeps all
    /// (nucleus sampling, A. Holtzman et al., 2019).
    /// </summary>
    /// <value>The default is 1.</value>
    public double? TopP { get; init; }

    /// <summary>
    /// Keeps the ids whose probability is at least this fraction of the greatest one, 0..1; 0 keeps all (M. Nguyen et al., 2024).
    /// </summary>
    /// <value>The default is 0.</value>
    public double? MinP { get; init; }

    /// <summary>
    /// For each byte among the last <see cref="RepetitionWindow"/> ones: a positive logit is divided by this, a negative one
    /// multiplied; 0.01..100, above 1 discourages repetition (CTRL, N. Keskar et al., 2019, section 4.1). EOS is no byte
    /// and is never penalized.
    /// </summary>
    /// <value>The default is 1, which changes nothing.</value>
    public double? RepetitionPenalty { get; init; }

    /// <summary>How many bytes back the penalty looks, 1..65,536. Needs <see cref="RepetitionPenalty"/>.</summary>
    /// <value>The default is <see cref="DefaultRepetitionWindow"/>.</value>
    public int? RepetitionWindow { get; init; }

    /// <summary>
    /// Taken from the logit of each byte that was generated already, once, -2..2: above 0 asks for bytes that are new (OpenAI).
    /// </summary>
    /// <value>The default is 0.</value>
    public double? PresencePenalty { get; init; }

    /// <summary>The same for each time that it was generated, -2..2 (OpenAI).</summary>
    /// <value>The default is 0.</value>
    public double? FrequencyPenalty { get; init; }

    /// <summary>
    /// Added to the logits of the ids given, 0..255 and EOS (257): finite, or -inf, which bans the id. The dictionary is copied.
    /// </summary>
    /// <value>The default is null, no bias.</value>
    public IReadOnlyDictionary<int, float>? LogitBias
    {
        get;
        init => field = value?.ToFrozenDictionary();
    }

    /// <summary>Whether EOS may be chosen, which ends a generation. If false it is banned, and generations run to their limit.</summary>
    /// <value>The default is true.</value>
    public bool AllowEos { get; init; } = true;

    /// <summary>
    /// Seed of the draws: the same seed, options and logits give the same bytes on every machine. Where it is not given,
    /// <see cref="WithSeed"/> chooses one.
    /// </summary>
    /// <value>The default is null, not chosen yet.</value>
    public ulong? Seed { get; init; }

    /// <summary>
    /// These options with a seed: themselves if they have one or need none (<see cref="Greedy"/>), else a copy with
    /// <see cref="ByteRandom.NewSeed"/>. Report <see cref="Seed"/> of the result, and the run can be repeated.
    /// </summary>
    public SamplingOptions WithSeed() => Greedy || Seed is not null ? this : this with { Seed = ByteRandom.NewSeed() };

    /// <summary>Checks ranges and contradictions.</summary>
    /// <exception cref="BadInputException">A value is out of range, or two options contradict each other; names the first.</exception>
    public void Validate()
    {
        if (Temperature is { } t && !(t > 0 && double.IsFinite(t)))
            throw OutOfRange("temperature", t, "finite values above 0", "use greedy for the most likely byte");
        if (TopK is < 0 or > ByteVocabulary.Size)
            throw OutOfRange("top-k", TopK, $"0 (off) to {ByteVocabulary.Size}", "leave it out to keep every byte");
        if (TopP is { } p && !(p is > 0 and <= 1))
            throw OutOfRange("top-p", p, "values above 0 up to 1 (off)", "leave it out to keep every byte");
        if (MinP is { } m && !(m is >= 0 and <= 1))
            throw OutOfRange("min-p", m, "0 (off) to 1", "leave it out to keep every byte");
        if (RepetitionPenalty is { } penalty && !(penalty is >= 0.01 and <= 100))
            throw OutOfRange("repetition-penalty", penalty, "0.01 to 100, 1 is off", "try 1.1");
        if (RepetitionWindow is < 1 or > MaxRepetitionWindow)
        {
            throw OutOfRange("repetition-window", RepetitionWindow, $"1 to {MaxRepetitionWindow} bytes",
                "leave repetition-penalty out to turn it off");
        }

        if (RepetitionWindow is not null && RepetitionPenalty is null)
            throw new BadInputException("repetition-window", "is given without a repetition-penalty", "give both or neither");
        if (PresencePenalty is { } presence && !(presence is >= -2 and <= 2))
            throw OutOfRange("presence-penalty", presence, "-2 to 2, 0 is off", "leave it out to turn it off");
        if (FrequencyPenalty is { } frequency && !(frequency is >= -2 and <= 2))
            throw OutOfRange("frequency-penalty", frequency, "-2 to 2, 0 is off", "leave it out to turn it off");
        if (Greedy) RequireNoDraw();
        if (LogitBias is not null) ValidateBias(LogitBias);
    }

    private void RequireNoDraw()
    {
        var given = Temperature is not null ? "temperature"
            : TopK is not null ? "top-k"
            : TopP is not null ? "top-p"
            : MinP is not null ? "min-p"
            : Seed is not null ? "seed" : null;
        if (given is not null)
            throw new BadInputException(given, "is given together with greedy, which draws nothing", "leave out one of the two");
    }

    private void ValidateBias(IReadOnlyDictionary<int, float> biases)
    {
        foreach (var (id, bias) in biases)
        {
            if (id is < 0 or >= ByteVocabulary.Size)
                throw OutOfRange("logit-bias", $"for id {id}", "ids 0 to 255 (bytes) and 257 (EOS)", "correct the id");
            if (id == ByteVocabulary.Mask)
                throw new BadInputException("logit-bias", $"is for id {id} (MASK), which is never sampled", "leave it out");
            if (float.IsNaN(bias) || float.IsPositiveInfinity(bias))
                throw OutOfRange("logit-bias", $"{bias} for id {id}", "finite values and -inf (ban)", "use a large finite bias");
            if (id == ByteVocabulary.Eos && !AllowEos && !float.IsNegativeInfinity(bias))
                throw new BadInputException("logit-bias", $"is for id {id} (EOS), which is not allowed", "allow EOS or leave it out");
        }

        if (biases.Count(b => b.Key < ByteVocabulary.Bytes && float.IsNegativeInfinity(b.Value)) == ByteVocabulary.Bytes)
            throw new BadInputException("logit-bias", "bans all 256 bytes", "leave at least one byte to be sampled");
    }

    private static BadInputException OutOfRange(string option, object? actual, string allowed, string remedy) =>
        new(option, FormattableString.Invariant($"is {actual}, allowed are {allowed}"), remedy);
}
