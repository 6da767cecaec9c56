namespace HoloZero.Runtime;

/// <summary>A generation on its way through a <see cref="Scheduler"/>. Its members are called by the scheduler's thread.</summary>
/// <param name="sequence">What it generates.</param>
internal abstract class ScheduledGeneration(GenerationSequence sequence)
{
    /// <summary>What it generates.</summary>
    public GenerationSequence Sequence => sequence;

    /// <summary>Bytes of its prompt whose state was reused.</summary>
    public int CachedPromptBytes { get; set; }

    /// <summary>Its state while it waits for its reader.</summary>
    public IDecoderState? Parked { get; set; }

    /// <summary>Whether nobody wants it any more.</summary>
    public abstract bool IsCancelled { get; }

    /// <summary>Whether its reader is so far behind that it should wait.</summary>
    public abstract bool IsAhead { get; }

    /// <summary>Whether its reader has caught up.</summary>
    public abstract bool MayResume { get; }

    /// <summary>It is given a place among those that run.</summary>
    public abstract void Admitted();

    /// <summary>The next bytes; nothing follows those that say how it ended.</summary>
    public abstract void Deliver(GenerationChunk chunk);

    /// <summary>It failed or was cancelled; nothing follows.</summary>
    public abstract void Fail(Exception cause);
}
