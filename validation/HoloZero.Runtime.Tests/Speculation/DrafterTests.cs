using System.Text;
using FsCheck;
using FsCheck.Fluent;
using HoloZero.Artifacts;

namespace HoloZero.Runtime.Tests.Speculation;

public sealed class DrafterTests
{
    private static readonly string Sha256 = new('0', 64);

    [Fact]
    public void The_longest_match_is_found()
    {
        var bytes = Gen.Elements("aab\n"u8.ToArray()).ArrayOf().Where(run => run.Length > 0).ToArbitrary();
        Prop.ForAll(bytes, run =>
        {
            var history = new DraftHistory();
            history.Append(run);
            var (following, length) = history.LongestEarlier();
            var (expectedAt, expected) = BruteForce(run);
            return length == expected && (expected == 0 || following.Span.SequenceEqual(run.AsSpan(expectedAt)));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithEndSize(80));
    }

    [Fact]
    public void History_reaches_so_far_and_gives_back_what_was_appended_for_a_try()
    {
        var all = Enumerable.Range(0, 5 * DraftHistory.Reach + 17).Select(i => (byte)(i * 7 + i / 251)).ToArray();
        var history = new DraftHistory();
        for (var at = 0; at < all.Length; at += 3)
        {
            history.Append(all.AsSpan(at, Math.Min(3, all.Length - at)));
            history.Append([1, 2]);
            history.RemoveLast(2);
        }

        Assert.Equal(all[^1000..], history.Bytes[^1000..].ToArray());
        history.Append(all);
        Assert.Equal(all[^DraftHistory.Reach..], history.Bytes.ToArray());
    }

    [Fact]
    public void Text_that_repeats_itself_is_guessed_right_beyond_its_own_end()
    {
        var history = new DraftHistory();
        history.Append("xyzabcabcabc"u8);
        Assert.Equal("abc", Encoding.ASCII.GetString(Stepped(null).Propose(history)));
        Assert.Equal("xyzabcabcabc", Encoding.ASCII.GetString(history.Bytes));
    }

    [Fact]
    public void A_table_guesses_where_nothing_repeats()
    {
        var table = new DraftTable(Sha256, [new("q"u8.ToArray(), (byte)'u', 250), new("qu"u8.ToArray(), (byte)'e', 200)]);
        var history = new DraftHistory();
        history.Append("... q"u8);
        Assert.Equal("ue", Encoding.ASCII.GetString(Stepped(table).Propose(history)));
        Assert.Equal("", Encoding.ASCII.GetString(Stepped(null).Propose(history)));
    }

    /// <summary>
    /// Calls whose times are given: where checks cost more than they are worth there are few, and it is known again when not.
    /// </summary>
    [Fact]
    public void Guesses_are_checked_where_that_pays()
    {
        var (history, drafter) = (new DraftHistory(), new Drafter(4, null));
        history.Append("abcdefgh abcdefgh abcdefgh"u8);
        Assert.True(ChecksOf(1000, step: 100, check: 500) < 20);
        Assert.True(ChecksOf(2000, step: 100, check: 150) > 1300);

        int ChecksOf(int calls, long step, long check)
        {
            var checks = 0;
            for (var i = 0; i < calls; i++)
            {
                if (drafter.Propose(history).IsEmpty)
                {
                    drafter.Stepped((byte)' ', step);
                    continue;
                }

                checks++;
                drafter.Checked(3, ended: false, check);
            }

            return checks;
        }
    }

    [Fact]
    public void Guesses_that_are_wrong_end_of_themselves()
    {
        var (history, drafter) = (new DraftHistory(), new Drafter(4, null));
        history.Append("abcdefgh abcdefgh abcdefgh"u8);
        var checks = 0;
        for (var i = 0; i < 3000; i++)
        {
            if (drafter.Propose(history).IsEmpty)
            {
                drafter.Stepped((byte)'?', 100);
                continue;
            }

            checks++;
            drafter.Checked(0, ended: false, 150);
        }

        Assert.InRange(checks, 1, 150);
    }

    /// <summary>One that knows what steps take, and therefore tries a check.</summary>
    private static Drafter Stepped(DraftTable? table)
    {
        var drafter = new Drafter(4, table);
        for (var i = 0; i < 4; i++) drafter.Stepped(null, 100);
        return drafter;
    }

    private static (int At, int Length) BruteForce(byte[] run)
    {
        var best = (At: 0, Length: 0);
        for (var at = 1; at < run.Length; at++)
        {
            var length = 0;
            while (length < DraftHistory.LongestMatch && at - length > 0 && run[at - length - 1] == run[^(length + 1)]) length++;
            if (length >= DraftHistory.ShortestMatch && length >= best.Length) best = (at, length);
        }

        return best;
    }
}
