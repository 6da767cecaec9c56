using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>Told of a generation whose prefill is done.</summary>
/// <param name="generation">Which one.</param>
/// <param name="state">Its state, whose owner is somebody else: to be copied at once.</param>
/// <param name="logits">Of what follows, [vocabulary]; valid during the call.</param>
internal delegate void PrefillDone(ScheduledGeneration generation, IDecoderState state, ReadOnlySpan<float> logits);

/// <summary>
/// The prefills of a scheduler: prompts, of which what was computed before is not computed again, and re-packed contexts, which come first,
/// as their generations run already. In pieces, one after the other. Not thread-safe. Owns the cache: dispose it.
/// </summary>
/// <param name="store">Where states come from.</param>
/// <param name="options">How long a piece may be while others wait.</param>
/// <param name="positions">Positions that a prefill has at most.</param>
/// <param name="cache">States of prompts; null keeps none.</param>
/// <param name="counters">Told what happens.</param>
/// <param name="run">Run options of every call.</param>
internal sealed class Prefills(StateStore store, ByteGeneratorOptions options, int positions, PrefixCache? cache,
    SchedulerCounters counters, RunOptions run) : IDisposable
{
    /// <summary>Generations that wait and are looked at for what they share with a prompt that begins.</summary>
    private const int LookAhead = 64;

    /// <summary>Rows of a piece while nobody else waits for it.</summary>
    private const int RowsAlone = 512;

    private readonly PrefillLane _prompts = new(store, positions);
    private readonly PrefillLane _repacks = new(store, positions);
    private float[] _logits = [];

    /// <summary>How many there are.</summary>
    public int Count => _prompts.Count + _repacks.Count;

    public bool HasWork => Count > 0;

    /// <summary>A generation that begins.</summary>
    public void AddPrompt(ScheduledGeneration generation) => _prompts.Add(generation);

    /// <summary>A generation whose context was re-packed.</summary>
    public void AddRepack(ScheduledGeneration generation) => _repacks.Add(generation);

    /// <summary>Removes those that <paramref name="which"/> tells.</summary>
    public void Remove(Func<ScheduledGeneration, bool> which, Action<ScheduledGeneration> removed)
    {
        _prompts.Remove(which, removed);
        _repacks.Remove(which, removed);
    }

    public void Dispose()
    {
        cache?.Dispose();
        _prompts.Dispose();
        _repacks.Dispose();
    }

    /// <summary>One piece, and whole prefills beside it that fit into the same time; those that run already come first.</summary>
    /// <param name="beside">Whether others wait for it now, so that a piece is short.</param>
    /// <param name="queued">Who comes after those that are here, to be looked at for what they share with a prompt that begins.</param>
    /// <param name="done">Told of each that is done.</param>
    /// <param name="failed">Told of each that fails; it is here no more.</param>
    public void Run(Func<bool> beside, IEnumerable<ScheduledGeneration> queued, PrefillDone done,
        Action<ScheduledGeneration, Exception> failed)
    {
        for (var rows = 0; ;)
        {
            var lane = _repacks.HasWork ? _repacks : _prompts;
            if (!lane.HasWork) break;
            var generation = lane.Current;
            try
            {
                if (generation is null)
                {
                    generation = lane.Begin();
                    if (Begin(lane, generation, queued, done)) continue;
                }

                var most = (beside() ? options.PrefillRows : RowsAlone) - rows;
                if (rows > 0 && RowsLeft(lane) > most) break;
                rows += Piece(lane, most, done);
            }
            catch (Exception e) when (e is HoloZeroException or ObjectDisposedException)
            {
                lane.End();
                failed(generation!, e);
            }
        }

        counters.CacheBytes = cache?.Bytes ?? 0;
        counters.CacheEvictions = cache?.Evictions ?? 0;
    }

    /// <summary>Finds what there is already of a prefill.</summary>
    /// <returns>Whether it is all there.</returns>
    private bool Begin(PrefillLane lane, ScheduledGeneration generation, IEnumerable<ScheduledGeneration> queued, PrefillDone done)
    {
        var window = generation.Sequence.Window;
        if (lane == _repacks || cache is null)
        {
            lane.State.Reset();
            return false;
        }

        var known = cache.Longest(window.Prefix, window.Stream);
        if (known is null)
        {
            counters.CacheMisses++;
            lane.State.Reset();
        }
        else
        {
            counters.CacheHits++;
            generation.CachedPromptBytes = window.Prefix.Length + known.Stream.Length;
            counters.CachedPromptBytes += generation.CachedPromptBytes;
            if (known.Stream.Length == window.Stream.Length)
            {
                lane.End();
                done(generation, known.State, known.Logits);
                return true;
            }

            lane.State.CopyFrom(known.State);
            lane.Done = known.Stream.Length;
        }

        lane.Cut = BranchPoint(lane, window, queued);
        return false;
    }

    /// <summary>
    /// Where the prompt parts from one that was or that waits: what they share is kept, so that the next one need not compute it. On either
    /// side there are rows enough for a piece.
    /// </summary>
    private int BranchPoint(PrefillLane lane, ContextWindow window, IEnumerable<ScheduledGeneration> queued)
    {
        var shared = cache!.Shared(window.Prefix, window.Stream);
        foreach (var other in lane.Waiting.Concat(queued).Take(LookAhead))
        {
            var theirs = other.Sequence.Window;
            if (window.Prefix.SequenceEqual(theirs.Prefix))
                shared = Math.Max(shared, window.Stream.CommonPrefixLength(theirs.Stream));
        }

        var cut = Math.Min(shared, window.Stream.Length - PrefillPieces.FewestRows);
        var before = lane.Done == 0 ? window.PrefixSlots : 0;
        return cut > lane.Done && before + cut - lane.Done >= PrefillPieces.FewestRows ? cut : 0;
    }

    private static int RowsLeft(PrefillLane lane)
    {
        var window = lane.Current!.Sequence.Window;
        return window.Stream.Length - lane.Done + (lane.Done == 0 ? window.PrefixSlots : 0);
    }

    /// <returns>The rows that it ran.</returns>
    private int Piece(PrefillLane lane, int most, PrefillDone done)
    {
        var generation = lane.Current!;
        var window = generation.Sequence.Window;
        var (begins, goal) = (lane.Done == 0, lane.Cut > lane.Done ? lane.Cut : window.Stream.Length);
        var slots = begins ? window.PrefixSlots : 0;
        var length = PrefillPieces.Next(goal - lane.Done, Math.Max(PrefillPieces.FewestRows, most - slots));
        if (_logits.Length < length * ByteVocabulary.Size) _logits = new float[length * ByteVocabulary.Size];
        var logits = _logits.AsSpan(0, length * ByteVocabulary.Size);
        lane.State.Advance(run, begins ? window.Prefix : [], window.Stream.Slice(lane.Done, length), logits, CancellationToken.None);
        lane.Done += length;
        counters.PrefilledRows += slots + length;

        var last = logits[^ByteVocabulary.Size..];
        var isWhole = lane.Done == window.Stream.Length;
        if (cache is not null && lane == _prompts && (isWhole || lane.Done == lane.Cut))
            cache.Store(window.Prefix, window.Stream[..lane.Done], lane.State, store.Layout, last);
        if (isWhole)
        {
            lane.End();
            done(generation, lane.State, last);
        }

        return slots + length;
    }
}
