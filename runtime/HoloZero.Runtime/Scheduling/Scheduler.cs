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
    private readonly ByteGeneratorOptions _options;
    private readonly RunOptions _run = OnnxEnvironment.NewRunOptions();
    private readonly IStateBlock _block;
    private readonly Prefills _prefills;
    // Kept, as a tick allocates nothing.
    private readonly Func<bool> _anyReady;
    private readonly PrefillDone _enter;
    private readonly Action<ScheduledGeneration, Exception> _fail;
    private readonly IDrafter? _drafter;
    private readonly Queue<ScheduledGeneration> _queue = [];
    private readonly List<ScheduledGeneration> _ready = [];
    private readonly List<ScheduledGeneration> _parked = [];
    private readonly byte[] _next;

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
        (_options, _block, _drafter) = (options, block, drafter);
        _next = new byte[Math.Max(options.MaxRows, graph.Check?.Rows ?? 0)];
        (_anyReady, _enter, _fail) = (() => _ready.Count > 0, Enter, Fail);
        _prefills = new(graph.States, options, window.MaxPositions, cache, Counters, _run);
    }

    private static IStateBlock Block(OnnxGraph graph, ByteGeneratorOptions options, ContextWindowOptions window)
    {
        options.Validate(graph, window);
        return graph.States.RentBlock(options.MaxRows, options.BlockPositions(graph, window));
    }

    /// <summary>What has happened so far. Written by the thread that drives, readable by any.</summary>
    public SchedulerCounters Counters { get; } = new();

    /// <summary>Whether there is nothing that it could do now.</summary>
    public bool IsIdle => _ready.Count == 0 && _queue.Count == 0 && !_prefills.HasWork && _parked.Count == 0;

    /// <summary>
    /// Places taken. Who waits for a reader leaves its place to others, but only as many as there are places: their memory is bounded.
    /// </summary>
    private int Places => _ready.Count + _prefills.Count + Math.Max(0, _parked.Count - _options.MaxRows);

    /// <summary>Takes a generation in; it runs when there is a place.</summary>
    public void Add(ScheduledGeneration generation) => _queue.Enqueue(generation);

    /// <summary>Does a piece of work. Within a call of the model's.</summary>
    /// <returns>Whether there was any.</returns>
    public bool Tick()
    {
        RemoveCancelled();
        Resume();
        Admit();
        var works = _ready.Count > 0 || _prefills.HasWork;
        if (!TryCheck() && _ready.Count > 0) Step();
        _prefills.Run(_anyReady, _queue, _enter, _fail);
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
        _prefills.Dispose();
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

        _prefills.Remove(which, removed);
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
            if (generation.Sequence.Work == SequenceWork.Prefill) _prefills.AddPrompt(generation);
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
        if (generation.Sequence.Work == SequenceWork.Prefill) _prefills.AddRepack(generation);
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

    private void Count() => Counters.Rows = Places;
}
