using System.Buffers.Binary;

namespace HoloZero.Benchmarks.Peers;

/// <summary>Weights in blocks of 32 that share a scale. Rows must be whole blocks. Stateless and thread-safe.</summary>
internal static class WeightBlocks
{
    public const int Size = 32;

    /// <summary>GGUF's q8_0: a scale in half precision, then 32 signed bytes.</summary>
    public static byte[] Q8(ReadOnlySpan<float> weights)
    {
        const int bytes = 2 + Size;
        var written = new byte[weights.Length / Size * bytes];
        for (var block = 0; block < weights.Length / Size; block++)
        {
            var values = weights.Slice(block * Size, Size);
            var to = written.AsSpan(block * bytes, bytes);
            var scale = Math.Abs(Farthest(values)) / 127;
            BinaryPrimitives.WriteHalfLittleEndian(to, (Half)scale);
            for (var i = 0; i < Size; i++) to[2 + i] = (byte)Code(values[i], scale, 127);
        }

        return written;
    }

    /// <summary>GGUF's q4_0: a scale in half precision, then the first 16 codes in low and the others in high halves of bytes.</summary>
    public static byte[] Q4(ReadOnlySpan<float> weights)
    {
        const int bytes = 2 + Size / 2;
        var written = new byte[weights.Length / Size * bytes];
        for (var block = 0; block < weights.Length / Size; block++)
        {
            var values = weights.Slice(block * Size, Size);
            var to = written.AsSpan(block * bytes, bytes);
            // The value of the greatest size becomes -8 exactly.
            var scale = Farthest(values) / -8;
            BinaryPrimitives.WriteHalfLittleEndian(to, (Half)scale);
            for (var i = 0; i < Size / 2; i++)
                to[2 + i] = (byte)(Level(values[i], scale) | Level(values[i + Size / 2], scale) << 4);
        }

        return written;

        static int Level(float value, float scale) => scale == 0 ? 8 : Math.Clamp((int)MathF.Floor(value / scale + 8.5f), 0, 15);
    }

    /// <summary>MatMulNBits: codes around 128 or 8, two of four bits a byte, the low half first; the scales apart.</summary>
    public static (byte[] Codes, float[] Scales) MatMulNBits(ReadOnlySpan<float> weights, int bits)
    {
        var (most, zero, inByte) = ((1 << (bits - 1)) - 1, 1 << (bits - 1), 8 / bits);
        var (codes, scales) = (new byte[weights.Length / inByte], new float[weights.Length / Size]);
        for (var block = 0; block < scales.Length; block++)
        {
            var values = weights.Slice(block * Size, Size);
            scales[block] = Math.Abs(Farthest(values)) / most;
            for (var i = 0; i < Size; i++)
            {
                var place = block * Size + i;
                codes[place / inByte] |= (byte)(Code(values[i], scales[block], most) + zero << place % inByte * bits);
            }
        }

        return (codes, scales);
    }

    private static int Code(float value, float scale, int most) =>
        scale == 0 ? 0 : Math.Clamp((int)MathF.Round(value / scale), -most, most);

    private static float Farthest(ReadOnlySpan<float> values)
    {
        var farthest = 0f;
        foreach (var value in values)
            if (Math.Abs(value) > Math.Abs(farthest)) farthest = value;
        return farthest;
    }
}
