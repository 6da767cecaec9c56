using System.Diagnostics;
using HoloZero.Artifacts;
using HoloZero.Runtime;

namespace HoloZero.Cli.Benchmarks;

/// <summary>
/// Measures a loaded model. Everything runs once to warm up and then in rounds, in which what is to be compared takes turns, so that a
/// machine that slows down meanwhile slows all of it. Results are for a machine that does nothing else. Stateless and thread-safe, but
/// measurements at the same time disturb each other.
/// </summary>
internal static class Benchmark
{
    private const int MostBatchSteps = 128, SamplesAtOnce = 200;

    /// <summary>Measures a model on this machine.</summary>
    /// <param name="model">The model; other sessions on it disturb the measurement.</param>
    /// <param name="options">What to measure.</param>
    /// <param name="clock">Measures the time.</param>
    /// <param name="progress">Told each round.</param>
    /// <param name="cancellation">Checked between rounds.</param>
    /// <exception cref="BadInputException">An option is out of range, or the manifest counts more weights than the files hold.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static BenchmarkReport Run(HoloZeroModel model, BenchmarkOptions options, TimeProvider clock,
        IProgress<string>? progress = null, CancellationToken cancellation = default)
    {
        options.Validate();
        Require(model);
        using var run = new Measurement(model, options, clock);

        Step("warming up");
        run.DecodeRound();
        if (!options.LatencyOnly) run.PrefillRound();
        using var process = Process.GetCurrentProcess();
        var peak = process.PeakWorkingSet64;

        var floor = model.Variant.WeightBytes is { } weightBytes ? new MemoryFloor(weightBytes, model.Threads, clock) : null;
        var (latencies, floors) = (new List<LatencyResult>(), new List<double>());
        var (prefills, samplings) = (new List<PrefillResult>(), new List<SamplingResult>());
        for (var round = 1; round <= options.Rounds; round++)
        {
            Step($"round {round} of {options.Rounds}");
            latencies.Add(run.DecodeRound());
            if (floor is not null) floors.Add(floor.Sample());
            if (options.LatencyOnly) continue;
            prefills.Add(run.PrefillRound());
            samplings.Add(run.SamplingRound());
        }

        var batches = new List<BatchResult>();
        foreach (var rows in options.LatencyOnly ? [] : options.BatchRows)
        {
            Step($"batch of {rows}");
            if (run.BatchRounds(rows, cancellation) is { } result) batches.Add(result);
        }

        var latency = new LatencyResult(options.Bytes, Median(latencies, r => r.MedianMilliseconds),
            Median(latencies, r => r.P99Milliseconds), Median(latencies, r => r.MeanMilliseconds),
            Median(latencies, r => r.AllocatedBytesPerStep));
        var floorResult = floor?.Result(Median(floors, seconds => seconds));
        return new(latency, floorResult, latency.MedianMilliseconds / floorResult?.MedianMilliseconds, peak,
            prefills.Count == 0 ? null : new(prefills[0].StreamBytes, Median(prefills, r => r.StreamBytesPerSecond),
                prefills[0].PrefixBytes, Median(prefills, r => r.PrefixBytesPerSecond)),
            samplings.Count == 0 ? null : new(Median(samplings, r => r.GreedyMicroseconds), Median(samplings, r => r.NucleusMicroseconds)),
            batches);

        void Step(string what)
        {
            cancellation.ThrowIfCancellationRequested();
            progress?.Report(what);
        }
    }

    private static void Require(HoloZeroModel model)
    {
        var most = model.Artifact.FilesOf(model.Variant).Sum(file => file.Value.Bytes);
        if (model.Variant.WeightBytes > most)
        {
            throw new BadInputException(model.Artifact.PathOf(ArtifactManifest.FileName),
                $"its weight_bytes {model.Variant.WeightBytes} are more than the {most} bytes of {model.Variant.File}",
                "export the model again");
        }
    }

    /// <summary>The middle value, or the mean of the middle two.</summary>
    internal static double Median<T>(IReadOnlyList<T> values, Func<T, double> of)
    {
        var sorted = values.Select(of).Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private sealed class Measurement : IDisposable
    {
        private readonly HoloZeroModel _model;
        private readonly TimeProvider _clock;
        private readonly int _rounds;
        private readonly DecodingSession _session;
        private readonly ByteSampler _greedy = new(new() { Greedy = true, AllowEos = false });
        private readonly ByteSampler _nucleus = new(new() { Temperature = 0.8, TopP = 0.95, Seed = 1 });
        private readonly byte[] _bytes, _text;
        private readonly long[] _ticks;

        public Measurement(HoloZeroModel model, BenchmarkOptions options, TimeProvider clock)
        {
            (_model, _clock, _rounds) = (model, clock, options.Rounds);
            _session = model.OpenSession();
            _bytes = Bytes(options.Bytes);
            _text = Bytes(options.PrefillBytes ?? options.Bytes);
            _ticks = new long[options.Bytes];
        }

        public void Dispose() => _session.Dispose();

        /// <summary>Positions 1 to the last, each a step and a greedy choice.</summary>
        public LatencyResult DecodeRound()
        {
            var next = (byte)_greedy.Sample(_session.Prefill([], _bytes.AsSpan(0, 1)).Last);
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < _ticks.Length; i++)
            {
                var start = _clock.GetTimestamp();
                next = (byte)_greedy.Sample(_session.Step(next));
                _ticks[i] = _clock.GetTimestamp() - start;
            }

            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
            Array.Sort(_ticks);
            return new(_ticks.Length, (Milliseconds(_ticks[(_ticks.Length - 1) / 2]) + Milliseconds(_ticks[_ticks.Length / 2])) / 2,
                Milliseconds(_ticks[(int)Math.Ceiling(0.99 * _ticks.Length) - 1]), _ticks.Average(Milliseconds),
                (double)allocated / _ticks.Length);
        }

        public PrefillResult PrefillRound()
        {
            var prefix = Math.Min(_text.Length / _model.SlotBytes, DecodingSession.MaxPrefixSlots) * _model.SlotBytes;
            var streamSeconds = Seconds(() => _session.Prefill([], _text));
            var prefixSeconds = Seconds(() => _session.Prefill(_text.AsSpan(0, prefix), _text.AsSpan(0, 1)));
            return new(_text.Length, _text.Length / streamSeconds, prefix, prefix / prefixSeconds);
        }

        public SamplingResult SamplingRound()
        {
            var logits = _session.Prefill([], _bytes).Data.ToArray();
            return new(Microseconds(_greedy), Microseconds(_nucleus));

            double Microseconds(ByteSampler sampler)
            {
                var rows = logits.Length / ByteVocabulary.Size;
                return Seconds(() =>
                {
                    for (var i = 0; i < SamplesAtOnce; i++)
                        _ = sampler.Sample(logits.AsSpan(i % rows * ByteVocabulary.Size, ByteVocabulary.Size));
                }) / SamplesAtOnce * 1e6;
            }
        }

        /// <summary>Null where the runtime does not run as many sequences in one call.</summary>
        public BatchResult? BatchRounds(int rows, CancellationToken cancellation)
        {
            var steps = Math.Min(_bytes.Length, MostBatchSteps);
            var seconds = new List<double>();
            for (var round = 0; round <= _rounds; round++)
            {
                cancellation.ThrowIfCancellationRequested();
                using var batch = OpenBatch(rows);
                if (batch is null) return null;
                var next = new byte[rows];
                var taken = Seconds(() =>
                {
                    for (var i = 0; i < steps; i++)
                    {
                        next.AsSpan().Fill(_bytes[i]);
                        batch.Step(next);
                    }
                });
                if (round > 0) seconds.Add(taken);
            }

            var median = Median(seconds, s => s);
            return new(rows, steps, median / steps * 1e3, rows * steps / median);
        }

        private IBatch? OpenBatch(int rows) => rows == 1 ? new SingleRow(_model.OpenSession())
            : _model.Variant.Signature.State.Any(state => state.InPlace) ? new Rows(_model.OpenBatch(rows)) : null;

        private static byte[] Bytes(int count)
        {
            var random = new ByteRandom(1);
            return [.. Enumerable.Range(0, count).Select(_ => (byte)random.NextUInt64())];
        }

        private double Seconds(Action action)
        {
            var start = _clock.GetTimestamp();
            action();
            return Math.Max(_clock.GetElapsedTime(start).TotalSeconds, 1.0 / _clock.TimestampFrequency);
        }

        private double Milliseconds(long ticks) => 1e3 * ticks / _clock.TimestampFrequency;
    }

    /// <summary>Sequences that grow by one byte each a call.</summary>
    private interface IBatch : IDisposable
    {
        void Step(ReadOnlySpan<byte> next);
    }

    private sealed class Rows(DecodingBatch batch) : IBatch
    {
        public void Step(ReadOnlySpan<byte> next) => batch.Step(next);

        public void Dispose() => batch.Dispose();
    }

    private sealed class SingleRow(DecodingSession session) : IBatch
    {
        private bool _started;

        public void Step(ReadOnlySpan<byte> next)
        {
            if (_started) session.Step(next[0]);
            else session.Prefill([], next);
            _started = true;
        }

        public void Dispose() => session.Dispose();
    }
}
