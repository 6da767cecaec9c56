using System.Text;

namespace HoloZero.Models.Tests.Checkpoints;

/// <summary>Writes a zip64 with stored records that may be holes of many gigabytes, which take no disk.</summary>
internal static class SparseZip
{
    public static void Write(string path, params (string Name, byte[]? Content, long Length)[] records)
    {
        using var file = new FileStream(path, FileMode.CreateNew);
        var directory = new MemoryStream();
        foreach (var (name, content, length) in records)
        {
            var utf8 = Encoding.UTF8.GetBytes(name);
            var at = file.Position;
            // Local header: version 4.5, no flags, stored, no time, no CRC, sizes and the zip64 extra field (id 1).
            file.Write([.. U32(0x04034b50), .. U16(45), .. new byte[12], .. U32(uint.MaxValue), .. U32(uint.MaxValue),
                .. U16(utf8.Length), .. U16(20), .. utf8, .. U16(1), .. U16(16), .. U64(length), .. U64(length)]);
            if (content is not null) file.Write(content);
            else file.Seek(length, SeekOrigin.Current);
            directory.Write([.. U32(0x02014b50), .. U16(45), .. U16(45), .. new byte[12], .. U32(uint.MaxValue), .. U32(uint.MaxValue),
                .. U16(utf8.Length), .. U16(28), .. new byte[10], .. U32(uint.MaxValue), .. utf8,
                .. U16(1), .. U16(24), .. U64(length), .. U64(length), .. U64(at)]);
        }
        var start = file.Position;
        file.Write(directory.ToArray());
        var end = file.Position;
        file.Write([.. U32(0x06064b50), .. U64(44), .. U16(45), .. U16(45), .. new byte[8], .. U64(records.Length), .. U64(records.Length),
            .. U64(directory.Length), .. U64(start)]);
        file.Write([.. U32(0x07064b50), .. U32(0), .. U64(end), .. U32(1)]);
        file.Write([.. U32(0x06054b50), .. new byte[4], .. U16(ushort.MaxValue), .. U16(ushort.MaxValue), .. U32(uint.MaxValue),
            .. U32(uint.MaxValue), .. U16(0)]);
    }

    private static byte[] U16(int value) => BitConverter.GetBytes((ushort)value);

    private static byte[] U32(uint value) => BitConverter.GetBytes(value);

    private static byte[] U64(long value) => BitConverter.GetBytes(value);
}
