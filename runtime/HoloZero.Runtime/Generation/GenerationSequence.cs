using System.Buffers;
using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>What a generation needs next.</summary>
internal enum SequenceWork
{
    /// <summary>A fresh state, and in it <see cref="GenerationSequence.Window"/>'s prefix and stream.</summary>
    Prefill,

    /// <summary>The byte <see cref="GenerationSequence.Next"/> after what its state holds.</summary>
    Step,

    /// <summary>Nothing: it has ended.</summary>
    Nothing,
}

/// <summary>
/// One generation as a state machine: it says what to run, is given the logits of what follows, and chooses the byte. It knows no thread,
/// clock, model or session, so its bytes are a function of prompt, options, seed and logits. Not thread-safe.
/// </summary>
internal sealed class GenerationSequence
{
    private readonly GenerationOptions _options;
    private readonly ByteSampler _sampler;
    private readonly StopSequenceMatcher _matcher;
    private readonly ArrayBufferWriter<byte> _released = new();
    private readonly Queue<BytePrediction> _predictions = [];
    private long _chosen;

    /// <summary>Before its first byte.</summary>
    /// <param name="slotBytes">K, bytes in a prefix slot.</param>
    /// <param name="prompt">The prompt; copied as far as it is needed.</param>
    /// <param name="options">What to generate.</param>
    /// <param name="window">The window where the options have none.</param>
    /// <param name="hasOrigin">Whether every stream begins with an origin byte.</param>
    /// <exception cref="BadInputException">Options are out of range, contradict each other, or do not fit the prompt.</exception>
    public GenerationSequence(int slotBytes, ReadOnlySpan<byte> prompt, GenerationOptions options, ContextWindowOptions window,
        bool hasOrigin = false)
    {
        options.Validate();
        _options = options;
        Window = new(slotBytes, options.Window ?? window, prompt, options.PrefixSlots, hasOrigin);
        _sampler = new(options.Sampling.WithSeed());
        _sampler.ObservePrompt(prompt);
        _matcher = new(options.Stop);
        if (options.MaxBytes == 0) End(FinishReason.Length);
    }

    /// <summary>What to run next.</summary>
    public SequenceWork Work { get; private set; } = SequenceWork.Prefill;

    /// <summary>What stands before the network.</summary>
    public ContextWindow Window { get; }

    /// <summary>The byte to step with.</summary>
    public byte Next { get; private set; }

    /// <summary>How it ended, once it has.</summary>
    public GenerationFinish? Finish { get; private set; }

    /// <summary>Chooses the next byte.</summary>
    /// <param name="logits">Of what follows the last byte that was run, [vocabulary].</param>
    /// <param name="guess">What was guessed to follow, where something was.</param>
    /// <exception cref="InvalidLogitsException">They are not finite.</exception>
    public void Accept(ReadOnlySpan<float> logits, byte? guess = null)
    {
        var chosen = _sampler.Sample(logits);
        if (chosen == ByteVocabulary.Eos)
        {
            End(FinishReason.Eos);
            return;
        }

        Next = (byte)chosen;
        _chosen++;
        if (_options.Likeliest is { } likeliest)
            _predictions.Enqueue(BytePrediction.Of(logits, Next, likeliest) with { Drafted = Next == guess });
        if (_matcher.Append(Next, _released))
        {
            End(FinishReason.Stop);
        }
        else if (_chosen == _options.MaxBytes)
        {
            End(FinishReason.Length);
        }
        else
        {
            _sampler.Observe(Next);
            Work = Window.Append(Next) ? SequenceWork.Prefill : SequenceWork.Step;
        }
    }

    /// <summary>
    /// The bytes that are certain by now, but for those taken earlier, and how it ended once it has; null where nothing is new. The caller
    /// owns it.
    /// </summary>
    public GenerationChunk? TakeChunk()
    {
        if (_released.WrittenCount == 0 && Finish is null) return null;
        var bytes = _released.WrittenSpan.ToArray();
        _released.ResetWrittenCount();
        if (_options.Likeliest is null) return new(bytes, Finish);
        // Those of a stop sequence are never released, and stay behind.
        var predictions = new BytePrediction[bytes.Length];
        for (var i = 0; i < predictions.Length; i++) predictions[i] = _predictions.Dequeue();
        return new(bytes, Finish) { Predictions = predictions };
    }

    private void End(FinishReason reason)
    {
        if (reason != FinishReason.Stop) _matcher.Flush(_released);
        Finish = new(reason, _chosen, _sampler.Options.Seed, _matcher.MatchedIndex);
        Work = SequenceWork.Nothing;
    }
}
