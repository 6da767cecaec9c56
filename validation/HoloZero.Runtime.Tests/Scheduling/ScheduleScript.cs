using FsCheck;
using FsCheck.Fluent;

namespace HoloZero.Runtime.Tests.Scheduling;

/// <summary>What a schedule does next.</summary>
public enum Turn
{
    Join,
    Tick,
    Cancel,
    Stall,
    Drain,
}

/// <summary>One line of a schedule.</summary>
/// <param name="Turn">What to do.</param>
/// <param name="Prompt">Which text the prompt is cut from: those of a text begin alike.</param>
/// <param name="Length">Bytes of the prompt; of a cancellation and the like, whom it concerns.</param>
/// <param name="Bytes">Bytes to generate.</param>
/// <param name="Seed">What they are drawn with; 0 is greedy.</param>
public sealed record ScheduleLine(Turn Turn, int Prompt, int Length, int Bytes, int Seed)
{
    public override string ToString() =>
        Turn == Turn.Join ? $"Join(text {Prompt}, {Length} bytes, {Bytes} more, seed {Seed})" : $"{Turn}({Length})";
}

/// <summary>
/// Runs schedules on a scheduler and holds every stream that ends against the same request alone, in a session of its own: not one byte may
/// differ, and every piece that a cancelled one got is the beginning of it.
/// </summary>
internal sealed class ScheduleScript(HoloZeroModel model, Func<Scheduler> newScheduler, ContextWindowOptions window, int places)
{
    private const int MostTicks = 100_000;
    private static readonly byte[][] Texts = [.. Enumerable.Range(0, 3).Select(text =>
        Enumerable.Range(0, 90).Select(i => (byte)(i < 20 * text ? i * 7 : i * (31 + text) + i / 5)).ToArray())];

    private readonly Dictionary<ScheduleLine, byte[]> _alone = [];

    /// <summary>Schedules with shrinking.</summary>
    public static Arbitrary<ScheduleLine[]> Schedules()
    {
        var line =
            from turn in Gen.Frequency((5, Gen.Constant(Turn.Join)), (8, Gen.Constant(Turn.Tick)), (2, Gen.Constant(Turn.Cancel)),
                (2, Gen.Constant(Turn.Stall)), (1, Gen.Constant(Turn.Drain)))
            from prompt in Gen.Choose(0, Texts.Length - 1)
            from length in Gen.Frequency((1, Gen.Choose(0, 3)), (3, Gen.Choose(0, 89)), (2, Gen.Elements(1, 17, 18, 33, 40)))
            from bytes in Gen.Choose(0, 60)
            from seed in Gen.Choose(0, 3)
            select new ScheduleLine(turn, prompt, length, bytes, seed);
        return Arb.From(line, Shrink).Array();

        static IEnumerable<ScheduleLine> Shrink(ScheduleLine line)
        {
            if (line.Bytes > 0) yield return line with { Bytes = line.Bytes / 2 };
            if (line.Length > 0) yield return line with { Length = line.Length / 2 };
            if (line.Length > 0) yield return line with { Length = line.Length - 1 };
            if (line.Prompt > 0) yield return line with { Prompt = 0 };
            if (line.Seed > 0) yield return line with { Seed = 0 };
        }
    }

    /// <summary>Runs one; throws where anything is off.</summary>
    public void Run(IReadOnlyList<ScheduleLine> schedule)
    {
        using var scheduler = newScheduler();
        var joined = new List<Recorded>();
        foreach (var line in schedule)
        {
            switch (line.Turn)
            {
                case Turn.Join:
                    joined.Add(Join(line));
                    scheduler.Add(joined[^1]);
                    break;
                case Turn.Tick:
                    for (var i = 0; i <= line.Length % 7; i++) scheduler.Tick();
                    break;
                case Turn.Cancel when joined.Count > 0:
                    joined[line.Length % joined.Count].Cancel();
                    break;
                case Turn.Stall when joined.Count > 0:
                    joined[line.Length % joined.Count].Stalls ^= true;
                    break;
                case Turn.Drain:
                    Drain(scheduler, joined);
                    break;
            }
        }

        joined.ForEach(generation => generation.Stalls = false);
        Drain(scheduler, joined);
        Assert.True(scheduler.IsIdle);
        Assert.Equal(0, scheduler.Counters.Rows);
        foreach (var generation in joined)
        {
            var expected = Alone(generation.Line);
            if (generation.Finish is not null) Assert.Equal(Convert.ToHexString(expected), Convert.ToHexString([.. generation.Bytes]));
            else Assert.Equal(Convert.ToHexString(expected.AsSpan(0, generation.Bytes.Count)), Convert.ToHexString([.. generation.Bytes]));
            Assert.True(generation.Finish is not null || generation.IsCancelled, $"{generation.Line} did not end: {generation.Cause}");
        }
    }

    private void Drain(Scheduler scheduler, List<Recorded> joined)
    {
        for (var ticks = 0; scheduler.Tick(); ticks++) Assert.True(ticks < MostTicks, "it never ends");
        // Whoever stalls is parked; all others are through, unless so many stall that they hold places.
        if (joined.Count(generation => generation.Stalls && !generation.HasEnded) > places) return;
        Assert.All(joined.Where(generation => !generation.Stalls), generation => Assert.True(generation.HasEnded, $"{generation.Line}"));
    }

    /// <summary>A generation that a line asks for.</summary>
    public Recorded Join(ScheduleLine line) => new(line, new(model.SlotBytes, Prompt(line), Options(line), window));

    private static byte[] Prompt(ScheduleLine line) => Texts[line.Prompt][..line.Length];

    private static GenerationOptions Options(ScheduleLine line) => new()
    {
        MaxBytes = line.Bytes,
        Sampling = line.Seed == 0 ? new() { Greedy = true, AllowEos = false, RepetitionPenalty = 1.3 }
            : new() { Seed = (ulong)line.Seed, Temperature = 0.9, AllowEos = line.Seed == 3 },
    };

    /// <summary>The plain loop over a session: no scheduler, no cache, no neighbours.</summary>
    public byte[] Alone(ScheduleLine line)
    {
        if (_alone.TryGetValue(line, out var known)) return known;
        var sequence = new GenerationSequence(model.SlotBytes, Prompt(line), Options(line), window);
        using var session = model.OpenSession();
        var bytes = new List<byte>();
        while (sequence.Finish is null)
        {
            sequence.Accept(sequence.Work == SequenceWork.Prefill
                ? session.Prefill(sequence.Window.Prefix, sequence.Window.Stream).Last : session.Step(sequence.Next));
            if (sequence.TakeChunk() is { } chunk) bytes.AddRange(chunk.Bytes.Span);
        }

        return _alone[line] = [.. bytes];
    }
}

/// <summary>A generation whose pieces are kept.</summary>
internal sealed class Recorded(ScheduleLine line, GenerationSequence sequence) : ScheduledGeneration(sequence)
{
    private bool _cancelled;

    public ScheduleLine Line => line;

    public List<byte> Bytes { get; } = [];

    public GenerationFinish? Finish { get; private set; }

    public Exception? Cause { get; private set; }

    public bool HasEnded => Finish is not null || Cause is not null;

    public bool Stalls { get; set; }

    public override bool IsCancelled => _cancelled;

    public override bool IsAhead => Stalls;

    public override bool MayResume => !Stalls;

    public void Cancel() => _cancelled = true;

    public override void Admitted() => Assert.False(HasEnded);

    public override void Deliver(GenerationChunk chunk)
    {
        Assert.False(HasEnded);
        Bytes.AddRange(chunk.Bytes.Span);
        Finish = chunk.Finish;
    }

    public override void Fail(Exception cause)
    {
        Assert.False(HasEnded);
        Cause = cause;
    }
}
