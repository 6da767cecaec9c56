using HoloZero.Artifacts;
using HoloZero.Models;

namespace HoloZero.Training.Tests;

public class TrainingTextTests
{
    private const int SlotBytes = 2;

    private static readonly TrainingOptions Options = new()
    {
        Steps = 1000,
        BatchSize = 5,
        PrefixSlots = 3,
        StreamBytes = 9,
        HeldOutShare = 0.25,
        HeldOutWindows = 3,
        Seed = 11,
    };

    // Byte i is i: a window tells where it was cut.
    private static readonly byte[] Text = [.. Enumerable.Range(0, 200).Select(i => (byte)i)];

    [Fact]
    public void Windows_are_runs_of_the_training_text_and_never_of_the_held_out_end()
    {
        var text = new TrainingText([Text], [], Options, SlotBytes);
        Assert.Equal((150L, 50L), (text.TrainingBytes, text.HeldOutBytes));
        var (starts, ends, slots) = (new HashSet<int>(), new HashSet<int>(), new HashSet<int>());
        for (var step = 0; step < 1000; step++)
        {
            var batch = text.Batch(Options, SlotBytes, step);
            var prefixBytes = batch.Prefix.Length / batch.Rows;
            slots.Add(prefixBytes / SlotBytes);
            for (var row = 0; row < batch.Rows; row++)
            {
                byte[] window = [.. batch.Prefix.AsSpan(row * prefixBytes, prefixBytes), .. batch.Stream.AsSpan(row * 8, 8)];
                Assert.Equal(Enumerable.Range(window[0], window.Length).Select(i => (byte)i), window);
                Assert.Equal(batch.Stream.AsSpan(row * 8, 8).ToArray().Select(b => (short)(b + 1)),
                    batch.Targets.AsSpan(row * 8, 8).ToArray());
                starts.Add(window[0]);
                ends.Add(batch.Targets[row * 8 + 7]);
            }
        }

        // Every number of slots, the very first and the very last byte come up, and none beyond.
        Assert.Equal([0, 1, 2, 3], slots.Order());
        Assert.Equal((0, 149), (starts.Min(), ends.Max()));
    }

    [Fact]
    public void A_step_draws_the_same_windows_whatever_came_before_and_another_seed_others()
    {
        var text = new TrainingText([Text], [], Options, SlotBytes);
        Assert.Equal(text.Batch(Options, SlotBytes, 7).Stream, text.Batch(Options, SlotBytes, 7).Stream);
        Assert.NotEqual(text.Batch(Options, SlotBytes, 7).Stream, text.Batch(Options, SlotBytes, 8).Stream);
        Assert.NotEqual(text.Batch(Options, SlotBytes, 7).Stream, text.Batch(Options with { Seed = 12 }, SlotBytes, 7).Stream);
    }

    [Fact]
    public void Held_out_windows_are_spread_over_the_end_with_the_longest_prefix()
    {
        var batch = Assert.Single(new TrainingText([Text], [], Options, SlotBytes).HeldOut(Options, SlotBytes));
        Assert.Equal(3, batch.Rows);

        // 50 bytes hold 5 windows of 6 + 9 bytes with stride 8: the first, the second and the fourth are chosen.
        Assert.Equal([150, 158, 174], Enumerable.Range(0, 3).Select(row => (int)batch.Prefix[row * 6]));
    }

    [Fact]
    public void A_held_out_file_leaves_all_the_text_to_learn_from()
    {
        var text = new TrainingText([Text], [new byte[30]], Options, SlotBytes);
        Assert.Equal((200L, 30L), (text.TrainingBytes, text.HeldOutBytes));
    }

    [Fact]
    public void Of_several_texts_the_end_of_each_is_held_out_and_no_window_lies_in_two()
    {
        // Bytes below 100 are the first text's, and three times as many windows lie in it.
        byte[] first = [.. Enumerable.Range(0, 300).Select(i => (byte)(i % 100))];
        byte[] second = [.. Enumerable.Range(100, 100).Select(i => (byte)i)];
        var text = new TrainingText([first, second], [], Options, SlotBytes);
        Assert.Equal((300L, 100L), (text.TrainingBytes, text.HeldOutBytes));
        var (inFirst, inSecond) = (0, 0);
        for (var step = 0; step < 400; step++)
        {
            var batch = text.Batch(Options, SlotBytes, step);
            for (var row = 0; row < batch.Rows; row++)
            {
                byte[] window = [.. batch.Prefix.AsSpan(batch.Prefix.Length / 5 * row, batch.Prefix.Length / 5),
                    .. batch.Stream.AsSpan(row * 8, 8), (byte)batch.Targets[row * 8 + 7]];
                _ = window.All(value => value < 100) ? inFirst++ : inSecond++;
                Assert.True(window.All(value => value < 100) || window.All(value => value is >= 100 and < 175));
            }
        }

        Assert.InRange(inFirst / (double)inSecond, 3, 4);
        var held = text.HeldOut(Options with { HeldOutWindows = 100 }, SlotBytes).SelectMany(batch => batch.Targets).ToArray();
        Assert.Contains(held, value => value < 100);
        Assert.Contains(held, value => value >= 180);
        Assert.DoesNotContain(held, value => value is >= 100 and < 175);
        Assert.Equal("held-out-share", Assert.Throws<BadInputException>(() =>
            new TrainingText([first, second[..50]], [], Options, SlotBytes)).Where);
    }

    [Fact]
    public void The_end_of_a_text_is_learned_where_that_is_asked_for_and_never_measured()
    {
        var options = Options with { EndOfText = true };
        var text = new TrainingText([Text, Text[..20]], [Text], options, SlotBytes);
        var batches = Enumerable.Range(0, 200).Select(step => text.Batch(options, SlotBytes, step)).ToArray();
        var ends = 0;
        foreach (var batch in batches)
        {
            for (var at = 0; at < batch.Targets.Length; at++)
            {
                if (batch.Targets[at] == AsymDecConfig.EosId)
                {
                    ends++;
                    Assert.Equal(7, at % 8);
                    Assert.Contains(batch.Stream[at], new byte[] { 199, 19 });
                }
                else
                {
                    Assert.Equal(batch.Stream[at] + 1, batch.Targets[at]);
                }
            }
        }

        Assert.InRange(ends, 1, 200);
        Assert.DoesNotContain(text.HeldOut(options, SlotBytes), batch => batch.Targets.Contains((short)AsymDecConfig.EosId));
        Assert.Equal("eos", Assert.Throws<BadInputException>(() => new TrainingText([Text], [], options, SlotBytes)).Where);
    }

    // Documents 1, 3 and 6 hold windows with a prefix of three slots, 2 and 5 those of fewer, 4 none at all.
    private static readonly byte[][] Documents = [Run(10, 60), Run(20, 12), Run(30, 40), Run(40, 8), Run(50, 9), Run(60, 50)];

    [Fact]
    public void Windows_lie_within_one_document_and_the_last_ones_are_held_out()
    {
        byte[] text = [.. Joined(Documents), 0xFF, 0xFE, 0xFF, 0xFE];
        var options = Options with { DocumentSeparator = "fffe", HeldOutWindows = 100 };
        var cut = new TrainingText([text], [], options, SlotBytes);
        Assert.Equal(new(5, 1, 2, 1), cut.Counts);
        Assert.Equal((129L, 50L), (cut.TrainingBytes, cut.HeldOutBytes));
        var seen = new HashSet<(int Document, int Slots)>();
        for (var step = 0; step < 300; step++)
        {
            var batch = cut.Batch(options, SlotBytes, step);
            foreach (var row in batch.Split(1))
            {
                var window = row.Prefix.Concat(row.Stream).Select(value => (short)value).Append(row.Targets[^1]).Distinct();
                seen.Add((Assert.Single(window), row.Prefix.Length / SlotBytes));
            }
        }

        // 12 bytes hold a slot and a stream of 9, 9 the stream alone, 8 not even that.
        (int, int)[] expected = [.. from document in (int[])[10, 30] from slots in (int[])[0, 1, 2, 3] select (document, slots),
            (20, 0), (20, 1), (50, 0)];
        Assert.Equal(expected.Order(), seen.Order());
        Assert.All(cut.HeldOut(options, SlotBytes).SelectMany(batch => batch.Targets), target => Assert.Equal(60, target));

        // Documents in two files are the same documents, held out of each.
        var two = new TrainingText([Joined(Documents[..3]), Joined(Documents[3..])], [], options, SlotBytes);
        Assert.Equal(new(4, 2, 0, 1), two.Counts);
    }

    [Fact]
    public void The_end_of_every_document_is_learned_and_those_held_out_are_enough_to_measure()
    {
        var options = Options with { DocumentSeparator = "fffe", EndOfText = true };
        var cut = new TrainingText([Joined(Documents)], [], options, SlotBytes);
        Assert.Equal(new(5, 1, 0, 0), cut.Counts);
        var ends = Enumerable.Range(0, 400).SelectMany(step => cut.Batch(options, SlotBytes, step).Split(1))
            .Where(row => row.Targets[^1] == AsymDecConfig.EosId).Select(row => row.Stream[^1]).ToHashSet();
        Assert.Equal((byte[])[10, 20, 30, 40, 50], ends.Order());
        Assert.DoesNotContain(cut.HeldOut(options, SlotBytes), batch => batch.Targets.Contains((short)AsymDecConfig.EosId));

        // A file that is one document has one end, and that is held out.
        Assert.Equal("eos", Assert.Throws<BadInputException>(() =>
            new TrainingText([Joined(Documents), Documents[0]], [], options, SlotBytes)).Where);
    }

    [Fact]
    public void What_has_no_documents_or_none_that_is_long_enough_is_refused_by_the_name_of_the_option()
    {
        Assert.Equal("document-separator", Refused([Documents[0]], []).Where);
        Assert.Equal("text", Refused([Joined([.. Enumerable.Repeat(Run(1, 14), 20)])], []).Where);
        Assert.Equal("held-out-share", Refused([Joined([Run(1, 60), Run(2, 60), Run(3, 14), Run(4, 14), Run(5, 14)])], []).Where);
        Assert.Equal("held-out", Refused([Joined(Documents)], [Run(1, 14)]).Where);
        Assert.DoesNotContain('\n', Refused([Joined(Documents)], [Run(1, 14)]).Message);
        foreach (var hex in (string[])["", "f", "0x"])
        {
            var bad = Options with { DocumentSeparator = hex };
            Assert.Equal("document-separator", Assert.Throws<BadInputException>(bad.Validate).Where);
        }

        static BadInputException Refused(byte[][] texts, byte[][] heldOut) => Assert.Throws<BadInputException>(() =>
            new TrainingText(texts, heldOut, Options with { DocumentSeparator = "fffe" }, SlotBytes));
    }

    private static byte[] Run(byte value, int length) => [.. Enumerable.Repeat(value, length)];

    private static byte[] Joined(byte[][] documents) => [.. documents.SelectMany((document, i) =>
        i == 0 ? document : [0xFF, 0xFE, .. document])];

    [Fact]
    public void A_batch_comes_apart_into_the_same_rows()
    {
        var batch = new TrainingText([Text], [], Options, SlotBytes).Batch(Options, SlotBytes, 3);
        var parts = batch.Split(2);
        Assert.Equal([2, 2, 1], parts.Select(part => part.Rows));
        Assert.Equal(batch.Prefix, parts.SelectMany(part => part.Prefix));
        Assert.Equal(batch.Stream, parts.SelectMany(part => part.Stream));
        Assert.Equal(batch.Targets, parts.SelectMany(part => part.Targets));
        Assert.Same(batch, Assert.Single(batch.Split(5)));
    }

    [Theory]
    [InlineData(14, null, "text")]
    [InlineData(40, null, "held-out-share")]
    [InlineData(40, 14, "held-out")]
    public void Too_little_text_is_refused_by_the_name_of_the_option(int length, int? heldOut, string where)
    {
        var exception = Assert.Throws<BadInputException>(() =>
            new TrainingText([new byte[length]], heldOut is { } bytes ? [new byte[bytes]] : [], Options, SlotBytes));
        Assert.Equal(where, exception.Where);
    }

    [Fact]
    public void Numbers_are_those_of_SplitMix64()
    {
        // The first outputs of Vigna's reference implementation for seed 0: the finalizer of 0 and of one golden ratio.
        Assert.Equal(0xE220A8397B1DCDAFUL, Mix(0));
        Assert.Equal(0x6E789E6AA1B965F4UL, Mix(0x9E3779B97F4A7C15));
        Assert.Equal(Mix(Mix(Mix(5) ^ 6) ^ 7), CounterRandom.Bits(5, 6, 7));

        // As the definition has it, once more.
        static ulong Mix(ulong state)
        {
            var z = state + 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}
