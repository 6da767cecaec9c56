using System.Buffers.Binary;

namespace HoloZero.Media.Tests;

/// <summary>WAV files of any kind, honest or not.</summary>
internal static class Sounds
{
    public const int Pcm = 1, Real = 3;

    /// <summary>16 bits, mono, 8 kHz unless said otherwise.</summary>
    public static byte[] Wav(short[] samples, int channels = 1, int rate = 8000) =>
        Wav([.. samples.SelectMany(BitConverter.GetBytes)], Pcm, channels, rate, 16);

    /// <summary>Any format.</summary>
    public static byte[] Wav(byte[] data, int tag, int channels, int rate, int bits, uint? claimedBytes = null)
    {
        const int header = 44;
        var file = new byte[header + data.Length];
        "RIFF"u8.CopyTo(file);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), file.Length - 8);
        "WAVEfmt "u8.CopyTo(file.AsSpan(8));
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(16), 16);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(20), (short)tag);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(22), (short)channels);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(24), rate);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(28), rate * channels * bits / 8);
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(32), (short)(channels * bits / 8));
        BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(34), (short)bits);
        "data"u8.CopyTo(file.AsSpan(36));
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(40), claimedBytes ?? (uint)data.Length);
        data.CopyTo(file, header);
        return file;
    }

    /// <summary>A sine of half full scale.</summary>
    public static short[] Sine(double hertz, int rate, int samples) =>
        [.. Enumerable.Range(0, samples).Select(i => (short)Math.Round(16384 * Math.Sin(2 * Math.PI * hertz * i / rate)))];
}
