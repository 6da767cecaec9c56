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

    public static TheoryData<string, bool, int, ulong> Drafts { get; } = new()
    {
        { "fp32", false, 1, 61 }, { "fp32", true, 1, 62 }, { "fp32", false, 4, 63 }, { "fp32", true, 4, 64 }, { "int8", false, 1, 65 },
        { "int8", true, 1, 66 }, { "int8", false, 4, 67 }, { "int8", true, 4, 68 },
    };

    [Theory]
    [MemberData(nameof(Drafts))]
    public void It_is_the_same_with_guesses_right_and_wrong_at_every_place(string variant, bool streamOnly, int places, ulong seed)
    {
        using var model = variants.Load(variant);
        var (script, accepted) = Speculating(model, streamOnly ? StreamOnly : Small, places, block => block);
        Check(schedule => script.Run(schedule), seed, 60);
        Assert.All(accepted, count => Assert.True(count > 10, string.Join(", ", accepted)));
        Assert.Equal(0, model.Graph.States.UsedBytes);
    }

    [Theory]
    [InlineData("one draft too many")]
    [InlineData("one draft too few")]
    [InlineData("logits of the row before")]
    [InlineData("never undone")]
    public void A_fault_planted_into_checks_is_caught(string fault)
    {
        using var model = variants.Load("fp32");
        var (script, _) = Speculating(model, StreamOnly, 1, block => new FaultyBlock(block, fault));
        Assert.ThrowsAny<Exception>(() => Check(schedule => script.Run(schedule), 71, 200));
    }

    /// <summary>Schedules with a drafter that knows the truth and tells it up to another place each time.</summary>
    private static (ScheduleScript Script, int[] Accepted) Speculating(HoloZeroModel model, ContextWindowOptions window, int places,
        Func<IStateBlock, IStateBlock> spoilt)
    {
        var options = Options with { MaxRows = places };
        var accepted = new int[model.Graph.Check!.Rows];
        ScheduleScript? script = null;
        script = new(model, () =>
        {
            var block = model.Graph.States.RentBlock(places, options.BlockPositions(model.Graph, window));
            return new(model.Graph, options, window, spoilt(block), new(options.PrefixCacheBytes),
                new KnowingDrafter(script!.Following, accepted));
        }, window, places);
        return (script, accepted);
    }

    private sealed class KnowingDrafter(Func<byte[], byte[]> following, int[] accepted) : IDrafter
    {
        private int _calls;

        public ReadOnlySpan<byte> Propose(DraftHistory history)
        {
            var drafts = following(history.Bytes.ToArray()).Take(accepted.Length - 1).ToArray();
            for (var i = _calls++ % accepted.Length; i < drafts.Length; i++) drafts[i] ^= 1;
            return drafts;
        }

        public void Stepped(byte? chosen, long ticks)
        {
        }

        public void Checked(int right, bool ended, long ticks) => accepted[right]++;
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
            return new(model.Graph, Options, window, new FaultyBlock(block, fault), new FaultyCache(Options.PrefixCacheBytes, fault),
                null);
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
        using var scheduler = new Scheduler(model.Graph, Options, Small, block, new(Options.PrefixCacheBytes), null);
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
        private byte[] _checked = [];

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

        public int CheckedRows => block.CheckedRows;

        public ReadOnlySpan<float> Check(RunOptions options, ReadOnlySpan<byte> bytes)
        {
            _checked = bytes.ToArray();
            var logits = block.Check(options, bytes);
            if (fault != "logits of the row before" || bytes.Length < 2) return logits;
            return (float[])[.. logits[..ByteVocabulary.Size], .. logits[..^ByteVocabulary.Size]];
        }

        public void Commit(int rows)
        {
            var all = _checked.Length;
            block.Commit(fault switch
            {
                "one draft too many" => Math.Min(rows + 1, all),
                "one draft too few" => Math.Max(rows - 1, 1),
                "never undone" => all,
                _ => rows,
            });
        }

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

        public int CheckedRows => 0;

        public ReadOnlySpan<float> Check(RunOptions options, ReadOnlySpan<byte> bytes) => throw new NotSupportedException();

        public void Commit(int rows) => throw new NotSupportedException();

        public void Clear() => block.Clear();

        public void Dispose() => block.Dispose();
    }
}
