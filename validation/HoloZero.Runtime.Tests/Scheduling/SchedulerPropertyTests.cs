using FsCheck;
using FsCheck.Fluent;
using HoloZero.Artifacts;
using Microsoft.FSharp.Core;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime.Tests.Scheduling;

/// <summary>
/// Random schedules: who joins, leaves, stalls and comes back when, with prompts that begin alike. Every stream is that of the same request
/// alone, byte for byte. Faults planted into the parts are caught by the same schedules.
/// </summary>
public sealed class SchedulerPropertyTests(AllVariants variants)
{
    private static readonly ContextWindowOptions Small = new() { StreamBytes = 20, MaxPrefixSlots = 4, KeptStreamBytes = 6 };
    private static readonly ContextWindowOptions StreamOnly = new() { StreamBytes = 64, MaxPrefixSlots = 0, KeptStreamBytes = 9 };
    private static readonly ByteGeneratorOptions Options = new() { MaxRows = 4, PrefillRows = 8, PrefixCacheBytes = 1 << 20 };

    public static TheoryData<string, bool, ulong> Cases { get; } = new()
    {
        { "fp32", false, 31 }, { "fp32", true, 32 }, { "int8", false, 35 }, { "int8", true, 36 }, { "portable", false, 33 },
        { "portable", true, 34 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_stream_is_that_of_the_same_request_alone(string variant, bool streamOnly, ulong seed)
    {
        using var model = variants.Load(variant);
        var window = streamOnly ? StreamOnly : Small;
        var script = new ScheduleScript(model, () => new(model.Graph, Options, window), window, Options.MaxRows);
        Check(schedule => script.Run(schedule), seed, 60);
        Assert.Equal(0, model.Graph.States.UsedBytes);
    }

    [Fact]
    public void With_little_cache_and_single_rows_it_is_the_same()
    {
        using var model = variants.Load("fp32");
        var options = Options with { MaxRows = 1, PrefixCacheBytes = model.Graph.States.Layout.BytesFor(70) };
        var script = new ScheduleScript(model, () => new(model.Graph, options, StreamOnly), StreamOnly, 1);
        Check(schedule => script.Run(schedule), 41, 40);
    }

    public static TheoryData<string> Faults { get; } = ["swapped", "stale memory", "no compaction", "one byte too long", "other prefix"];

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_planted_fault_is_caught(string fault)
    {
        using var model = variants.Load("fp32");
        var window = fault == "other prefix" ? Small : StreamOnly;
        var script = new ScheduleScript(model, () =>
        {
            var block = model.Graph.States.RentBlock(Options.MaxRows, window.MaxPositions);
            return new(model.Graph, Options, window, new FaultyBlock(block, fault), new FaultyCache(Options.PrefixCacheBytes, fault));
        }, window, Options.MaxRows);
        Assert.ThrowsAny<Exception>(() => Check(schedule => script.Run(schedule), 51, 200));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_fails_takes_along_no_more_than_its_call(bool whole)
    {
        using var model = variants.Load("fp32");
        var block = new FailingBlock(model.Graph.States.RentBlock(Options.MaxRows, Small.MaxPositions), failsAt: 5, whole);
        using var scheduler = new Scheduler(model.Graph, Options, Small, block, new(Options.PrefixCacheBytes));
        var script = new ScheduleScript(model, () => scheduler, Small, Options.MaxRows);
        var joined = Enumerable.Range(0, 3).Select(i => script.Join(new(Turn.Join, i, 10 + i, 30, 1 + i % 2))).ToList();
        joined.ForEach(scheduler.Add);
        while (scheduler.Tick()) Assert.True(scheduler.Counters.Steps < 1000);
        joined.Add(script.Join(new(Turn.Join, 1, 20, 30, 1)));
        scheduler.Add(joined[^1]);
        while (scheduler.Tick()) Assert.True(scheduler.Counters.Steps < 1000);

        var failed = joined.Where(generation => generation.Cause is not null).ToArray();
        Assert.Equal(whole ? 3 : 1, failed.Length);
        var cause = whole ? typeof(UnsoundModelException) : typeof(InvalidLogitsException);
        Assert.All(failed, generation => Assert.IsType(cause, generation.Cause));
        Assert.All(joined.Except(failed), generation => Assert.Equal(script.Alone(generation.Line), generation.Bytes));
        var counters = scheduler.Counters;
        Assert.Equal((failed.Length, 4 - failed.Length, 0), (counters.Failed, counters.Finished, counters.Rows));
    }

    private static void Check(Action<ScheduleLine[]> run, ulong seed, int tests) =>
        Prop.ForAll(ScheduleScript.Schedules(), run).Check(Config.QuickThrowOnFailure
            .WithQuietOnSuccess(true).WithMaxTest(tests).WithEndSize(40)
            .WithReplay(FSharpOption<Replay>.Some(new Replay(new Rnd(seed), FSharpOption<int>.None))));

    private sealed class FaultyBlock(IStateBlock block, string fault) : IStateBlock
    {
        private readonly byte[] _stepped = new byte[block.Rows];

        public int Rows => block.Rows;

        public void Put(int row, IDecoderState state)
        {
            block.Put(row, state);
            // The memory S of whoever was in this row before goes on.
            if (fault != "stale memory") return;
            using var options = OnnxEnvironment.NewRunOptions();
            block.Step(options, _stepped.AsSpan(0, row + 1));
        }

        public IDecoderState Take(int row) => block.Take(row);

        public void Move(int from, int to)
        {
            if (fault != "no compaction") block.Move(fault == "swapped" && from > 1 ? from - 1 : from, to);
        }

        public ReadOnlySpan<float> Step(RunOptions options, ReadOnlySpan<byte> next) => block.Step(options, next);

        public void Clear() => block.Clear();

        public void Dispose() => block.Dispose();
    }

    private sealed class FaultyCache(long budget, string fault) : PrefixCache(budget)
    {
        public override void Store(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> stream, IDecoderState state, StateLayout layout,
            ReadOnlySpan<float> logits)
        {
            // What is kept claims to be the state of one byte more, or of any prefix.
            if (fault == "one byte too long") base.Store(prefix, [.. stream, (byte)(stream[^1] + 31)], state, layout, logits);
            else base.Store(fault == "other prefix" ? [] : prefix, stream, state, layout, logits);
        }

        public override Entry? Longest(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> stream) =>
            base.Longest(fault == "other prefix" ? [] : prefix, stream);
    }

    /// <summary>One call fails whole, or gives a row that is no number.</summary>
    private sealed class FailingBlock(IStateBlock block, int failsAt, bool whole) : IStateBlock
    {
        private int _steps;

        public int Rows => block.Rows;

        public void Put(int row, IDecoderState state) => block.Put(row, state);

        public IDecoderState Take(int row) => block.Take(row);

        public void Move(int from, int to) => block.Move(from, to);

        public ReadOnlySpan<float> Step(RunOptions options, ReadOnlySpan<byte> next)
        {
            var logits = block.Step(options, next);
            if (++_steps != failsAt) return logits;
            if (whole) throw new UnsoundModelException("the graph fails");
            float[] spoilt = [.. logits];
            spoilt.AsSpan(0, ByteVocabulary.Size).Fill(float.NaN);
            return spoilt;
        }

        public void Clear() => block.Clear();

        public void Dispose() => block.Dispose();
    }
}
