using System.Diagnostics;
using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>
/// Runs many generations on one graph. Every tick steps all that are ready in one call and then runs a piece of somebody's prefill, so that
/// nobody waits longer than that; who comes joins at the next tick, who ends, fails or is cancelled frees its place at once and touches
/// nobody else. What a generation gets does not depend on the others. Not thread-safe: one thread drives it, and disposes it.
/// </summary>
internal sealed class Scheduler : IDisposable
{
    /// <summary>Generations that wait and are looked at for what they share with a prompt that begins.</summary>
    private const int LookAhead = 64;

    /// <summary>Rows of a piece while nobody else waits for it.</summary>
    private const int RowsAlone = 512;

    private readonly OnnxGraph _graph;
    private readonly ByteGeneratorOptions _options;
    private readonly RunOptions _run = OnnxEnvironment.NewRunOptions();
    private readonly IStateBlock _block;
    private readonly PrefillLane _prompts;
    private readonly PrefillLane _repacks;
    private readonly PrefixCache? _cache;
    private readonly IDrafter? _drafter;
    private readonly Queue<ScheduledGeneration> _queue = [];
    private readonly List<ScheduledGeneration> _ready = [];
    private readonly List<ScheduledGeneration> _parked = [];
    private readonly byte[] _next;
    private float[] _logits = [];

    /// <exception cref="BadInputException">The options do not fit the graph or its state budget.</exception>
    /// <exception cref="MissingCapabilityException">Memory is too small.</exception>
    public Scheduler(OnnxGraph graph, ByteGeneratorOptions options, ContextWindowOptions window, DraftTable? drafts = null)
        : this(graph, options, window, Block(graph, options, window), options.PrefixCacheBytes > 0 ? new(options.PrefixCacheBytes) : null,
            options.CheckedRows(graph) is > 0 and var rows ? new Drafter(rows, drafts) : null)
    {
    }

    /// <summary>With parts of the caller's, which it owns from then on.</summary>
    internal Scheduler(OnnxGraph graph, ByteGeneratorOptions options, ContextWindowOptions window, IStateBlock block, PrefixCache? cache,
        IDrafter? drafter)
    {
        (_graph, _options, _block, _cache, _drafter) = (graph, options, block, cache, drafter);
        _next = new byte[Math.Max(options.MaxRows, graph.Check?.Rows ?? 0)];
        (_prompts, _repacks) = (new(graph.States, window.MaxPositions), new(graph.States, window.MaxPositions));
    }

    private static IStateBlock Block(OnnxGraph graph, ByteGeneratorOptions options, ContextWindowOptions window)
    {
        options.Validate(graph, window);
        return graph.States.RentBlock(options.MaxRows, options.BlockPositions(graph, window));
    }

    /// <summary>What has happened so far. Written by the thread that drives, readable by any.</summary>
    public SchedulerCounters Counters { get; } = new();

    /// <summary>Whether there is nothing that it could do now.</summary>
    public bool IsIdle => _ready.Count == 0 && _queue.Count == 0 && !_prompts.HasWork && !_repacks.HasWork && _parked.Count == 0;

    /// <summary>
    /// Places taken. Who waits for a reader leaves its place to others, but only as many as there are places: their memory is bounded.
    /// </summary>
    private int Places => _ready.Count + _prompts.Count + _repacks.Count + Math.Max(0, _parked.Count - _options.MaxRows);

    /// <summary>Takes a generation in; it runs when there is a place.</summary>
    public void Add(ScheduledGeneration generation) => _queue.Enqueue(generation);

    /// <summary>Does a piece of work. Within a call of the model's.</summary>
    /// <returns>Whether there was any.</returns>
    public bool Tick()
    {
        RemoveCancelled();
        Resume();
        Admit();
        var works = _ready.Count > 0 || _prompts.HasWork || _repacks.HasWork;
        if (!TryCheck() && _ready.Count > 0) Step();
        Prefill();
        Count();
        return works;
    }

    /// <summary>Ends everything.</summary>
    public void FailAll(Exception cause)
    {
        Remove(_ => true, generation => Fail(generation, cause));
        Count();
    }

    public void Dispose()
    {
        _cache?.Dispose();
        _prompts.Dispose();
        _repacks.Dispose();
        _block.Dispose();
        _run.Dispose();
    }

    private void RemoveCancelled() => Remove(generation => generation.IsCancelled, generation =>
    {
        Counters.Cancelled++;
        generation.Fail(new OperationCanceledException());
    });

    private void Remove(Func<ScheduledGeneration, bool> which, Action<ScheduledGeneration> removed)
    {
        for (var row = _ready.Count - 1; row >= 0; row--)
        {
            if (!which(_ready[row])) continue;
            var generation = _ready[row];
            Leave(row);
            removed(generation);
        }

        _prompts.Remove(which, removed);
        _repacks.Remove(which, removed);
        for (var i = _parked.Count - 1; i >= 0; i--)
        {
            var generation = _parked[i];
            if (!which(generation)) continue;
            _parked.RemoveAt(i);
            Unpark(generation);
            removed(generation);
        }

        for (var left = _queue.Count; left > 0; left--)
        {
            var generation = _queue.Dequeue();
            if (which(generation)) removed(generation);
            else _queue.Enqueue(generation);
        }
    }

    /// <summary>Readers that have caught up go on.</summary>
    private void Resume()
    {
        for (var i = 0; i < _parked.Count;)
        {
            var generation = _parked[i];
            // One that holds a place itself makes room for itself.
            if (!generation.MayResume || Places >= _options.MaxRows && _parked.Count <= _options.MaxRows)
            {
                i++;
                continue;
            }

            _parked.RemoveAt(i);
            _block.Put(_ready.Count, generation.Parked!);
            _ready.Add(generation);
            Unpark(generation);
        }
    }

    private void Admit()
    {
        while (Places < _options.MaxRows && _queue.TryDequeue(out var generation))
        {
            generation.Admitted();
            if (_drafter is not null) Observe(generation);
            if (generation.Sequence.Work == SequenceWork.Prefill) _prompts.Add(generation);
            else Deliver(generation);
        }
    }

    private static void Observe(ScheduledGeneration generation)
    {
        var window = generation.Sequence.Window;
        generation.History = new();
        generation.History.Append(window.Prefix);
        generation.History.Append(window.Stream);
    }

    /// <summary>Several bytes of a generation that steps alone in one call, where guesses promise that it pays.</summary>
    /// <returns>Whether there was such a call.</returns>
    private bool TryCheck()
    {
        if (_drafter is null || _ready.Count != 1) return false;
        var generation = _ready[0];
        var drafts = _drafter.Propose(generation.History!);
        if (drafts.IsEmpty || 1 + drafts.Length > _block.CheckedRows) return false;

        _next[0] = generation.Sequence.Next;
        drafts.CopyTo(_next.AsSpan(1));
        ReadOnlySpan<float> logits;
        var start = Stopwatch.GetTimestamp();
        try
        {
            logits = _block.Check(_run, _next.AsSpan(0, 1 + drafts.Length));
        }
        catch (Exception e) when (e is HoloZeroException or ObjectDisposedException)
        {
            FailRows(e);
            return true;
        }

        var ticks = Stopwatch.GetTimestamp() - start;
        var right = 0;
        bool goesOn;
        while (true)
        {
            byte? guess = right < drafts.Length ? drafts[right] : null;
            goesOn = GoesOn(generation, Row(logits, right), guess);
            if (!goesOn || generation.Sequence.Next != guess) break;
            right++;
        }

        Counters.Checks++;
        Counters.Drafts += drafts.Length;
        Counters.AcceptedDrafts += right;
        _drafter.Checked(right, !goesOn, ticks);
        if (goesOn) _block.Commit(1 + right);
        Settle(0, goesOn);
        return true;
    }

    private void Step()
    {
        for (var row = 0; row < _ready.Count; row++) _next[row] = _ready[row].Sequence.Next;
        ReadOnlySpan<float> logits;
        var start = Stopwatch.GetTimestamp();
        try
        {
            logits = _block.Step(_run, _next.AsSpan(0, _ready.Count));
        }
        catch (Exception e) when (e is HoloZeroException or ObjectDisposedException)
        {
            FailRows(e);
            return;
        }

        var ticks = Stopwatch.GetTimestamp() - start;
        Counters.Steps++;
        Counters.SteppedRows += _ready.Count;
        var alone = _ready.Count == 1 ? _ready[0] : null;
        // Backwards, so that the row that moves into a place that becomes free has been seen already.
        for (var row = _ready.Count - 1; row >= 0; row--) Settle(row, GoesOn(_ready[row], Row(logits, row)));
        if (alone is not null) _drafter?.Stepped(alone.Sequence.Work == SequenceWork.Step ? alone.Sequence.Next : null, ticks);
    }

    private static ReadOnlySpan<float> Row(ReadOnlySpan<float> logits, int row) =>
        logits.Slice(row * ByteVocabulary.Size, ByteVocabulary.Size);

    /// <summary>Whether a generation that is given logits has to step again.</summary>
    private bool GoesOn(ScheduledGeneration generation, ReadOnlySpan<float> logits, byte? guess = null) =>
        TryAccept(generation, logits, guess) && generation.Sequence.Work == SequenceWork.Step;

    /// <summary>A row goes on, waits for its reader, or leaves.</summary>
    private void Settle(int row, bool goesOn)
    {
        var generation = _ready[row];
        if (!goesOn)
        {
            Leave(row);
            Route(generation);
        }
        else if (generation.IsAhead)
        {
            Park(row);
        }
    }

    private void FailRows(Exception cause)
    {
        foreach (var generation in _ready) Fail(generation, cause);
        _ready.Clear();
        _block.Clear();
    }

    /// <summary>Frees a row for whoever is last.</summary>
    private void Leave(int row)
    {
        var last = _ready.Count - 1;
        if (row != last)
        {
            _block.Move(last, row);
            _ready[row] = _ready[last];
        }

        _ready.RemoveAt(last);
    }

    private void Park(int row)
    {
        var generation = _ready[row];
        try
        {
            generation.Parked = _block.Take(row);
            Leave(row);
            _parked.Add(generation);
        }
        catch (MissingCapabilityException e)
        {
            Leave(row);
            Fail(generation, e);
        }
    }

    private static void Unpark(ScheduledGeneration generation)
    {
        generation.Parked?.Dispose();
        generation.Parked = null;
    }

    /// <summary>One piece, and whole prefills beside it that fit into the same time; those that run already come first.</summary>
    private void Prefill()
    {
        for (var rows = 0; ;)
        {
            var lane = _repacks.HasWork ? _repacks : _prompts;
            if (!lane.HasWork) return;
            var generation = lane.Current;
            try
            {
                if (generation is null)
                {
                    generation = lane.Begin();
                    if (Begin(lane, generation)) continue;
                }

                var most = (_ready.Count > 0 ? _options.PrefillRows : RowsAlone) - rows;
                if (rows > 0 && RowsLeft(lane) > most) return;
                rows += Piece(lane, most);
            }
            catch (Exception e) when (e is HoloZeroException or ObjectDisposedException)
            {
                lane.End();
                Fail(generation!, e);
            }
        }
    }

    /// <summary>Finds what there is already of a prefill.</summary>
    /// <returns>Whether it is all there.</returns>
    private bool Begin(PrefillLane lane, ScheduledGeneration generation)
    {
        var window = generation.Sequence.Window;
        if (lane == _repacks || _cache is null)
        {
            lane.State.Reset();
            return false;
        }

        var known = _cache.Longest(window.Prefix, window.Stream);
        if (known is null)
        {
            Counters.CacheMisses++;
            lane.State.Reset();
        }
        else
        {
            Counters.CacheHits++;
            generation.CachedPromptBytes = window.Prefix.Length + known.Stream.Length;
            Counters.CachedPromptBytes += generation.CachedPromptBytes;
            if (known.Stream.Length == window.Stream.Length)
            {
                lane.End();
                Enter(generation, known.State, known.Logits);
                return true;
            }

            lane.State.CopyFrom(known.State);
            lane.Done = known.Stream.Length;
        }

        lane.Cut = BranchPoint(lane, window);
        return false;
    }

    /// <summary>
    /// Where the prompt parts from one that was or that waits: what they share is kept, so that the next one need not compute it. On either
    /// side there are rows enough for a piece.
    /// </summary>
    private int BranchPoint(PrefillLane lane, ContextWindow window)
    {
        var shared = _cache!.Shared(window.Prefix, window.Stream);
        foreach (var other in lane.Waiting.Concat(_queue).Take(LookAhead))
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
    private int Piece(PrefillLane lane, int most)
    {
        var generation = lane.Current!;
        var window = generation.Sequence.Window;
        var (begins, goal) = (lane.Done == 0, lane.Cut > lane.Done ? lane.Cut : window.Stream.Length);
        var slots = begins ? window.PrefixSlots : 0;
        var length = PrefillPieces.Next(goal - lane.Done, Math.Max(PrefillPieces.FewestRows, most - slots));
        if (_logits.Length < length * ByteVocabulary.Size) _logits = new float[length * ByteVocabulary.Size];
        var logits = _logits.AsSpan(0, length * ByteVocabulary.Size);
        lane.State.Advance(_run, begins ? window.Prefix : [], window.Stream.Slice(lane.Done, length), logits, CancellationToken.None);
        lane.Done += length;
        Counters.PrefilledRows += slots + length;

        var last = logits[^ByteVocabulary.Size..];
        var done = lane.Done == window.Stream.Length;
        if (_cache is not null && lane == _prompts && (done || lane.Done == lane.Cut))
            _cache.Store(window.Prefix, window.Stream[..lane.Done], lane.State, _graph.States.Layout, last);
        if (done)
        {
            lane.End();
            Enter(generation, lane.State, last);
        }

        return slots + length;
    }

    /// <summary>A generation whose prefill is done chooses its byte and joins those that step.</summary>
    private void Enter(ScheduledGeneration generation, IDecoderState state, ReadOnlySpan<float> logits)
    {
        if (!TryAccept(generation, logits)) return;
        if (generation.Sequence.Work != SequenceWork.Step)
        {
            Route(generation);
            return;
        }

        _block.Put(_ready.Count, state);
        _ready.Add(generation);
    }

    /// <summary>What does not step is prefilled anew, or over.</summary>
    private void Route(ScheduledGeneration generation)
    {
        if (generation.Sequence.Work == SequenceWork.Prefill) _repacks.Add(generation);
    }

    /// <returns>False where the logits are unsound: it has failed then.</returns>
    private bool TryAccept(ScheduledGeneration generation, ReadOnlySpan<float> logits, byte? guess = null)
    {
        try
        {
            generation.Sequence.Accept(logits, guess);
            if (generation.Sequence.Work != SequenceWork.Nothing) generation.History?.Append([generation.Sequence.Next]);
            Counters.GeneratedBytes++;
            Deliver(generation);
            return true;
        }
        catch (InvalidLogitsException e)
        {
            Fail(generation, e);
            return false;
        }
    }

    private void Deliver(ScheduledGeneration generation)
    {
        if (generation.Sequence.TakeChunk() is not { } chunk) return;
        if (chunk.Finish is { } finish)
        {
            Counters.Finished++;
            chunk = chunk with { Finish = finish with { CachedPromptBytes = generation.CachedPromptBytes } };
        }

        generation.Deliver(chunk);
    }

    private void Fail(ScheduledGeneration generation, Exception cause)
    {
        Counters.Failed++;
        generation.Fail(cause);
    }

    private void Count()
    {
        Counters.Rows = Places;
        Counters.CacheBytes = _cache?.Bytes ?? 0;
        Counters.CacheEvictions = _cache?.Evictions ?? 0;
    }
}
