using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using HoloZero.Artifacts;

namespace HoloZero.Runtime.Tests.Scheduling;

/// <summary>The generator as applications use it: threads, cancellation, back-pressure, the end.</summary>
public sealed class ByteGeneratorTests(AllVariants variants)
{
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(60);
    private static readonly byte[] Text = [.. Enumerable.Range(0, 200).Select(i => (byte)(i * 37 + i / 7 + 5))];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static GenerationOptions For(long bytes, ulong seed = 1) =>
        new() { MaxBytes = bytes, Sampling = new() { Seed = seed, AllowEos = false } };

    [Theory]
    [InlineData("fp32")]
    [InlineData("int8")]
    [InlineData("int4")]
    [InlineData("portable")]
    public async Task Forty_at_once_all_end_and_in_exact_variants_give_their_own_bytes(string variant)
    {
        using var model = variants.Load(variant);
        await using var generator = new ByteGenerator(model, new() { MaxRows = 5 });
        var streams = await Task.WhenAll(Enumerable.Range(0, 40)
            .Select(i => Task.Run(() => AllOf(generator, Text[..(i * 3)], For(30 + i, (ulong)i)))));
        for (var i = 0; i < streams.Length; i++)
        {
            Assert.Equal(30 + i, streams[i].Length);
            if (variant != "int4") Assert.Equal(await AllOf(model, Text[..(i * 3)], For(30 + i, (ulong)i)), streams[i]);
        }

        var statistics = generator.Statistics;
        Assert.Equal((40, 0, 0), (statistics.Finished, statistics.Cancelled, statistics.Failed));
        Assert.Equal(streams.Sum(stream => stream.Length), statistics.GeneratedBytes);
        Assert.Equal(40, statistics.CacheHits + statistics.CacheMisses);
    }

    [Theory]
    [InlineData("fp32", true)]
    [InlineData("fp32", false)]
    [InlineData("int8", true)]
    public async Task Guesses_change_no_byte(string variant, bool greedy)
    {
        using var model = variants.Load(variant);
        var options = For(300) with { Sampling = new() { Greedy = greedy, Seed = greedy ? null : 5, AllowEos = false } };
        byte[] prompt = [.. Enumerable.Range(0, 90).Select(i => (byte)("abcabd"[i % 6]))];
        await using var guessing = new ByteGenerator(model);
        await using var stepping = new ByteGenerator(model, new() { Speculation = false });
        var bytes = await AllOf(guessing, prompt, options);
        Assert.Equal(bytes, await AllOf(stepping, prompt, options));
        Assert.Equal(bytes, await AllOf(model, prompt, options));
        Assert.InRange(guessing.Statistics.Checks, greedy ? 1 : 0, 300);
        Assert.InRange(guessing.Statistics.AcceptedDrafts, 0, guessing.Statistics.Drafts);
        Assert.Equal(300, guessing.Statistics.GeneratedBytes);
        Assert.Equal(0, stepping.Statistics.Checks);
    }

    [Fact]
    public async Task A_prompt_that_comes_again_is_computed_once()
    {
        using var model = variants.Load("fp32");
        var window = new ContextWindowOptions { StreamBytes = 250, MaxPrefixSlots = 0 };
        await using var generator = new ByteGenerator(model, new() { Window = window });
        await Task.WhenAll(Enumerable.Range(0, 32).Select(i => AllOf(generator, Text, For(4, (ulong)i))));
        Assert.Equal(Text.Length, generator.Statistics.PrefilledRows);
        Assert.Equal((31, 1), (generator.Statistics.CacheHits, generator.Statistics.CacheMisses));
        Assert.Equal(31 * Text.Length, generator.Statistics.CachedPromptBytes);

        var finish = await FinishOf(generator, [.. Text, 1, 2], For(1));
        Assert.Equal(Text.Length, finish.CachedPromptBytes);
        Assert.Equal(Text.Length + 2, generator.Statistics.PrefilledRows);
    }

    [Fact]
    public async Task Prompts_that_part_share_what_they_begin_with()
    {
        using var model = variants.Load("fp32");
        var window = new ContextWindowOptions { StreamBytes = 250, MaxPrefixSlots = 0 };
        await using var generator = new ByteGenerator(model, new() { Window = window });
        for (var i = 0; i < 3; i++) await AllOf(generator, [.. Text, .. Enumerable.Repeat((byte)i, 10)], For(1));
        // The second one is cut where it parts from the first, the third goes on from there.
        Assert.Equal(210 + 210 + 10, generator.Statistics.PrefilledRows);
        Assert.Equal(Text.Length, generator.Statistics.CachedPromptBytes);
    }

    [Fact]
    public async Task Who_leaves_frees_its_place()
    {
        using var model = variants.Load("fp32");
        await using var generator = new ByteGenerator(model, new() { MaxRows = 1 });
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var endless = Task.Run(() => AllOf(generator, Text, For(long.MaxValue), cancellation.Token), Token);
        while (generator.Statistics.GeneratedBytes == 0) await Task.Delay(1, Token);
        var next = AllOf(generator, Text, For(5));
        Assert.False(next.IsCompleted);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => endless);
        Assert.Equal(5, (await next.WaitAsync(Enough, Token)).Length);

        await foreach (var _ in generator.GenerateAsync(Text, For(long.MaxValue), Token)) break;
        Assert.Equal(5, (await AllOf(generator, Text, For(5)).WaitAsync(Enough, Token)).Length);
        Assert.Equal(2, generator.Statistics.Cancelled);
    }

    [Fact]
    public async Task A_reader_that_sleeps_holds_neither_memory_nor_its_neighbours()
    {
        using var model = variants.Load("fp32");
        await using var generator = new ByteGenerator(model, new() { MaxRows = 1, MaxUnreadBytes = 16 });
        await using var sleeper = generator.GenerateAsync(Text, For(300), Token).GetAsyncEnumerator(Token);
        Assert.True(await sleeper.MoveNextAsync());
        Assert.Equal(100, (await AllOf(generator, Text, For(100, 2)).WaitAsync(Enough, Token)).Length);
        // What it has not read is bounded: 16 and the one that it holds.
        Assert.InRange(generator.Statistics.GeneratedBytes, 100 + 1, 100 + 18);

        var bytes = new List<byte>(sleeper.Current.Bytes.ToArray());
        while (await sleeper.MoveNextAsync()) bytes.AddRange(sleeper.Current.Bytes.Span);
        Assert.Equal(await AllOf(model, Text, For(300)), bytes);
    }

    [Fact]
    public async Task More_than_may_wait_are_refused_and_nothing_else_is()
    {
        using var model = variants.Load("fp32");
        await using var generator = new ByteGenerator(model, new() { MaxRows = 2, MaxQueued = 3 });
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var running = Enumerable.Range(0, 5)
            .Select(i => Task.Run(() => AllOf(generator, Text, For(long.MaxValue), cancellation.Token))).ToArray();
        while (generator.Statistics is not { Rows: 2, Queued: 3 }) await Task.Delay(1, Token);
        var refused = await Assert.ThrowsAsync<QueueFullException>(() => AllOf(generator, Text, For(1)));
        Assert.Contains("try again later", refused.Message);
        await cancellation.CancelAsync();
        foreach (var task in running) await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
        while (generator.Statistics is not { Rows: 0, Queued: 0 }) await Task.Delay(1, Token);
        Assert.Single(await AllOf(generator, Text, For(1)).WaitAsync(Enough, Token));
    }

    [Fact]
    public async Task Stopping_lets_what_runs_end_and_takes_nothing_new()
    {
        using var model = variants.Load("fp32");
        await using var generator = new ByteGenerator(model, new() { MaxRows = 2 });
        var running = Enumerable.Range(0, 4).Select(i => Task.Run(() => AllOf(generator, Text, For(200, (ulong)i)))).ToArray();
        while (generator.Statistics.Rows + generator.Statistics.Queued < 4) await Task.Delay(1, Token);
        await generator.StopAsync(Token).WaitAsync(Enough, Token);
        Assert.All(running, task => Assert.True(task.IsCompleted || task.Wait(Enough)));
        Assert.All(running, task => Assert.Equal(200, task.Result.Length));
        await Assert.ThrowsAsync<GeneratorStoppedException>(() => AllOf(generator, Text, For(1)));
    }

    [Fact]
    public async Task What_has_not_ended_when_the_grace_is_over_is_told_so()
    {
        using var model = variants.Load("fp32");
        await using var generator = new ByteGenerator(model, new() { MaxRows = 1 });
        var running = Enumerable.Range(0, 3).Select(_ => Task.Run(() => AllOf(generator, Text, For(long.MaxValue)))).ToArray();
        while (generator.Statistics.Rows + generator.Statistics.Queued < 3) await Task.Delay(1, Token);
        using var grace = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await generator.StopAsync(grace.Token).WaitAsync(Enough, Token);
        foreach (var task in running) await Assert.ThrowsAsync<GeneratorStoppedException>(() => task);
        Assert.Equal(0, model.Graph.States.UsedBytes);
    }

    [Theory]
    [InlineData("fp32")]
    [InlineData("portable")]
    public async Task A_model_disposed_underneath_ends_everything_in_words(string variant)
    {
        for (var time = 0; time < 5; time++)
        {
            var model = variants.Load(variant);
            await using var generator = new ByteGenerator(model, new() { MaxRows = 2 });
            var running = Enumerable.Range(0, 4).Select(_ => Task.Run(() => AllOf(generator, Text, For(long.MaxValue)))).ToArray();
            while (time % 2 == 0 && generator.Statistics.GeneratedBytes < 10) await Task.Delay(1, Token);
            model.Dispose();
            foreach (var task in running) await Assert.ThrowsAsync<ObjectDisposedException>(() => task.WaitAsync(Enough, Token));
            Assert.Throws<ObjectDisposedException>(() => { generator.GenerateAsync(Text, For(1), Token); });
        }
    }

    [Fact]
    public async Task A_request_that_is_refused_touches_no_other()
    {
        using var model = variants.Load("fp32");
        await using var generator = new ByteGenerator(model, new() { MaxRows = 4 });
        var good = AllOf(generator, Text, For(100));
        // Every byte is ruled out, so nothing can be drawn.
        var bias = Enumerable.Range(0, 256).ToDictionary(id => id, _ => float.NegativeInfinity);
        var bad = For(10) with { Sampling = new() { Seed = 1, LogitBias = bias, AllowEos = false } };
        await Assert.ThrowsAnyAsync<HoloZeroException>(() => AllOf(generator, Text, bad));
        Assert.Equal(await AllOf(model, Text, For(100)), await good);
    }

    [Fact]
    public async Task Options_that_do_not_fit_are_refused_in_one_line()
    {
        using var model = variants.Load("fp32");
        Refused("max-rows: is 0", new() { MaxRows = 0 });
        Refused("max-queued: is -1", new() { MaxQueued = -1 });
        Refused("prefill-rows: is 7", new() { PrefillRows = 7 });
        Refused("prefix-cache-bytes: is -1", new() { PrefixCacheBytes = -1 });
        Refused("max-unread-bytes: is 0", new() { MaxUnreadBytes = 0 });
        Refused("stream-bytes: 8192 and 64 prefix slots are 8,256 positions, and this variant holds 8,192",
            new() { Window = new() { StreamBytes = 8192 } });
        Refused("max-rows: 16 rows of 320 positions", new() { PrefixCacheBytes = 1L << 45 });
        await using var generator = new ByteGenerator(model);
        var refused = Assert.Throws<BadInputException>(() =>
        {
            generator.GenerateAsync(Text, For(1) with { Window = new() { StreamBytes = 300 } }, Token);
        });
        Assert.Contains("364 positions, and this generator keeps 320", refused.Message);

        void Refused(string cause, ByteGeneratorOptions options) =>
            Assert.Contains(cause, Assert.Throws<BadInputException>(() => new ByteGenerator(model, options)).Message);
    }

    [Fact]
    public async Task Requests_are_measured()
    {
        var seen = new ConcurrentDictionary<string, int>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == ByteGenerator.MeterName) self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, _, _, _) =>
            seen.AddOrUpdate(instrument.Name, 1, (_, count) => count + 1));
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => seen[instrument.Name] = (int)value);
        listener.Start();
        using var model = variants.Load("fp32");
        await using var generator = new ByteGenerator(model);
        for (var i = 0; i < 3; i++) await AllOf(generator, Text, For(5));
        listener.RecordObservableInstruments();
        Assert.True(seen["gen_ai.server.request.duration"] >= 3);
        Assert.True(seen["gen_ai.server.time_to_first_token"] >= 3);
        Assert.True(seen["gen_ai.server.time_per_output_token"] >= 3);
    }

    [Fact]
    public async Task Nothing_is_left_after_it()
    {
        using var model = variants.Load("int8");
        for (var i = 0; i < 3; i++)
        {
            await using var generator = new ByteGenerator(model);
            await AllOf(generator, Text, For(40));
            Assert.True(model.Graph.States.UsedBytes > 0);
        }

        Assert.Equal(0, model.Graph.States.UsedBytes);
    }

    private static async Task<byte[]> AllOf(IByteGenerator generator, byte[] prompt, GenerationOptions options,
        CancellationToken cancellation = default)
    {
        var bytes = new List<byte>();
        await foreach (var chunk in generator.GenerateAsync(prompt, options, cancellation)) bytes.AddRange(chunk.Bytes.Span);
        return [.. bytes];
    }

    private static async Task<byte[]> AllOf(HoloZeroModel model, byte[] prompt, GenerationOptions options)
    {
        var bytes = new List<byte>();
        await foreach (var chunk in model.GenerateAsync(prompt, options, Token)) bytes.AddRange(chunk.Bytes.Span);
        return [.. bytes];
    }

    private static async Task<GenerationFinish> FinishOf(IByteGenerator generator, byte[] prompt, GenerationOptions options)
    {
        GenerationFinish? finish = null;
        await foreach (var chunk in generator.GenerateAsync(prompt, options, Token)) finish = chunk.Finish;
        return finish!;
    }
}
