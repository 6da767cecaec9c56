using HoloZero.Artifacts;

namespace HoloZero.Runtime.Tests;

public class ContextWindowTests
{
    [Fact]
    public void A_byte_allocates_nothing()
    {
        var window = new ContextWindow(8, new() { StreamBytes = 64, MaxPrefixSlots = 4 }, new byte[100]);
        var repacked = 0;
        window.Append(1);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            if (window.Append((byte)i)) repacked++;
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(repacked > 20);
    }

    [Fact]
    public void It_agrees_with_the_specification_after_every_byte()
    {
        var random = new Random(123);
        for (var round = 0; round < 1_500; round++)
        {
            var k = random.Next(1, 10);
            var (streamBytes, maxPrefixSlots) = (random.Next(k, 5 * k + 8), random.Next(4) * random.Next(8));
            var options = new ContextWindowOptions
            {
                StreamBytes = streamBytes,
                MaxPrefixSlots = maxPrefixSlots,
                KeptStreamBytes = random.Next(3) == 0 ? null : random.Next(1, streamBytes + 1),
            };
            var prompt = RandomBytes(random, random.Next(4) == 0 ? random.Next(3) : random.Next(120));
            var origin = random.Next(3) == 0 ? 1 : 0;
            int? requested = random.Next(2) == 0 ? null
                : random.Next(Math.Min((Math.Max(1, prompt.Length) - 1 + origin) / k, options.MaxPrefixSlots) + 1);
            var appended = new List<byte>();
            var window = new ContextWindow(k, options, prompt, requested, hasOrigin: origin == 1);
            Assert.Equal(origin, window.OriginBytes);
            for (var step = 0; step < 60; step++)
            {
                var (prefix, stream, repacked) = Specification(k, options, prompt, requested, appended, origin);
                var where = $"round {round}, step {step}: K {k}, {options}, prompt of {prompt.Length}, N {requested}, origin {origin}";
                Assert.True(prefix.SequenceEqual(window.Prefix.ToArray()), where);
                Assert.True(stream.SequenceEqual(window.Stream.ToArray()), where);
                Assert.Equal(prefix.Length, window.PrefixSlots * k);
                Assert.InRange(stream.Length, 1, options.StreamBytes);
                Assert.InRange(window.PrefixSlots, 0, options.MaxPrefixSlots);
                Assert.Equal(Math.Max(1, prompt.Length) + appended.Count, window.ForgottenBytes + prefix.Length + stream.Length - origin);

                var value = (byte)random.Next(256);
                appended.Add(value);
                if (random.Next(3) == 0) window = CloneAndSpoil(window);
                repacked = Specification(k, options, prompt, requested, appended, origin).Repacked;
                Assert.True(window.Append(value) == repacked, where);
            }
        }
    }

    [Fact]
    public void Many_bytes_atOnce_end_where_single_ones_do()
    {
        var random = new Random(5);
        var options = new ContextWindowOptions { StreamBytes = 20, MaxPrefixSlots = 3 };
        var (atOnce, singly) = (new ContextWindow(4, options, [1]), new ContextWindow(4, options, [1]));
        for (var i = 0; i < 200; i++)
        {
            var bytes = RandomBytes(random, random.Next(30));
            var repacked = false;
            foreach (var value in bytes) repacked |= singly.Append(value);
            Assert.Equal(repacked, atOnce.Append(bytes));
            Assert.Equal(singly.Prefix.ToArray(), atOnce.Prefix.ToArray());
            Assert.Equal(singly.Stream.ToArray(), atOnce.Stream.ToArray());
        }
    }

    [Fact]
    public void A_full_stream_is_repacked_down_to_what_is_kept()
    {
        var window = new ContextWindow(8, new(), Bytes(0, 100));
        Assert.Equal((12, 4), (window.PrefixSlots, window.Stream.Length));
        Assert.False(window.Append(Bytes(100, 252)));
        Assert.Equal((12, 256), (window.PrefixSlots, window.Stream.Length));

        // 257 bytes, at least 32 stay: 28 groups of 8 move.
        Assert.True(window.Append(1));
        Assert.Equal((40, 33), (window.PrefixSlots, window.Stream.Length));
        Assert.Equal(Bytes(0, 320), window.Prefix.ToArray());

        // Every 224 bytes from now on; after the second time 12 + 2 * 28 slots are 4 beyond 64.
        Assert.False(window.Append(new byte[223]));
        Assert.Equal((40, 0), (window.PrefixSlots, window.ForgottenBytes));
        Assert.True(window.Append(1));
        Assert.Equal((64, 4 * 8), (window.PrefixSlots, window.ForgottenBytes));
        Assert.Equal(Bytes(32, 8), window.Prefix[..8].ToArray());
    }

    [Fact]
    public void Half_a_window_is_kept_where_that_is_asked_for()
    {
        var window = new ContextWindow(8, new() { KeptStreamBytes = 128 }, Bytes(0, 100));
        Assert.False(window.Append(Bytes(100, 252)));
        Assert.True(window.Append(1));
        Assert.Equal((28, 129), (window.PrefixSlots, window.Stream.Length));
    }

    [Fact]
    public void The_oldest_slots_of_a_long_prompt_are_forgotten()
    {
        var window = new ContextWindow(2, new() { StreamBytes = 8, MaxPrefixSlots = 3 }, Bytes(0, 20));
        Assert.Equal(Bytes(12, 6), window.Prefix.ToArray());
        Assert.Equal(Bytes(18, 2), window.Stream.ToArray());
        Assert.Equal(12, window.ForgottenBytes);
    }

    [Fact]
    public void A_prompt_with_few_slots_requested_is_repacked_atOnce()
    {
        var window = new ContextWindow(2, new() { StreamBytes = 8, MaxPrefixSlots = 3 }, Bytes(0, 20), prefixSlots: 1);
        Assert.Equal(Bytes(10, 6), window.Prefix.ToArray());
        Assert.Equal(Bytes(16, 4), window.Stream.ToArray());
    }

    [Fact]
    public void Without_prefix_slots_the_prompt_is_stream()
    {
        var options = new ContextWindowOptions { StreamBytes = 20, MaxPrefixSlots = 0 };
        Assert.Equal(Bytes(0, 20), new ContextWindow(4, options, Bytes(0, 20)).Stream.ToArray());
        var window = new ContextWindow(4, options, Bytes(0, 21));
        Assert.Equal(Bytes(8, 13), window.Stream.ToArray());
        Assert.True(window.Prefix.IsEmpty);
    }

    [Fact]
    public void An_empty_prompt_is_one_zero_byte()
    {
        var window = new ContextWindow(8, new(), []);
        Assert.True(window.Prefix.IsEmpty);
        Assert.Equal([0], window.Stream.ToArray());
    }

    [Fact]
    public void A_window_of_one_slot_width_still_moves()
    {
        var window = new ContextWindow(8, new() { StreamBytes = 8, MaxPrefixSlots = 1 }, Bytes(0, 8));
        Assert.True(window.Append(8));
        Assert.Equal(Bytes(0, 8), window.Prefix.ToArray());
        Assert.Equal([8], window.Stream.ToArray());
    }

    [Fact]
    public void Memory_is_flat_however_long_the_history()
    {
        var window = new ContextWindow(8, new(), Bytes(0, 50));
        window.Append(new byte[1000]);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000_000; i++) window.Append((byte)i);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(999_999 % 256, window.Stream[^1]);
        Assert.Equal(1_001_050, window.ForgottenBytes + window.Prefix.Length + window.Stream.Length);
    }

    [Fact]
    public void What_cannot_be_meant_is_refused()
    {
        Refused("stream-bytes: is 7, less than the 8", () => new ContextWindow(8, new() { StreamBytes = 7 }, [1]));
        Refused("stream-bytes: is 0", () => new ContextWindow(8, new() { StreamBytes = 0 }, [1]));
        Refused("stream-bytes: is 65537", () => new ContextWindow(8, new() { StreamBytes = 65_537 }, [1]));
        Refused("kept-stream-bytes: is 0, allowed are 1 to 256", () => new ContextWindow(8, new() { KeptStreamBytes = 0 }, [1]));
        Refused("kept-stream-bytes: is 9, allowed are 1 to 8",
            () => new ContextWindow(8, new() { StreamBytes = 8, KeptStreamBytes = 9 }, [1]));
        Refused("max-prefix-slots: is -1", () => new ContextWindow(8, new() { MaxPrefixSlots = -1 }, [1]));
        Refused("max-prefix-slots: is 4097", () => new ContextWindow(8, new() { MaxPrefixSlots = 4097 }, [1]));
        Refused("prefix-slots: is 3, allowed are 0 to 2", () => new ContextWindow(8, new(), new byte[24], 3));
        Refused("prefix-slots: is 2, but at most 1", () => new ContextWindow(8, new() { MaxPrefixSlots = 1 }, new byte[24], 2));
        Refused("prefix-slots: is 1, allowed are 0 to 0", () => new ContextWindow(8, new(), [], 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ContextWindow(0, new(), [1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ContextWindowOptions().Validate(0));
        Assert.Throws<ArgumentNullException>(() => new ContextWindow(8, null!, [1]));
        Refused("use at least 8, better 32", () => new ContextWindow(8, new() { StreamBytes = 7 }, [1]));

        static void Refused(string cause, Func<object> make) => Assert.Contains(cause, Assert.Throws<BadInputException>(make).Message);
    }

    [Fact]
    public void The_largest_window_is_allowed()
    {
        ContextWindowOptions largest = new() { StreamBytes = 65_536, MaxPrefixSlots = 4_096, KeptStreamBytes = 65_536 };
        largest.Validate(slotBytes: 1);
        Assert.Equal(69_632, largest.MaxPositions);
    }

    [Theory]
    [InlineData(null, null, null, 100, 5, 20)]
    [InlineData(50, null, null, 50, 5, null)]
    [InlineData(null, 7, null, 100, 7, 20)]
    [InlineData(null, null, 9, 100, 5, 9)]
    [InlineData(50, 7, 9, 50, 7, 9)]
    public void What_is_given_replaces_what_was(int? streamBytes, int? slots, int? kept, int expectedBytes,
        int expectedSlots, int? expectedKept) =>
        Assert.Equal(new() { StreamBytes = expectedBytes, MaxPrefixSlots = expectedSlots, KeptStreamBytes = expectedKept },
            new ContextWindowOptions { StreamBytes = 100, MaxPrefixSlots = 5, KeptStreamBytes = 20 }.With(streamBytes, slots, kept));

    /// <summary>
    /// The rule in its plainest form, replayed from the first byte: slots and stream are lists, and groups move one by one.
    /// </summary>
    private static (byte[] Prefix, byte[] Stream, bool Repacked) Specification(
        int k, ContextWindowOptions options, byte[] prompt, int? requested, IEnumerable<byte> appended, int origin = 0)
    {
        if (prompt.Length == 0) prompt = [0];
        var slotCount = requested ?? (options.MaxPrefixSlots == 0 ? 0 : (prompt.Length - 1) / k);
        var slots = prompt[..(slotCount * k)].Chunk(k).ToList();
        var stream = prompt[(slotCount * k)..].ToList();
        var repacked = Repack();
        foreach (var value in appended)
        {
            stream.Add(value);
            repacked = Repack();
        }

        return ([.. slots.SelectMany(slot => slot)], [.. new byte[origin], .. stream], repacked);

        bool Repack()
        {
            var room = options.StreamBytes - origin;
            var overfull = stream.Count > room;
            var kept = Math.Min(room, options.KeptStreamBytes ?? Math.Max(1, Math.Min(32, options.StreamBytes / 2)));
            while (overfull && (stream.Count > room || stream.Count - k >= kept))
            {
                slots.Add([.. stream.Take(k)]);
                stream.RemoveRange(0, k);
            }

            while (slots.Count > options.MaxPrefixSlots) slots.RemoveAt(0);
            return overfull;
        }
    }

    private static ContextWindow CloneAndSpoil(ContextWindow window)
    {
        var clone = window.Clone();
        window.Append(new byte[50]);
        return clone;
    }

    private static byte[] Bytes(int first, int count) => [.. Enumerable.Range(first, count).Select(i => (byte)i)];

    private static byte[] RandomBytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
