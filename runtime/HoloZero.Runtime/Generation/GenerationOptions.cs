using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>What to generate. Immutable.</summary>
public sealed record GenerationOptions
{
    /// <summary>Bytes to generate at most, 0 or more.</summary>
    public required long MaxBytes { get; init; }

    /// <summary>How each byte is chosen.</summary>
    /// <value>Plain sampling at temperature 1 with a new seed.</value>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>What ends the generation early.</summary>
    /// <value>Nothing but EOS.</value>
    public StopSequences Stop { get; init; } = StopSequences.None;

    /// <summary>How many slots of the prompt are prefix; see <see cref="PromptSplit"/>.</summary>
    /// <value>As many as leave the stream 1 to K bytes.</value>
    public int? PrefixSlots { get; init; }

    /// <summary>How much context is kept; see <see cref="ContextWindow"/>.</summary>
    /// <value>What the generator was given, else what the artifact says (<see cref="HoloZeroModel.Window"/>).</value>
    public ContextWindowOptions? Window { get; init; }

    /// <summary>
    /// Asks for a <see cref="BytePrediction"/> beside each byte, with so many of the likeliest ids, 0 to
    /// <see cref="BytePrediction.MaxLikeliest"/>. The bytes are the same with and without.
    /// </summary>
    /// <value>null: none.</value>
    public int? Likeliest { get; init; }

    /// <summary>Checks ranges and contradictions.</summary>
    /// <exception cref="BadInputException">An option is out of range or contradicts another.</exception>
    /// <exception cref="ArgumentNullException">A part is null.</exception>
    public void Validate()
    {
        ArgumentNullException.ThrowIfNull(Sampling);
        ArgumentNullException.ThrowIfNull(Stop);
        if (MaxBytes < 0)
            throw new BadInputException("max-bytes", $"is {MaxBytes}, allowed are 0 and more", "choose how many bytes to generate");
        BytePrediction.Validate(Likeliest);
        Sampling.Validate();
    }
}

/// <summary>Why a generation ended.</summary>
public enum FinishReason
{
    /// <summary>It reached <see cref="GenerationOptions.MaxBytes"/>.</summary>
    Length,

    /// <summary>A stop sequence was completed.</summary>
    Stop,

    /// <summary>The model ended the sequence itself.</summary>
    Eos,
}

/// <summary>A piece of a generation.</summary>
/// <param name="Bytes">The next bytes; may be empty in the last piece. Owned by the receiver.</param>
/// <param name="Finish">Set in the last piece.</param>
public sealed record GenerationChunk(ReadOnlyMemory<byte> Bytes, GenerationFinish? Finish = null)
{
    /// <summary>One for each of <see cref="Bytes"/> where <see cref="GenerationOptions.Likeliest"/> asks for them, else empty.</summary>
    public IReadOnlyList<BytePrediction> Predictions { get; init; } = [];
}

/// <summary>How a generation ended.</summary>
/// <param name="Reason">What ended it.</param>
/// <param name="Bytes">Bytes chosen, those of a stop sequence included.</param>
/// <param name="Seed">The seed that repeats it; null for a greedy one.</param>
/// <param name="StopIndex">Which stop sequence was completed, if one was.</param>
/// <param name="CachedPromptBytes">Bytes of the prompt that were not computed, since an earlier request's state was reused.</param>
public sealed record GenerationFinish(FinishReason Reason, long Bytes, ulong? Seed, int? StopIndex, int CachedPromptBytes = 0);
