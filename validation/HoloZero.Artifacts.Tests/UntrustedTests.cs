namespace HoloZero.Artifacts.Tests;

/// <summary>Where text that somebody else wrote is cut, to the character.</summary>
public sealed class UntrustedTests
{
    [Fact]
    public void A_quoted_name_ends_after_120_characters()
    {
        Assert.Equal($"'{new string('x', 120)}'", Untrusted.Quote(new('x', 120)));
        Assert.Equal($"'{new string('x', 120)}...'", Untrusted.Quote(new('x', 121)));
        Assert.True(Untrusted.IsPlainName(new('x', 120)));
        Assert.False(Untrusted.IsPlainName(new('x', 121)));
        Assert.False(Untrusted.IsPlainName(""));
        Assert.False(Untrusted.IsPlainName("a\n"));
    }

    [Fact]
    public void Of_many_names_the_first_five_are_told_and_how_many_follow()
    {
        Assert.Equal("'a', 'b', 'c', 'd', 'e'", Untrusted.QuoteFew(["a", "b", "c", "d", "e"]));
        Assert.Equal("'a', 'b', 'c', 'd', 'e' and 2 more", Untrusted.QuoteFew(["a", "b", "c", "d", "e", "f", "g"]));
        Assert.Equal("'a'", Untrusted.QuoteFew(["a"]));
    }

    [Fact]
    public void Another_library_s_words_end_after_200_and_a_message_after_4_000()
    {
        Assert.Equal(new string('x', 200), Untrusted.Cut(new('x', 200)));
        Assert.Equal(new string('x', 200) + "...", Untrusted.Cut(new('x', 201)));
        Assert.Equal(new string('x', 4_000), Untrusted.OneLine(new('x', 4_000)));
        Assert.Equal(new string('x', 4_001), Untrusted.OneLine(new('x', 4_001)));
        Assert.Equal(new string('x', 4_001) + "...", Untrusted.OneLine(new('x', 5_000)));
    }
}
