using System.Buffers.Binary;
using HoloZero.Artifacts;

namespace HoloZero.Media;

/// <summary>
/// Sound as the network reads it: mono, 8,000 samples a second, a mu-law byte each (<see cref="MuLaw"/>). Immutable, hence thread-safe.
/// </summary>
public sealed class SoundWindow
{
    /// <summary>Samples a second.</summary>
    public const int SamplesPerSecond = 8000;

    private const int WavHeaderBytes = 44;

    private readonly byte[] _bytes;

    /// <summary>Sound of these bytes.</summary>
    /// <param name="bytes">One a sample; copied.</param>
    public SoundWindow(ReadOnlySpan<byte> bytes) => _bytes = bytes.ToArray();

    /// <summary>One a sample. A view: valid as long as this.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>Silence of some samples.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="samples"/> is negative.</exception>
    public static SoundWindow Silence(int samples)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(samples);
        return new(Enumerable.Repeat(MuLaw.SilentByte, samples).ToArray());
    }

    /// <summary>The samples from a moment on; what the sound does not have at its end is silence.</summary>
    /// <param name="seconds">From its beginning, 0 or more, within the sound.</param>
    /// <param name="samples">How many, 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="samples"/> is below 1.</exception>
    /// <exception cref="BadInputException">The moment is not within the sound.</exception>
    public SoundWindow At(double seconds, int samples)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(samples, 1);
        var length = _bytes.Length / (double)SamplesPerSecond;
        if (!(seconds >= 0 && seconds < length))
        {
            throw new BadInputException("at",
                FormattableString.Invariant($"{seconds} is not within the {length:0.###} seconds of the sound"),
                "choose a moment within it");
        }

        var rest = _bytes.AsSpan((int)(seconds * SamplesPerSecond));
        var cut = Silence(samples)._bytes;
        rest[..Math.Min(samples, rest.Length)].CopyTo(cut);
        return new(cut);
    }

    /// <summary>16-bit samples, full scale 32,768; the caller's. Encoding them gives the same bytes again.</summary>
    public short[] ToSamples() => Array.ConvertAll(_bytes, MuLaw.Decode);

    /// <summary>The sound as a WAV file of 16 bits, 8 kHz, mono; the caller's. Reading that gives the same bytes again.</summary>
    public byte[] ToWav()
    {
        const int sampleBytes = sizeof(short), formatBytes = 16, pcm = 1, channels = 1;
        var file = new byte[WavHeaderBytes + _bytes.Length * sampleBytes];
        var position = 0;
        Text("RIFF"u8);
        Whole(file.Length - 8);
        Text("WAVEfmt "u8);
        Whole(formatBytes);
        Short(pcm);
        Short(channels);
        Whole(SamplesPerSecond);
        Whole(SamplesPerSecond * sampleBytes);
        Short(sampleBytes);
        Short(8 * sampleBytes);
        Text("data"u8);
        Whole(_bytes.Length * sampleBytes);
        foreach (var value in _bytes) Short(MuLaw.Decode(value));
        return file;

        void Text(ReadOnlySpan<byte> text)
        {
            text.CopyTo(file.AsSpan(position));
            position += text.Length;
        }

        void Whole(int value)
        {
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(position), value);
            position += sizeof(int);
        }

        void Short(short value)
        {
            BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(position), value);
            position += sizeof(short);
        }
    }
}
