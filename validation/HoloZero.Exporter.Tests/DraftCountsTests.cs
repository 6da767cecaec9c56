using System.Text;
using HoloZero.Artifacts;

namespace HoloZero.Exporter.Tests;

public sealed class DraftCountsTests
{
    private static readonly string Sha256 = new('a', 64);

    [Fact]
    public void The_most_frequent_follower_is_guessed_with_its_share()
    {
        // After "q" comes "u" three times of four, after "xq" always "z".
        var table = DraftCounts.Of(Encoding.ASCII.GetBytes("qu qu xqz qu xqz qu qu qu"), Sha256);
        Assert.Equal(new DraftGuess((byte)'u', 255 * 6 / 8), table.Find("q"u8));
        Assert.Equal(new DraftGuess((byte)'z', 255), table.Find("xq"u8));
        Assert.Equal(Sha256, table.CheckpointSha256);
    }

    [Fact]
    public void What_a_shorter_context_says_already_is_not_repeated()
    {
        var table = DraftCounts.Of(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("ab", 50))), Sha256);
        Assert.Equal(2, table.Count);
    }

    [Fact]
    public void A_large_text_keeps_what_tells_most()
    {
        var random = new Random(3);
        var text = new byte[600_000];
        for (var i = 0; i < text.Length; i++) text[i] = (byte)random.Next(i % 2 == 0 ? 64 : 4);
        "needle in hay"u8.CopyTo(text);
        for (var i = 0; i + 20 < text.Length; i += 100) "needle in hay"u8.CopyTo(text.AsSpan(i));
        var table = DraftCounts.Of(text, Sha256);
        Assert.InRange(table.Count, 1, DraftCounts.MostEntries);
        Assert.Equal((byte)'l', table.Find("need"u8)!.Value.Next);
    }

    [Theory]
    [InlineData("")]
    [InlineData("abc")]
    public void A_text_that_repeats_nothing_is_refused(string text) => Assert.Contains("repeat nothing",
        Assert.Throws<BadInputException>(() => DraftCounts.Of(Encoding.ASCII.GetBytes(text), Sha256)).Message, StringComparison.Ordinal);
}
