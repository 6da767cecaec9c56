using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>
/// Many generations at the same time on one model, by continuous batching: whoever is ready steps in one call, so that the weights are read
/// once for all. Prompts that begin alike are computed once. Thread-safe. One thread of its own does the work and sleeps while there is
/// none. Does not own the model: dispose this first, or not; once the model is disposed everything ends.
/// </summary>
public sealed class ByteGenerator : IByteGenerator
{
    /// <summary>Name of the meter whose instruments measure requests.</summary>
    public const string MeterName = "HoloZero.Runtime";

    private readonly HoloZeroModel _model;
    private readonly ByteGeneratorOptions _options;
    private readonly ContextWindowOptions _window;
    private readonly Scheduler _scheduler;
    private readonly GeneratorMetrics _metrics;
    private readonly ConcurrentQueue<Request> _incoming = [];
    private readonly AutoResetEvent _wake = new(false);
    private readonly Thread _thread;
    private readonly CancellationTokenRegistration _closing;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private int _queued;
    private volatile bool _refuses;
    private volatile bool _stops;

    /// <summary>Starts one, with a thread of its own.</summary>
    /// <param name="model">The model; other sessions and generators may use it, too.</param>
    /// <param name="options">How to share it; null is the default.</param>
    /// <exception cref="BadInputException">An option is out of range, or they do not fit the variant or its state budget.</exception>
    /// <exception cref="MissingCapabilityException">Memory is too small.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public ByteGenerator(HoloZeroModel model, ByteGeneratorOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        (_model, _options) = (model, options ?? new());
        _window = _options.Window ?? model.Window;
        _scheduler = model.Within(() => new Scheduler(model.Graph, _options, _window));
        _metrics = new(_options.Meters, this, _options.ModelName ?? model.Variant.Name);
        _closing = model.Graph.Closing.Register(Wake);
        _thread = new(Run) { Name = "HoloZero generator", IsBackground = true };
        _thread.Start();
    }

    /// <summary>The model.</summary>
    public HoloZeroModel Model => _model;

    /// <summary>What has happened so far.</summary>
    public GeneratorStatistics Statistics => _scheduler.Counters.Snapshot(Volatile.Read(ref _queued));

    /// <inheritdoc/>
    public IAsyncEnumerable<GenerationChunk> GenerateAsync(ReadOnlyMemory<byte> prompt, GenerationOptions options,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        _model.Graph.ThrowIfClosing();
        if (options.Window is { } window && window.MaxPositions > _window.MaxPositions)
        {
            throw new BadInputException("stream-bytes", $"{window.StreamBytes} and {window.MaxPrefixSlots} prefix slots are "
                + $"{window.MaxPositions:N0} positions, and this generator keeps {_window.MaxPositions:N0}", "use a smaller window");
        }

        // What is wrong with them is told at once, not by the first piece.
        _ = NewSequence(prompt, options);
        return Enumerate(prompt, options, cancellation);
    }

    /// <summary>Takes nothing new and waits until all that was accepted has ended.</summary>
    /// <param name="grace">Ends the waiting: what has not ended by then fails by <see cref="GeneratorStoppedException"/>.</param>
    /// <returns>Done once nothing runs any more; never fails.</returns>
    public async Task StopAsync(CancellationToken grace = default)
    {
        lock (_gate) _refuses = true;
        Wake();
        await using var ended = grace.Register(End).ConfigureAwait(false);
        await _drained.Task.ConfigureAwait(false);

        void End()
        {
            _stops = true;
            Wake();
        }
    }

    /// <summary>Ends what is under way by <see cref="GeneratorStoppedException"/> and frees all memory.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate) _refuses = true;
        _stops = true;
        Wake();
        await _ended.Task.ConfigureAwait(false);
        await _closing.DisposeAsync().ConfigureAwait(false);
    }

    private GenerationSequence NewSequence(ReadOnlyMemory<byte> prompt, GenerationOptions options) =>
        new(_model.SlotBytes, prompt.Span, options, _window);

    private async IAsyncEnumerable<GenerationChunk> Enumerate(ReadOnlyMemory<byte> prompt, GenerationOptions options,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var request = new Request(this, NewSequence(prompt, options));
        Submit(request);
        try
        {
            await foreach (var chunk in request.Chunks.ReadAllAsync(cancellation).ConfigureAwait(false))
            {
                request.Took(chunk.Bytes.Length);
                yield return chunk;
            }
        }
        finally
        {
            request.Cancel();
        }
    }

    private void Submit(Request request)
    {
        // Whether it is taken in and whether the thread has ended must be one decision: else it might wait for ever.
        lock (_gate)
        {
            if (_ended.Task.IsCompleted && _model.Graph.Calls.IsClosed) throw new ObjectDisposedException(typeof(HoloZeroModel).FullName);
            if (_refuses) throw new GeneratorStoppedException();
            var queued = Interlocked.Increment(ref _queued);
            // One that finds a free place at the next tick does not wait.
            if (queued > _options.MaxQueued + Math.Max(0, _options.MaxRows - _scheduler.Counters.Rows))
            {
                Interlocked.Decrement(ref _queued);
                _metrics.Rejected();
                throw new QueueFullException(queued - 1);
            }

            _incoming.Enqueue(request);
        }

        Wake();
    }

    private void Wake()
    {
        try
        {
            _wake.Set();
        }
        catch (ObjectDisposedException)
        {
            // It has ended: there is nobody to wake.
        }
    }

    private void Run()
    {
        Exception? end = null;
        while (end is null)
        {
            while (_incoming.TryDequeue(out var request)) _scheduler.Add(request);
            if (_stops)
            {
                end = new GeneratorStoppedException();
            }
            else if (!_model.Graph.Calls.TryEnter())
            {
                end = new ObjectDisposedException(typeof(HoloZeroModel).FullName);
            }
            else
            {
                end = Tick();
            }
        }

        lock (_gate) _refuses = true;
        while (_incoming.TryDequeue(out var request)) _scheduler.Add(request);
        _scheduler.FailAll(end);
        _scheduler.Dispose();
        _metrics.Dispose();
        _drained.TrySetResult();
        _ended.TrySetResult();
        _wake.Dispose();
    }

    /// <summary>A tick within the call that has been entered, and then a rest if there is nothing to do.</summary>
    /// <returns>Why it cannot go on; null where it can.</returns>
    private Exception? Tick()
    {
        bool worked;
        try
        {
            worked = _scheduler.Tick();
        }
        catch (Exception e)
        {
            return e;
        }
        finally
        {
            _model.Graph.Calls.Leave();
        }

        if (worked || !_incoming.IsEmpty) return null;
        if (_refuses && _scheduler.IsIdle) _drained.TrySetResult();
        if (!_stops) _wake.WaitOne();
        return null;
    }

    /// <summary>A generation between its reader and the scheduler's thread.</summary>
    private sealed class Request(ByteGenerator generator, GenerationSequence sequence) : ScheduledGeneration(sequence)
    {
        private readonly Channel<GenerationChunk> _chunks =
            Channel.CreateUnbounded<GenerationChunk>(new() { SingleReader = true, SingleWriter = true });

        private readonly RequestTimes _times = new();
        private int _unread;
        private int _behind;
        private volatile bool _cancelled;

        public ChannelReader<GenerationChunk> Chunks => _chunks.Reader;

        public override bool IsCancelled => _cancelled;

        public override bool IsAhead
        {
            get
            {
                if (Volatile.Read(ref _unread) < generator._options.MaxUnreadBytes) return false;
                Volatile.Write(ref _behind, 1);
                // The reader may have caught up in between and seen nothing to wake.
                return !MayResume;
            }
        }

        public override bool MayResume => Volatile.Read(ref _unread) <= generator._options.MaxUnreadBytes / 2;

        /// <summary>The reader took so many bytes.</summary>
        public void Took(int bytes)
        {
            Interlocked.Add(ref _unread, -bytes);
            if (MayResume && Interlocked.Exchange(ref _behind, 0) != 0) generator.Wake();
        }

        /// <summary>The reader has gone, or has read all.</summary>
        public void Cancel()
        {
            _cancelled = true;
            if (!_chunks.Reader.Completion.IsCompleted) generator.Wake();
        }

        public override void Admitted()
        {
            Interlocked.Decrement(ref generator._queued);
            HasPlace = true;
        }

        public override void Deliver(GenerationChunk chunk)
        {
            Interlocked.Add(ref _unread, chunk.Bytes.Length);
            _times.Delivered(chunk.Bytes.Length);
            _chunks.Writer.TryWrite(chunk);
            if (chunk.Finish is null) return;
            generator._metrics.Ended(_times, null);
            _chunks.Writer.TryComplete();
        }

        public override void Fail(Exception cause)
        {
            if (!HasPlace) Interlocked.Decrement(ref generator._queued);
            generator._metrics.Ended(_times, cause);
            _chunks.Writer.TryComplete(cause);
        }

        private bool HasPlace { get; set; }
    }
}
