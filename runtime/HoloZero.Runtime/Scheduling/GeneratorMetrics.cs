using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace HoloZero.Runtime;

/// <summary>When the bytes of a request came. One thread writes.</summary>
internal sealed class RequestTimes
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private long _first;
    private long _last;

    /// <summary>Bytes that were delivered.</summary>
    public long Bytes { get; private set; }

    /// <summary>Seconds from the start to now.</summary>
    public double Duration => Stopwatch.GetElapsedTime(_start).TotalSeconds;

    /// <summary>Seconds to the first byte; null before it.</summary>
    public double? ToFirst => Bytes == 0 ? null : Stopwatch.GetElapsedTime(_start, _first).TotalSeconds;

    /// <summary>Mean seconds between one byte and the next; null below two.</summary>
    public double? PerByte => Bytes < 2 ? null : Stopwatch.GetElapsedTime(_first, _last).TotalSeconds / (Bytes - 1);

    public void Delivered(int bytes)
    {
        if (bytes == 0) return;
        _last = Stopwatch.GetTimestamp();
        if (Bytes == 0) _first = _last;
        Bytes += bytes;
    }
}

/// <summary>
/// Instruments of a generator, named by OpenTelemetry's conventions for generative models, tokens being bytes. Thread-safe.
/// </summary>
internal sealed class GeneratorMetrics : IDisposable
{
    private static readonly double[] Seconds =
        [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];

    private static readonly double[] SecondsPerByte =
        [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.5, 1];

    private readonly Meter _meter;
    private readonly bool _owned;
    private readonly string _model;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _firstToken;
    private readonly Histogram<double> _perToken;
    private readonly Counter<long> _rejected;

    public GeneratorMetrics(IMeterFactory? meters, ByteGenerator generator, string model)
    {
        // A factory owns the meters that it makes.
        (_meter, _owned, _model) = (meters?.Create(ByteGenerator.MeterName) ?? new(ByteGenerator.MeterName), meters is null, model);
        _duration = Histogram("gen_ai.server.request.duration", "Time of a request from its arrival to its end.", Seconds);
        _firstToken = Histogram("gen_ai.server.time_to_first_token", "Time of a request from its arrival to its first byte.", Seconds);
        _perToken = Histogram("gen_ai.server.time_per_output_token", "Mean time from a byte of a request to the next.", SecondsPerByte);
        _rejected = _meter.CreateCounter<long>("holozero.requests.rejected", "{request}", "Requests refused as too many waited.");
        Observe("holozero.queue.length", "{request}", "Requests that wait.", statistics => statistics.Queued);
        Observe("holozero.rows.in_use", "{row}", "Requests that run.", statistics => statistics.Rows);
        Observe("holozero.prefix_cache.size", "By", "State kept for prompts that come again.", statistics => statistics.CacheBytes);
        Count("holozero.prefix_cache.hits", "{request}", "Prompts of which some was reused.", statistics => statistics.CacheHits);
        Count("holozero.prefix_cache.misses", "{request}", "Prompts of which nothing was there.", statistics => statistics.CacheMisses);
        Count("holozero.prefix_cache.evictions", "{state}", "States let go of.", statistics => statistics.CacheEvictions);
        Count("holozero.prompt.cached", "By", "Bytes of prompts that were not computed.", statistics => statistics.CachedPromptBytes);
        Count("holozero.generated", "By", "Bytes chosen.", statistics => statistics.GeneratedBytes);
        Count("holozero.drafts.checked", "By", "Bytes that were guessed and checked.", statistics => statistics.Drafts);
        Count("holozero.drafts.accepted", "By", "Guesses that were right.", statistics => statistics.AcceptedDrafts);
        Count("holozero.requests.cancelled", "{request}", "Requests whose reader left.", statistics => statistics.Cancelled);
        Count("holozero.requests.failed", "{request}", "Requests that failed.", statistics => statistics.Failed);

        Histogram<double> Histogram(string name, string description, double[] buckets) => _meter.CreateHistogram(name, "s", description,
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = buckets });

        void Observe(string name, string unit, string description, Func<GeneratorStatistics, long> value) =>
            _meter.CreateObservableUpDownCounter(name, () => Measured(value), unit, description);

        void Count(string name, string unit, string description, Func<GeneratorStatistics, long> value) =>
            _meter.CreateObservableCounter(name, () => Measured(value), unit, description);

        Measurement<long> Measured(Func<GeneratorStatistics, long> value) => new(value(generator.Statistics), Tags());
    }

    /// <summary>A request was refused.</summary>
    public void Rejected() => _rejected.Add(1, Tags());

    /// <summary>A request ended.</summary>
    public void Ended(RequestTimes times, Exception? failure)
    {
        var tags = failure is null ? Tags() : [.. Tags(), new("error.type", failure.GetType().Name)];
        _duration.Record(times.Duration, tags);
        if (times.ToFirst is { } first) _firstToken.Record(first, tags);
        if (times.PerByte is { } perByte) _perToken.Record(perByte, tags);
    }

    public void Dispose()
    {
        if (_owned) _meter.Dispose();
    }

    private KeyValuePair<string, object?>[] Tags() =>
    [
        new("gen_ai.operation.name", "text_completion"), new("gen_ai.provider.name", "holozero"), new("gen_ai.request.model", _model),
    ];
}
