using System.Buffers.Binary;
using HoloZero.Testing;

namespace HoloZero.Artifacts.Tests;

/// <summary>The edges of the format, beside what the tests of checkpoints read.</summary>
public sealed class SafetensorsLimitTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0, 0, "too few")]
    [InlineData(7, 0, "too few")]
    [InlineData(8, 1, "its header claims 1 bytes, but the file has 8")]
    [InlineData(8, long.MinValue, "its header claims 9223372036854775808 bytes")]
    [InlineData(SafetensorsFile.MaxHeaderBytes + 9, SafetensorsFile.MaxHeaderBytes + 1,
        "its header has 100000001 bytes, allowed are 100000000")]
    public void A_length_that_cannot_be_is_refused_before_anything_is_read(long fileBytes, long headerBytes, string cause)
    {
        using (var file = File.Create(_folder["f"]))
        {
            var prefix = new byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(prefix, headerBytes);
            file.Write(prefix, 0, (int)Math.Min(fileBytes, 8));
            file.SetLength(fileBytes);
        }
        Assert.Contains(cause, Assert.Throws<BadInputException>(() => SafetensorsFile.Open(_folder["f"])).Message);
        // Whoever was refused can delete or write the file: it is closed.
        File.Open(_folder["f"], FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose();
    }

    [Fact]
    public void Data_begin_at_a_multiple_of_eight_and_the_header_is_padded_by_spaces()
    {
        for (var length = 1; length <= 16; length++)
        {
            var writer = new SafetensorsWriter();
            writer.Add(new string('n', length), [2], [1f, 2f]);
            using var stream = new MemoryStream();
            writer.Write(stream);
            var file = stream.ToArray();
            var header = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
            Assert.Equal(0, header % 8);
            Assert.Equal(8 + header + 8, file.Length);
            Assert.Equal((byte)'}', file.AsSpan(8, header).TrimEnd((byte)' ')[^1]);
            Assert.InRange(file.AsSpan(8, header).Length - file.AsSpan(8, header).TrimEnd((byte)' ').Length, 0, 7);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData((1 << 15) - 1)]
    [InlineData(1 << 15)]
    [InlineData((1 << 15) + 1)]
    [InlineData(1 << 16)]
    [InlineData((1 << 16) + 1)]
    public void Any_number_of_elements_is_written_and_read_in_pieces(int count)
    {
        var bytes = Enumerable.Range(0, count * 9).Select(i => (byte)(i * 7)).ToArray();
        var writer = new SafetensorsWriter();
        writer.Add("d", [count], Enumerable.Range(0, count).Select(i => i / 3.0).ToArray());
        writer.Add("f", [count], Enumerable.Range(0, count).Select(i => i / 3f).ToArray());
        writer.Add("u", [count, 9], bytes);
        writer.Write(_folder["f"]);
        using var file = SafetensorsFile.Open(_folder["f"]);
        Assert.Equal(Enumerable.Range(0, count).Select(i => i / 3.0), file.ReadFloat64("d"));
        Assert.Equal(Enumerable.Range(0, count).Select(i => i / 3f), file.ReadFloat32("f"));
        Assert.Equal(bytes, file.ReadBytes("u"));
    }

    [Fact]
    public void What_a_file_holds_can_be_asked()
    {
        var writer = new SafetensorsWriter();
        writer.Add("f", [2], [1f, 2f]);
        writer.Write(_folder["f"]);
        using var file = SafetensorsFile.Open(_folder["f"]);
        Assert.True(file.Contains("f"));
        Assert.False(file.Contains("g"));
        Assert.Equal((_folder["f"], new FileInfo(_folder["f"]).Length), (file.Path, file.Length));
        Assert.Equal(FileHash.Sha256(_folder["f"]), file.Sha256());
        Assert.Equal(("f", TensorType.Float32, 8L), (file.Entry("f").Name, file.Entry("f").Type, file.Entry("f").ByteLength));
        Assert.Contains("no tensor 'g'", Assert.Throws<BadInputException>(() => file.Entry("g")).Message);
        Assert.Contains("not UInt8", Assert.Throws<BadInputException>(() => file.ReadBytes("f")).Message);
    }

    [Fact]
    public void A_file_that_shrinks_while_it_is_read_is_told()
    {
        var writer = new SafetensorsWriter();
        writer.Add("f", [2], [1f, 2f]);
        writer.Write(_folder["f"]);
        using var stream = new FileStream(_folder["f"], FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        using var file = SafetensorsFile.Open(_folder["f"], stream);
        stream.SetLength(stream.Length - 1);
        Assert.Contains("cut short while it was read", Assert.Throws<BadInputException>(() => file.ReadFloat32("f")).Message);
    }
}
