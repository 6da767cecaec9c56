using HoloZero.Artifacts;

namespace HoloZero.Media.Tests;

/// <summary>Sound files as they come: what is read is read right, what is not is refused in a line.</summary>
public sealed class BadSoundTests(MediaFixture media)
{
    [Fact]
    public void What_is_not_sound_is_refused()
    {
        Refused("it is not a sound file", "no sound"u8.ToArray());
        Refused("it is not a sound file", []);
        Refused("it is not a sound file", MediaFixture.File("16x16.png"));
        Refused("its header ends too early", "fLaC"u8.ToArray());
        Refused("cannot be read as a sound", [0xFF, 0xFB, 0, 0]);
    }

    [Fact]
    public void Sound_of_no_samples_is_refused() => Refused("it has no samples", Sounds.Wav([]));

    [Fact]
    public void A_header_that_lies_is_refused()
    {
        Refused("promises 1,000,000 bytes of samples, there are 200", Sounds.Wav(new byte[200], Sounds.Pcm, 1, 8000, 16, 1_000_000));
        Refused("promises 4,294,967,295", Sounds.Wav(new byte[200], Sounds.Pcm, 1, 8000, 16, uint.MaxValue));
        var file = MediaFixture.File("mono8k.wav");
        Refused("promises 8,000 bytes of samples", file[..^1000]);
        Refused("it has no samples", file[..36]);
        Refused("it has no samples", file[..12]);
        Refused("ends too early", file[..30]);
        file[32] = 7;
        Refused("says 7 bytes for 1 samples of 16 bits", file);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(5)]
    public void More_than_two_channels_are_refused(int channels) =>
        Refused($"it has {channels} channels", Sounds.Wav(new short[channels * 100], channels));

    [Theory]
    [InlineData(7999)]
    [InlineData(192_001)]
    [InlineData(0)]
    public void A_rate_out_of_range_is_refused(int rate) =>
        Refused("samples a second is not within", Sounds.Wav(new short[100], rate: rate));

    [Theory]
    [InlineData(Sounds.Pcm, 12)]
    [InlineData(Sounds.Real, 16)]
    [InlineData(2, 4)]
    [InlineData(6, 8)]
    public void Other_formats_of_samples_are_refused(int tag, int bits) =>
        Refused($"of format {tag} with {bits} bits", Sounds.Wav(new byte[120], tag, 1, 8000, bits));

    [Fact]
    public void Too_large_a_file_is_refused()
    {
        Refused("more than 33,554,432", [.. Sounds.Wav([])[..44], .. new byte[32 << 20]]);
        Refused("more than 16,777,216", [.. "fLaC"u8, .. new byte[16 << 20]]);
        Refused("more than 2,097,152", [.. "ID3"u8, .. new byte[2 << 20]]);
    }

    /// <summary>The same samples in other clothes; 24 and 32 bits and floats hold 16 exactly.</summary>
    [Fact]
    public void Samples_of_24_and_32_bits_and_floats_give_the_same_bytes()
    {
        var samples = Sounds.Sine(440, 8000, 800);
        var expected = samples.Select(MuLaw.Encode).ToArray();
        Same(Sounds.Wav([.. samples.SelectMany(s => (byte[])[0, (byte)s, (byte)(s >> 8)])], Sounds.Pcm, 1, 8000, 24));
        Same(Sounds.Wav([.. samples.SelectMany(s => BitConverter.GetBytes(s << 16))], Sounds.Pcm, 1, 8000, 32));
        Same(Sounds.Wav([.. samples.SelectMany(s => BitConverter.GetBytes(s / 32768f))], Sounds.Real, 1, 8000, 32));
        Same(Sounds.Wav([.. samples.SelectMany(s => BitConverter.GetBytes(s / 32768.0))], Sounds.Real, 1, 8000, 64));

        void Same(byte[] file) => Assert.Equal(expected, media.Reader.Sound(file).Bytes.ToArray());
    }

    [Fact]
    public void Floats_beyond_full_scale_are_cut_off_and_what_is_no_number_is_silence()
    {
        float[] samples = [2, -2, float.PositiveInfinity, float.NegativeInfinity, float.NaN, 0];
        Assert.Equal<byte>([255, 0, 255, 0, 128, 128],
            media.Reader.Sound(Sounds.Wav([.. samples.SelectMany(BitConverter.GetBytes)], Sounds.Real, 1, 8000, 32)).Bytes.ToArray());
    }

    [Fact]
    public void Two_channels_are_mixed()
    {
        var stereo = media.Reader.Sound(Sounds.Wav([.. Enumerable.Repeat((short[])[8000, 4000], 400).SelectMany(pair => pair)],
            channels: 2));
        Assert.Equal(400, stereo.Bytes.Length);
        Assert.All(stereo.Bytes.ToArray(), value => Assert.Equal(MuLaw.Encode((short)6000), value));
    }

    /// <summary>
    /// The operator's own resampling: as many samples, three quarters of one late (0.1 ms), else within twice what mu-law itself rounds.
    /// </summary>
    [Theory]
    [InlineData(16_000)]
    [InlineData(44_100)]
    [InlineData(48_000)]
    [InlineData(192_000)]
    public void Other_rates_are_resampled_to_nearly_the_same(int rate)
    {
        const double late = 0.75;
        var actual = media.Reader.Sound(Sounds.Wav(Sounds.Sine(440, rate, rate / 2), rate: rate)).ToSamples();
        Assert.InRange(actual.Length, 3999, 4001);
        for (var i = 400; i < 3600; i++)
            Assert.InRange(actual[i] - 16384 * Math.Sin(2 * Math.PI * 440 * (i - late) / 8000), -700, 700);
    }

    [Fact]
    public void Flac_is_exact_and_mp3_is_near()
    {
        var expected = MediaFixture.Golden("mono8k.bytes");
        Assert.Equal(expected, media.Reader.Sound(MediaFixture.File("tone8k.flac")).Bytes.ToArray());
        // The samples that went in come out late, by what encoder and decoder need to begin, and with what MP3 leaves away.
        var truth = Array.ConvertAll(expected, MuLaw.Decode);
        var heard = media.Reader.Sound(MediaFixture.File("tone8k.mp3")).ToSamples();
        var (late, likeness) = Enumerable.Range(0, heard.Length - truth.Length + 1)
            .Select(lag => (Lag: lag, Likeness: Likeness(truth, heard.AsSpan(lag, truth.Length)))).MaxBy(found => found.Likeness);
        Assert.True(likeness > 0.99, $"{likeness:F4} alike at {late} of {heard.Length} samples");
        Assert.Throws<BadInputException>(() => media.Reader.Sound(MediaFixture.File("tone8k.flac").AsSpan(0, 60)));
    }

    [Fact]
    public void What_a_flac_becomes_is_known_from_its_frames()
    {
        var file = MediaFixture.File("tone8k.flac");
        Assert.InRange(FlacFrames.MostSamples(file), 4000, 8192);
        // Frames of 65,536 equal samples take some bytes each: a small file that would become gigabytes.
        byte[] frame = [0xFF, 0xF8, 0x70, 0x08, 0x00, 0xFF, 0xFF, 0x00];
        frame[^1] = FlacFrames.Checksum(frame.AsSpan(0, 7));
        Assert.Equal(65_536, FlacFrames.MostSamples([.. frame, 0]));
        Refused("becomes more samples", [.. file[..42], .. Enumerable.Repeat(frame, 1000).SelectMany(bytes => bytes), 0]);
    }

    /// <summary>1 where one is the other but for its loudness, 0 where they have nothing in common.</summary>
    private static double Likeness(ReadOnlySpan<short> a, ReadOnlySpan<short> b)
    {
        var (product, squares, others) = (0.0, 0.0, 0.0);
        for (var i = 0; i < a.Length; i++)
            (product, squares, others) = (product + a[i] * (double)b[i], squares + a[i] * (double)a[i], others + b[i] * (double)b[i]);
        return product / Math.Sqrt(squares * others);
    }

    private void Refused(string what, byte[] file)
    {
        var error = Assert.Throws<BadInputException>(() => media.Reader.Sound(file, "the file"));
        Assert.StartsWith("the file: ", error.Message);
        Assert.Contains(what, error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }
}
