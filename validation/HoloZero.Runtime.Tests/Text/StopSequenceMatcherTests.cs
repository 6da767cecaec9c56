using System.Buffers;
using System.Text;
using HoloZero.Artifacts;

namespace HoloZero.Runtime.Tests;

public class StopSequenceMatcherTests
{
    [Fact]
    public void A_byte_allocates_nothing()
    {
        var matcher = new StopSequenceMatcher(StopSequences.FromText(["abababx", "bay", "never"]));
        var released = new ArrayBufferWriter<byte>(4_096);
        for (var i = 0; i < 100; i++) matcher.Append((byte)('a' + i % 2), released);
        released.ResetWrittenCount();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++) matcher.Append((byte)('a' + i % 7 % 2), released);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.InRange(released.WrittenCount, 900, 1_100);
    }

    [Theory]
    [InlineData("xaby", "ab", "x", 0)]
    [InlineData("xabcy", "abc,ab", "x", 1)] // "ab" completes before "abc" can
    [InlineData("xaby", "b,ab", "x", 1)] // both complete with b: the longest wins
    [InlineData("abc", "abcd,bc", "a", 1)] // completes inside of another's beginning
    [InlineData("aaab", "aab", "a", 0)]
    [InlineData("xab", "ab,ab", "x", 0)] // equal ones: the first in the list
    [InlineData("a", "a", "", 0)]
    [InlineData("xyz", "ab", "xyz", null)]
    [InlineData("xya", "ab", "xya", null)] // withheld, then flushed
    [InlineData("abacababac", "ababab,babb", "abacababac", null)]
    [InlineData("xyz", "", "xyz", null)]
    [InlineData("", "ab", "", null)]
    public void The_sequence_that_completes_first_ends_the_output(string input, string stops, string output, int? index)
    {
        var sequences = StopSequences.FromText(stops.Split(',', StringSplitOptions.RemoveEmptyEntries));
        var matcher = new StopSequenceMatcher(sequences);
        var released = new ArrayBufferWriter<byte>();
        Assert.Equal(index is not null, matcher.Append(Encoding.UTF8.GetBytes(input), released, out _));
        matcher.Flush(released);
        Assert.Equal(output, Encoding.UTF8.GetString(released.WrittenSpan));
        Assert.Equal(index, matcher.MatchedIndex);
    }

    [Fact]
    public void Stop_bytes_are_released_if_wanted_and_bytes_after_them_are_not_consumed()
    {
        var matcher = new StopSequenceMatcher(StopSequences.FromText(["bc"], includeInOutput: true));
        var released = new ArrayBufferWriter<byte>();
        Assert.True(matcher.Append("abcd"u8, released, out var consumed));
        Assert.Equal(3, consumed);
        Assert.Equal("abc"u8.ToArray(), released.WrittenSpan.ToArray());
        Assert.Equal(0, matcher.WithheldCount);
    }

    [Fact]
    public void Any_byte_can_be_part_of_a_stop_sequence()
    {
        var matcher = new StopSequenceMatcher(new([new byte[] { 0, 255, 0xC3 }]));
        var released = new ArrayBufferWriter<byte>();
        Assert.True(matcher.Append([7, 0, 0, 255, 0xC3], released, out _));
        Assert.Equal([7, 0], released.WrittenSpan.ToArray());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void It_agrees_with_a_search_through_the_whole_for_any_steps(bool include)
    {
        var random = new Random(77);
        for (var round = 0; round < 20_000; round++)
        {
            var stops = Enumerable.Range(0, random.Next(5)).Select(_ => Letters(random, random.Next(1, round % 2 == 0 ? 5 : 13))).ToArray();
            var sequences = new StopSequences(stops.Select(s => (ReadOnlyMemory<byte>)s), include);
            byte[] input = [.. Enumerable.Range(0, random.Next(8)).SelectMany(_ => Piece(random, stops))];
            var (expected, expectedIndex, expectedConsumed) = Search(input, stops, include);

            var matcher = new StopSequenceMatcher(sequences);
            var released = new ArrayBufferWriter<byte>();
            var (taken, stopped) = (0, false);
            while (taken < input.Length && !stopped)
            {
                var chunk = input.AsSpan(taken, random.Next(0, Math.Min(5, input.Length - taken) + 1));
                stopped = matcher.Append(chunk, released, out var consumed);
                taken += consumed;
                if (stopped) break;

                var withheld = matcher.Withheld.ToArray();
                Assert.Equal(WithheldAtLeast(input[..taken], stops), withheld.Length);
                Assert.Equal(withheld.Length, matcher.WithheldCount);
                Assert.Equal(input[..taken], (byte[])[.. released.WrittenSpan, .. withheld]);
                if (random.Next(4) == 0)
                {
                    var original = matcher;
                    matcher = matcher.Clone();
                    original.Append("abab"u8, new ArrayBufferWriter<byte>(), out _);
                }
            }

            Assert.Equal(expectedConsumed, taken);
            Assert.Equal(expectedIndex, matcher.MatchedIndex);
            Assert.Equal(expectedIndex is not null, stopped);
            matcher.Flush(released);
            Assert.Equal(expected, released.WrittenSpan.ToArray());
        }
    }

    [Fact]
    public void After_the_end_nothing_is_taken()
    {
        var released = new ArrayBufferWriter<byte>();
        var matched = new StopSequenceMatcher(StopSequences.FromText(["a"]));
        matched.Append((byte)'a', released);
        Assert.Throws<InvalidOperationException>(() => matched.Append((byte)'b', released));

        var flushed = new StopSequenceMatcher(StopSequences.FromText(["ab"]));
        flushed.Append((byte)'a', released);
        flushed.Flush(released);
        flushed.Flush(released);
        Assert.True(flushed.IsFlushed);
        Assert.Equal("a"u8.ToArray(), released.WrittenSpan.ToArray());
        Assert.Throws<InvalidOperationException>(() => flushed.Append((byte)'b', released));
        Assert.Throws<InvalidOperationException>(() => flushed.Clone().Append("b"u8, released, out _));
        Assert.Throws<InvalidOperationException>(() => matched.Append([], released, out _));
    }

    [Fact]
    public void Null_is_a_programming_error_wherever_it_is_given()
    {
        var matcher = new StopSequenceMatcher(StopSequences.FromText(["ab"]));
        Assert.Throws<ArgumentNullException>(() => new StopSequenceMatcher(null!));
        Assert.Throws<ArgumentNullException>(() => new StopSequences(null!));
        Assert.Throws<ArgumentNullException>(() => StopSequences.FromText(null!));
        Assert.Throws<ArgumentNullException>(() => matcher.Flush(null!));
        // Refused before it is taken.
        Assert.Throws<ArgumentNullException>(() => matcher.Append((byte)'a', null!));
        Assert.Equal(0, matcher.WithheldCount);
    }

    [Fact]
    public void Sequences_that_cannot_be_meant_are_refused()
    {
        Refused("stop sequence 2 has 0 bytes", () => StopSequences.FromText(["a", ""]));
        Refused("stop sequence 1 has 1025 bytes", () => StopSequences.FromText([new string('a', 1025)]));
        Refused("more than 64", () => StopSequences.FromText(Enumerable.Repeat("a", 65)));
        Refused("surrogate pair at character 1", () => StopSequences.FromText(["a\uD800"]));
        Assert.Equal(64, StopSequences.FromText(Enumerable.Repeat(new string('a', 1024), 64)).Count);
        Assert.Equal("é\n"u8.ToArray(), StopSequences.FromText(["é\n"])[0].ToArray());

        static void Refused(string cause, Func<object> make) => Assert.Contains(cause, Assert.Throws<BadInputException>(make).Message);
    }

    private static (byte[] Output, int? Index, int Consumed) Search(byte[] input, byte[][] stops, bool include)
    {
        for (var end = 1; end <= input.Length; end++)
        {
            var completed = Enumerable.Range(0, stops.Length).Where(i => input.AsSpan(0, end).EndsWith(stops[i]))
                .OrderByDescending(i => stops[i].Length).ThenBy(i => i).ToArray();
            if (completed.Length > 0) return (input[..(include ? end : end - stops[completed[0]].Length)], completed[0], end);
        }

        return (input, null, input.Length);
    }

    private static int WithheldAtLeast(byte[] input, byte[][] stops) =>
        Enumerable.Range(0, input.Length + 1).Last(length => length == 0
            || stops.Any(s => length < s.Length && s.AsSpan(0, length).SequenceEqual(input.AsSpan(input.Length - length))));

    // Almost a stop sequence, so that long ones are met too, and met again from their middle.
    private static byte[] Piece(Random random, byte[][] stops)
    {
        if (stops.Length == 0 || random.Next(3) == 0) return Letters(random, random.Next(6));
        var stop = stops[random.Next(stops.Length)];
        return [.. stop[random.Next(stop.Length)..], .. Letters(random, random.Next(2)), .. stop[..random.Next(stop.Length + 1)]];
    }

    private static byte[] Letters(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (byte)"ab"[random.Next(2)])];
}
