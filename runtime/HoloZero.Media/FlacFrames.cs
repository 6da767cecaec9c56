namespace HoloZero.Media;

/// <summary>Finds the headers of FLAC frames, to bound what a file becomes before it is decoded. Stateless and thread-safe.</summary>
internal static class FlacFrames
{
    /// <summary>
    /// The samples of every place that looks like a frame's header and has its checksum, which every frame does: no fewer than a decoder
    /// gives for a channel.
    /// </summary>
    public static long MostSamples(ReadOnlySpan<byte> file)
    {
        var samples = 0L;
        for (var i = 0; i + 4 < file.Length; i++)
        {
            if (file[i] == 0xFF && (file[i + 1] & 0xFC) == 0xF8) samples += BlockSize(file[i..]);
        }

        return samples;
    }

    /// <summary>Samples of the block whose header begins here; 0 where none does.</summary>
    private static int BlockSize(ReadOnlySpan<byte> frame)
    {
        const int sizeInOneByte = 6, sizeInTwoBytes = 7, rateInOneByte = 12, ratesInTwoBytes = 13, mostRates = 14;
        var (sizeCode, rateCode) = (frame[2] >> 4, frame[2] & 15);
        // The number of the frame, coded like UTF-8 of up to 7 bytes.
        var numberBytes = byte.LeadingZeroCount((byte)~frame[4]) is var ones && ones == 0 ? 1 : ones;
        var end = 4 + numberBytes;
        var sizeAt = end;
        end += sizeCode switch { sizeInOneByte => 1, sizeInTwoBytes => 2, _ => 0 };
        end += rateCode switch { rateInOneByte => 1, ratesInTwoBytes or mostRates => 2, _ => 0 };
        if (end >= frame.Length || Checksum(frame[..end]) != frame[end]) return 0;
        return sizeCode switch
        {
            1 => 192,
            >= 2 and <= 5 => 576 << (sizeCode - 2),
            sizeInOneByte => frame[sizeAt] + 1,
            sizeInTwoBytes => (frame[sizeAt] << 8 | frame[sizeAt + 1]) + 1,
            >= 8 => 256 << (sizeCode - 8),
            _ => 0,
        };
    }

    /// <summary>CRC-8 with the polynomial x^8 + x^2 + x + 1.</summary>
    internal static byte Checksum(ReadOnlySpan<byte> bytes)
    {
        var checksum = 0;
        foreach (var value in bytes)
        {
            checksum ^= value;
            for (var bit = 0; bit < 8; bit++) checksum = (checksum & 0x80) != 0 ? (checksum << 1) ^ 0x107 : checksum << 1;
        }

        return (byte)checksum;
    }
}
