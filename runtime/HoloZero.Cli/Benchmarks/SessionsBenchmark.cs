using HoloZero.Artifacts;
using HoloZero.Runtime;

namespace HoloZero.Cli.Benchmarks;

/// <summary>How many to serve at once, and how.</summary>
internal sealed record SessionsOptions
{
    /// <summary>Generations at the same time, 1 to 1,024.</summary>
    public required int Sessions { get; init; }

    /// <summary>Bytes that each generates, 16 to 65,536.</summary>
    /// <value>440.</value>
    public int Bytes { get; init; } = 440;

    /// <summary>Bytes of each prompt.</summary>
    public int PromptBytes { get; init; } = 520;

    /// <summary>Times that everything is measured after one round of warm-up, 1 to 100.</summary>
    public int Rounds { get; init; } = 5;

    /// <summary>Whether prompts that come again are computed once.</summary>
    public bool PrefixCache { get; init; } = true;

    /// <summary>Whether bytes are guessed where a generation runs alone.</summary>
    public bool Speculation { get; init; } = true;

    /// <summary>What prompts are cut from; null is bytes that look like none before.</summary>
    public byte[]? Text { get; init; }

    /// <summary>Refuses what is out of range.</summary>
    /// <exception cref="BadInputException">A value is out of range.</exception>
    public void Validate()
    {
        if (Sessions is < 1 or > DecodingBatch.MaxRows)
            throw new BadInputException("sessions", $"{Sessions} is not within 1 to {DecodingBatch.MaxRows:N0}", "choose some, 16 say");
        if (Rounds is < 1 or > 100) throw new BadInputException("rounds", $"{Rounds} is not within 1 to 100", "choose some, 5 say");
        if (Bytes is < 16 or > 1 << 16)
            throw new BadInputException("bytes", $"{Bytes} is not within 16 to 65,536", "choose some hundred bytes");
        if (Text?.Length < 2 * PromptBytes)
            throw new BadInputException("prompt-file", $"it has {Text.Length:N0} bytes, and a prompt {PromptBytes}", "give a longer text");
    }
}

/// <summary>How a generator serves many at once. Every figure is a median over rounds unless its name says otherwise.</summary>
/// <param name="Sessions">Generations at the same time.</param>
/// <param name="Bytes">Bytes that each generated.</param>
/// <param name="PromptBytes">Bytes of each prompt; one in four comes twice.</param>
/// <param name="BytesPerSecond">Of all together, from the first request to the last byte.</param>
/// <param name="OneSessionBytesPerSecond">Of one alone, measured in turn with them.</param>
/// <param name="Ratio">The former over the latter.</param>
/// <param name="FirstByte">From a request to its first byte.</param>
/// <param name="PerByte">From a byte of a stream to the next, over all streams of a round.</param>
/// <param name="CacheHits">Prompts of which some was reused, of all rounds.</param>
/// <param name="CacheMisses">Prompts of which nothing was there, of all rounds.</param>
/// <param name="CachedPromptBytes">Bytes that were not computed, of all rounds.</param>
/// <param name="Drafts">Bytes that were guessed and checked, of all rounds.</param>
/// <param name="AcceptedDrafts">How many of them were right.</param>
internal sealed record SessionsReport(int Sessions, int Bytes, int PromptBytes, double BytesPerSecond, double OneSessionBytesPerSecond,
    double Ratio, Spread FirstByte, Spread PerByte, long CacheHits, long CacheMisses, long CachedPromptBytes, long Drafts,
    long AcceptedDrafts);

/// <summary>A time in milliseconds: its median and what 99 % are below.</summary>
internal sealed record Spread(double MedianMilliseconds, double P99Milliseconds);

/// <summary>Measures a generator under concurrent requests, in turn with a single one.</summary>
internal sealed class SessionsBenchmark(HoloZeroModel model, SessionsOptions options, TimeProvider clock)
{
    /// <exception cref="BadInputException">The model has no room for so many.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<SessionsReport> RunAsync(IProgress<string> progress, CancellationToken cancellation)
    {
        options.Validate();
        var settings = new ByteGeneratorOptions { MaxRows = options.Sessions, Speculation = options.Speculation };
        if (!options.PrefixCache) settings = settings with { PrefixCacheBytes = 0 };
        await using var generator = new ByteGenerator(model, settings);
        progress.Report("warming up");
        await RoundAsync(generator, options.Sessions, 0, cancellation);
        await RoundAsync(generator, 1, 0, cancellation);

        var before = generator.Statistics;
        var (many, one) = (new List<Round>(), new List<Round>());
        for (var round = 1; round <= options.Rounds; round++)
        {
            progress.Report($"round {round} of {options.Rounds}");
            many.Add(await RoundAsync(generator, options.Sessions, round, cancellation));
            one.Add(await RoundAsync(generator, 1, -round, cancellation));
        }

        var after = generator.Statistics;
        var (all, alone) = (Benchmark.Median(many, r => r.BytesPerSecond), Benchmark.Median(one, r => r.BytesPerSecond));
        return new(options.Sessions, options.Bytes, options.PromptBytes, all, alone, all / alone, Spread(r => r.FirstByte),
            Spread(r => r.PerByte), after.CacheHits - before.CacheHits, after.CacheMisses - before.CacheMisses,
            after.CachedPromptBytes - before.CachedPromptBytes, after.Drafts - before.Drafts,
            after.AcceptedDrafts - before.AcceptedDrafts);

        Spread Spread(Func<Round, double[]> of) => new(Benchmark.Median(many, r => Quantile(of(r), 0.5)),
            Benchmark.Median(many, r => Quantile(of(r), 0.99)));
    }

    private async Task<Round> RoundAsync(ByteGenerator generator, int sessions, int round, CancellationToken cancellation)
    {
        var start = clock.GetTimestamp();
        var streams = await Task.WhenAll(Enumerable.Range(0, sessions)
            .Select(i => Task.Run(() => StreamAsync(generator, Prompt(round, i), (ulong)i, cancellation), cancellation)));
        var seconds = clock.GetElapsedTime(start).TotalSeconds;
        return new(sessions * options.Bytes / seconds, [.. streams.Select(stream => stream.FirstByte)],
            [.. streams.SelectMany(stream => stream.PerByte)]);
    }

    private async Task<(double FirstByte, double[] PerByte)> StreamAsync(ByteGenerator generator, byte[] prompt, ulong seed,
        CancellationToken cancellation)
    {
        var (last, first, gaps) = (clock.GetTimestamp(), 0.0, new List<double>(options.Bytes));
        var generation = new GenerationOptions { MaxBytes = options.Bytes, Sampling = new() { Seed = seed, AllowEos = false } };
        await foreach (var _ in generator.GenerateAsync(prompt, generation, cancellation))
        {
            var now = clock.GetTimestamp();
            var gap = clock.GetElapsedTime(last, now).TotalMilliseconds;
            if (first == 0) first = gap;
            else gaps.Add(gap);
            last = now;
        }

        return (first, [.. gaps]);
    }

    /// <summary>Every fourth prompt is that of its neighbour.</summary>
    private byte[] Prompt(int round, int session)
    {
        var random = new ByteRandom((ulong)(round * 4096L + (session % 4 == 3 ? session - 1 : session)));
        if (options.Text is { } text)
        {
            var start = (int)(random.NextUInt64() % (ulong)(text.Length - options.PromptBytes));
            return text[start..(start + options.PromptBytes)];
        }

        var bytes = new byte[options.PromptBytes];
        for (var i = 0; i < bytes.Length; i++) bytes[i] = (byte)random.NextUInt64();
        return bytes;
    }

    private static double Quantile(double[] values, double q)
    {
        if (values.Length == 0) return 0;
        Array.Sort(values);
        return values[(int)Math.Ceiling(q * values.Length) - 1];
    }

    private sealed record Round(double BytesPerSecond, double[] FirstByte, double[] PerByte);
}
