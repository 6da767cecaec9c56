namespace HoloZero.Artifacts.Tests;

public sealed class DraftTableTests : IDisposable
{
    private static readonly string Sha256 = string.Concat(Enumerable.Repeat("0123456789abcdef", 4));
    private readonly string _path = Path.GetTempFileName();

    [Fact]
    public void What_is_written_is_read_again_and_the_longest_context_decides()
    {
        var table = new DraftTable(Sha256,
            [Entry("e", ' ', 100), Entry("the", ' ', 200), Entry("\0\0", 'x', 255), Entry("\0", 'y', 1), Entry("abcde", 'f', 0)]);
        Write(table);
        var read = DraftTable.Read(_path);
        Assert.Equal((Sha256, 5), (read.CheckpointSha256, read.Count));
        Assert.Equal(new DraftGuess((byte)' ', 100), read.Find("we"u8));
        Assert.Equal(new DraftGuess((byte)' ', 200), read.Find("the"u8));
        Assert.Equal(new DraftGuess((byte)' ', 200), read.Find("soothe"u8));
        Assert.Equal(new DraftGuess((byte)'x', 255), read.Find([1, 0, 0]));
        Assert.Equal(new DraftGuess((byte)'y', 1), read.Find([1, 0]));
        Assert.Equal(new DraftGuess((byte)'f', 0), read.Find("abcde"u8));
        Assert.Null(read.Find("bcd"u8));
        Assert.Null(read.Find([]));
        Assert.Equal(8 + 32 + 4 + 5 * 8, new FileInfo(_path).Length);
    }

    [Fact]
    public void The_same_entries_give_the_same_bytes_in_any_order()
    {
        Write(new(Sha256, [Entry("b", 'x', 1), Entry("a", 'y', 2)]));
        var first = File.ReadAllBytes(_path);
        Write(new(Sha256, [Entry("a", 'y', 2), Entry("b", 'x', 1)]));
        Assert.Equal(first, File.ReadAllBytes(_path));
    }

    public static TheoryData<string, int, byte> Damages { get; } = new()
    {
        { "does not begin", 0, (byte)'X' }, { "number of entries", 40, 7 }, { "context of 0 bytes", 44, 0 },
        { "context of 6 bytes", 44, 6 },
        { "not filled up", 48, 1 }, { "there twice", 53, (byte)'a' },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_damaged_table_is_refused(string says, int at, byte value)
    {
        Write(new(Sha256, [Entry("a", 'x', 1), Entry("b", 'y', 2)]));
        var bytes = File.ReadAllBytes(_path);
        Assert.NotEqual(value, bytes[at]);
        bytes[at] = value;
        File.WriteAllBytes(_path, bytes);
        Assert.Contains(says, Assert.Throws<BadInputException>(() => DraftTable.Read(_path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(43)]
    [InlineData(44 + 7)]
    [InlineData(44 + 8L * DraftTable.MostEntries + 8)]
    public void A_file_of_another_length_is_refused(long length)
    {
        using (var file = File.OpenWrite(_path)) file.SetLength(length);
        Assert.Contains($"{length} bytes", Assert.Throws<BadInputException>(() => DraftTable.Read(_path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Contexts_have_a_length_and_come_once()
    {
        Assert.Throws<ArgumentException>(() => new DraftTable(Sha256, [Entry("", 'x', 1)]));
        Assert.Throws<ArgumentException>(() => new DraftTable(Sha256, [Entry("abcdef", 'x', 1)]));
        Assert.Throws<ArgumentException>(() => new DraftTable(Sha256, [Entry("a", 'x', 1), Entry("a", 'y', 1)]));
    }

    public void Dispose() => File.Delete(_path);

    private void Write(DraftTable table)
    {
        using var file = File.Create(_path);
        table.Write(file);
    }

    private static DraftEntry Entry(string context, char next, byte share) =>
        new(System.Text.Encoding.ASCII.GetBytes(context), (byte)next, share);
}
