using System.Buffers.Binary;

namespace HoloZero.Fuzz.Mutation;

/// <summary>Damage that knows no format: bits, bytes, numbers, pieces cut, moved and repeated, and words that readers look for.</summary>
/// <param name="words">The words.</param>
internal sealed class ByteMutator(IReadOnlyList<byte[]> words)
{
    private static readonly long[] Numbers =
    [
        0, 1, -1, 2, 7, 16, 63, 64, 65, 127, 128, 255, 256, 4096, short.MaxValue, short.MinValue, ushort.MaxValue, 1 << 16, int.MaxValue,
        int.MinValue, uint.MaxValue, 1L << 32, 1L << 40, long.MaxValue, long.MinValue, long.MaxValue - 7,
    ];

    /// <inheritdoc cref="Mutator"/>
    public byte[] Mutate(Random random, byte[] input, byte[] other)
    {
        var bytes = new List<byte>(input);
        var at = random.Next(bytes.Count + 1);
        switch (random.Next(10))
        {
            case 0 when at < bytes.Count: bytes[at] ^= (byte)(1 << random.Next(8)); break;
            case 1 when at < bytes.Count: bytes[at] = (byte)random.Next(256); break;
            case 2 when at < bytes.Count: bytes[at] = (byte)(random.Next(2) * 255); break;
            case 3: Overwrite(bytes, at, Number(random)); break;
            case 4: bytes.RemoveRange(at, random.Next(Math.Min(bytes.Count - at, 256) + 1)); break;
            case 5: bytes.RemoveRange(at, bytes.Count - at); break;
            case 6: bytes.InsertRange(at, Enumerable.Repeat((byte)random.Next(256), random.Next(64))); break;
            case 7: bytes.InsertRange(at, Piece(random, random.Next(2) == 0 ? input : other)); break;
            case 8: Overwrite(bytes, at, Word(random)); break;
            default: bytes.InsertRange(at, Word(random)); break;
        }
        return [.. bytes];
    }

    /// <summary>A number that is the edge of something, in 1, 2, 4 or 8 bytes, little-endian.</summary>
    public static byte[] Number(Random random)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, Numbers[random.Next(Numbers.Length)]);
        return bytes[..(1 << random.Next(4))];
    }

    private static byte[] Piece(Random random, byte[] source)
    {
        var start = random.Next(source.Length + 1);
        return source[start..(start + random.Next(Math.Min(source.Length - start, 256) + 1))];
    }

    private static void Overwrite(List<byte> bytes, int at, byte[] with)
    {
        for (var i = 0; i < with.Length && at + i < bytes.Count; i++) bytes[at + i] = with[i];
    }

    private byte[] Word(Random random) => words.Count == 0 ? Number(random) : words[random.Next(words.Count)];
}
