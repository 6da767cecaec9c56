namespace HoloZero.Runtime.Tests.Speculation;

/// <summary>Which bytes a draft had guessed is told beside them, and nothing else of what is told depends on it.</summary>
public sealed class DraftedMarkTests(AllVariants variants)
{
    private static readonly ContextWindowOptions Window = new() { StreamBytes = 64, MaxPrefixSlots = 0, KeptStreamBytes = 9 };

    [Fact]
    public void A_byte_is_marked_where_its_guess_was_right()
    {
        using var model = variants.Load("fp32");
        var options = new ByteGeneratorOptions { MaxRows = 1, PrefixCacheBytes = 0 };
        GenerationOptions asked = new() { MaxBytes = 31, Sampling = new() { Greedy = true, AllowEos = false }, Likeliest = 2 };
        var plain = Run(drafter: null);
        Assert.All(plain.Predictions, prediction => Assert.False(prediction.Drafted));

        // Two right guesses and a wrong one in every check; the first byte comes from the prompt's logits.
        var drafted = Run(new TwoRightOneWrong(plain.Bytes));
        Assert.Equal(plain.Bytes, drafted.Bytes);
        Assert.Equal(Enumerable.Range(0, 31).Select(i => i % 3 != 0), drafted.Predictions.Select(prediction => prediction.Drafted));
        Assert.Equal(plain.Predictions.Select(prediction => prediction.Logprob),
            drafted.Predictions.Select(prediction => prediction.Logprob));

        Told Run(IDrafter? drafter)
        {
            var block = model.Graph.States.RentBlock(1, options.BlockPositions(model.Graph, Window));
            using var scheduler = new Scheduler(model.Graph, options, Window, block, new(0), drafter);
            var told = new Told(new(model.SlotBytes, "Thou shalt"u8, asked, Window));
            scheduler.Add(told);
            while (scheduler.Tick()) Assert.True(scheduler.Counters.Steps < 100);
            return told;
        }
    }

    private sealed class TwoRightOneWrong(IReadOnlyList<byte> whole) : IDrafter
    {
        private int _at = 1;

        public ReadOnlySpan<byte> Propose(DraftHistory history)
        {
            byte[] guesses = [.. whole.Skip(_at).Take(3)];
            if (guesses.Length == 3) guesses[2] ^= 1;
            _at += 3;
            return guesses;
        }

        public void Stepped(byte? chosen, long ticks)
        {
        }

        public void Checked(int right, bool ended, long ticks)
        {
        }
    }

    private sealed class Told(GenerationSequence sequence) : ScheduledGeneration(sequence)
    {
        public List<byte> Bytes { get; } = [];

        public List<BytePrediction> Predictions { get; } = [];

        public override bool IsCancelled => false;

        public override bool IsAhead => false;

        public override bool MayResume => true;

        public override void Admitted()
        {
        }

        public override void Deliver(GenerationChunk chunk)
        {
            Bytes.AddRange(chunk.Bytes.Span);
            Predictions.AddRange(chunk.Predictions);
        }

        public override void Fail(Exception cause) => Assert.Fail(cause.Message);
    }
}
