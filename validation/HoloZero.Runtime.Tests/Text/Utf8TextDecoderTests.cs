using System.Text;

namespace HoloZero.Runtime.Tests;

public class Utf8TextDecoderTests
{
    public static TheoryData<byte[]> Interesting => new((byte[][])
    [
        Encoding.UTF8.GetBytes("héllo 한국어 😀👩‍👩‍👧 ﬁn"),
        [],
        [0xEF, 0xBB, 0xBF, 0x41], // byte order mark
        [0x41, 0xF0, 0x9F, 0x98], // truncated at the end
        [0xF0, 0x9F, 0x98, 0x41], // truncated before ASCII
        [0xF0, 0x9F, 0xF0, 0x9F, 0x98, 0x80], // truncated before another character
        [0xC0, 0xAF, 0xE0, 0x80, 0xAF, 0xF0, 0x80, 0x80, 0xAF], // overlong
        [0xED, 0xA0, 0x80, 0xED, 0xB0, 0x80], // surrogates
        [0xF4, 0x90, 0x80, 0x80, 0xF5, 0x80, 0xFF, 0xFE], // beyond U+10FFFF, and no lead bytes
        [0x80, 0xBF, 0x41, 0xC3], // stray continuation bytes
        [0xE1, 0x80, 0xE2, 0xF0, 0x91, 0x92, 0xF1, 0xBF, 0x41], // Unicode standard, table 3-11
        [0xEF, 0xBF, 0xBD, 0xF4, 0x8F, 0xBF, 0xBF],
    ]);

    [Theory]
    [MemberData(nameof(Interesting))]
    public void Every_split_joins_to_the_whole(byte[] bytes)
    {
        var expected = Encoding.UTF8.GetString(bytes);
        for (var i = 0; i <= bytes.Length; i++)
        {
            for (var j = i; j <= bytes.Length; j++) AssertJoins(expected, bytes[..i], bytes[i..j], bytes[j..]);
        }

        AssertJoins(expected, [.. bytes.Select(b => new[] { b })]);
    }

    [Fact]
    public void Random_bytes_in_random_chunks_join_to_the_whole()
    {
        var random = new Random(31);
        byte[] pieces = [0x00, 0x41, 0x80, 0x9F, 0xA0, 0xBF, 0xC2, 0xE0, 0xE1, 0xED, 0xF0, 0xF1, 0xF4, 0xFF];
        for (var round = 0; round < 5_000; round++)
        {
            var bytes = Enumerable.Range(0, random.Next(30))
                .Select(_ => random.Next(3) == 0 ? (byte)random.Next(256) : pieces[random.Next(pieces.Length)]).ToArray();
            var chunks = new List<byte[]>();
            for (var taken = 0; taken < bytes.Length;)
            {
                chunks.Add(bytes[taken..Math.Min(bytes.Length, taken + random.Next(6))]);
                taken += chunks[^1].Length;
            }

            AssertJoins(Encoding.UTF8.GetString(bytes), [.. chunks]);
        }
    }

    [Fact]
    public void Characters_come_as_soon_as_they_are_complete()
    {
        var decoder = new Utf8TextDecoder();
        Assert.Equal("a", decoder.Append([0x61, 0xF0, 0x9F]));
        Assert.Equal("", decoder.Append([0x98]));
        Assert.Equal("😀", decoder.Append([0x80]));
        Assert.Equal("", decoder.Flush());
    }

    [Fact]
    public void After_a_flush_another_stream_begins()
    {
        var decoder = new Utf8TextDecoder();
        Assert.Equal("", decoder.Append([0xC3]));
        Assert.Equal("\uFFFD", decoder.Flush());
        Assert.Equal("\uFFFD", decoder.Append([0xA9]));
    }

    [Fact]
    public void Large_chunks_are_taken_whole()
    {
        var text = string.Concat(Enumerable.Repeat("a한😀", 10_000));
        var bytes = Encoding.UTF8.GetBytes(text);
        AssertJoins(text, bytes[..12_347], bytes[12_347..]);
    }

    private static void AssertJoins(string expected, params byte[][] chunks)
    {
        var decoder = new Utf8TextDecoder();
        var text = new StringBuilder();
        foreach (var chunk in chunks)
        {
            var piece = decoder.Append(chunk);
            Assert.False(piece.Length > 0 && (char.IsLowSurrogate(piece[0]) || char.IsHighSurrogate(piece[^1])), "a character was split");
            text.Append(piece);
        }

        Assert.Equal(expected, text.Append(decoder.Flush()).ToString());
    }
}
