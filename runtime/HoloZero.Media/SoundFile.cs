using System.Buffers.Binary;
using HoloZero.Artifacts;

namespace HoloZero.Media;

/// <summary>
/// Looks at a sound file before ONNX Runtime Extensions decode it: what it is, and how much it would become. Stateless and thread-safe.
/// </summary>
internal static class SoundFile
{
    /// <summary>Bytes of a WAV file at most.</summary>
    public const int MostWavBytes = 32 << 20;

    /// <summary>Bytes of a FLAC file at most.</summary>
    public const int MostFlacBytes = 16 << 20;

    /// <summary>Bytes of an MP3 file at most: a hostile one becomes 192 times as much, and says so nowhere.</summary>
    public const int MostMp3Bytes = 2 << 20;

    /// <summary>Samples, of all channels together, that a FLAC file may become.</summary>
    private const long MostFlacSamples = 48_000_000;

    private const int MostChannels = 2, LeastRate = 8000, MostRate = 192_000;

    /// <summary>Refuses what the decoder would not take, or make something else of.</summary>
    /// <param name="source">Where it came from, for messages.</param>
    /// <param name="file">The bytes of the file.</param>
    /// <exception cref="BadInputException">It is no sound that can be read.</exception>
    public static void Require(string source, ReadOnlySpan<byte> file)
    {
        var problem = Limit(file) switch
        {
            null => new Problem("it is not a sound file", "use a WAV, FLAC or MP3"),
            { } most when file.Length > most =>
                new($"it has {file.Length:N0} bytes, more than {most:N0}", "cut out the moment that is meant"),
            _ when IsWav(file) => Wav(file),
            _ when IsFlac(file) => Flac(file),
            _ => null,
        };
        if (problem is not null) throw new BadInputException(source, problem.What, problem.Remedy);
    }

    /// <summary>Bytes that a file that begins like this may have; null where it is of no format that is taken.</summary>
    public static int? Limit(ReadOnlySpan<byte> file) => file switch
    {
        _ when IsWav(file) => MostWavBytes,
        _ when IsFlac(file) => MostFlacBytes,
        _ when file.StartsWith("ID3"u8) || (file.Length >= 2 && file[0] == 0xFF && (file[1] & 0xE0) == 0xE0) => MostMp3Bytes,
        _ => null,
    };

    private static bool IsWav(ReadOnlySpan<byte> file) =>
        file.Length >= 12 && file.StartsWith("RIFF"u8) && file[8..12].SequenceEqual("WAVE"u8);

    private static bool IsFlac(ReadOnlySpan<byte> file) => file.StartsWith("fLaC"u8);

    private static Problem? Wav(ReadOnlySpan<byte> file)
    {
        const int header = 12, chunkHeader = 8, leastFormat = 16;
        const string damaged = "copy or download it again";
        var hasFormat = false;
        for (long position = header; position + chunkHeader <= file.Length;)
        {
            var chunk = file[(int)position..];
            var name = chunk[..4];
            var length = BinaryPrimitives.ReadUInt32LittleEndian(chunk[4..]);
            var content = chunk[chunkHeader..];
            if (name.SequenceEqual("fmt "u8))
            {
                if (length < leastFormat || content.Length < leastFormat) return new("its header ends too early", damaged);
                if (Format(content) is { } problem) return problem;
                hasFormat = true;
            }
            else if (name.SequenceEqual("data"u8))
            {
                if (!hasFormat) return new("its samples come before what they are", damaged);
                if (length == 0) return new("it has no samples", "record it again");
                return length <= content.Length ? null
                    : new($"its header promises {length:N0} bytes of samples, there are {content.Length:N0}", damaged);
            }

            position += chunkHeader + length + (length & 1);
        }

        return new("it has no samples", damaged);
    }

    private static Problem? Format(ReadOnlySpan<byte> format)
    {
        const int pcm = 1, real = 3, extensible = 0xFFFE;
        var (tag, channels) = (BinaryPrimitives.ReadUInt16LittleEndian(format), BinaryPrimitives.ReadUInt16LittleEndian(format[2..]));
        var (rate, bits) = (BinaryPrimitives.ReadUInt32LittleEndian(format[4..]), BinaryPrimitives.ReadUInt16LittleEndian(format[14..]));
        var frame = BinaryPrimitives.ReadUInt16LittleEndian(format[12..]);
        var known = tag switch
        {
            pcm or extensible => bits is 8 or 16 or 24 or 32,
            real => bits is 32 or 64,
            _ => false,
        };
        if (!known) return new($"its samples are of format {tag} with {bits} bits", "save it as 16-bit PCM");
        if (frame != channels * bits / 8) return new($"its header says {frame} bytes for {channels} samples of {bits} bits",
            "copy or download it again");
        return Channels(channels, rate);
    }

    private static Problem? Channels(int channels, uint rate)
    {
        if (channels is < 1 or > MostChannels) return new($"it has {channels} channels", "mix it down to one or two");
        return rate is < LeastRate or > MostRate
            ? new($"its rate of {rate:N0} samples a second is not within {LeastRate:N0} to {MostRate:N0}", "resample it to 8,000")
            : null;
    }

    private static Problem? Flac(ReadOnlySpan<byte> file)
    {
        // Marker, header of the first block, which is always the stream's: sizes, then 20 bits rate, 3 channels, 5 bits, 36 samples.
        const int rateAt = 4 + 4 + 10, leastBytes = rateAt + 8;
        if (file.Length < leastBytes) return new("its header ends too early", "copy or download it again");
        var packed = BinaryPrimitives.ReadUInt64BigEndian(file[rateAt..]);
        var channels = (int)((packed >> 41) & 7) + 1;
        if (Channels(channels, (uint)(packed >> 44)) is { } problem) return problem;
        // A frame that says little may still become 65,536 samples, and the total in the header may lie.
        var samples = FlacFrames.MostSamples(file) * MostChannels;
        return samples <= MostFlacSamples ? null : new("it becomes more samples than are read at once", "cut out the moment that is meant");
    }

    private sealed record Problem(string What, string Remedy);
}
