using HoloZero.Testing;

namespace HoloZero.Artifacts.Tests;

public sealed class InputFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(200_000)]
    public void A_file_is_read_whole_or_up_to_a_limit(int length)
    {
        byte[] content = [.. Enumerable.Range(0, length).Select(i => (byte)(i * 7))];
        File.WriteAllBytes(_folder["file"], content);

        Assert.Equal(content, InputFile.ReadBytes(_folder["file"]));
        Assert.Equal(content.Take(150_000), InputFile.ReadFirstBytes(_folder["file"], 150_000));
        Assert.Equal(content, InputFile.ReadFirstBytes(_folder["file"], 200_000));
        Assert.Empty(InputFile.ReadFirstBytes(_folder["file"], 0));
    }

    [Fact]
    public void Pseudo_files_whose_length_is_0_are_read_all_the_same()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("only Linux has them");

        Assert.Equal(File.ReadAllText("/proc/self/maps").Split('\n')[0],
            System.Text.Encoding.UTF8.GetString(InputFile.ReadBytes("/proc/self/maps")).Split('\n')[0]);
        Assert.Equal(3, InputFile.ReadFirstBytes("/proc/self/maps", 3).Length);
    }

    [Fact]
    public void What_is_no_readable_file_is_bad_input()
    {
        Assert.Contains("no such file", Assert.Throws<BadInputException>(() => InputFile.ReadBytes(_folder["missing"])).Message);
        Assert.Equal("file: its path is empty; name a file", Assert.Throws<BadInputException>(() => InputFile.ReadBytes("")).Message);
        if (OperatingSystem.IsLinux())
            Assert.Contains("a pipe or a device", Assert.Throws<BadInputException>(() => InputFile.ReadBytes("/dev/null")).Message);
        Assert.Contains("directory", Assert.Throws<BadInputException>(() => InputFile.ReadFirstBytes(_folder.Path, 1)).Message);
    }

    [Fact]
    public void What_fails_while_it_is_read_is_told_in_words()
    {
        Failing(new EndOfStreamException(), "file: it ends too early; copy or download it again");
        Failing(new UnauthorizedAccessException(), "file: permission to read it is denied; make it readable for this user");
        Failing(new System.Security.SecurityException(), "file: permission to read it is denied");
        Failing(new IOException("bad sector"), "file: it cannot be read (bad sector); check the path and the disk");
        Failing(new NotSupportedException("odd"), "file: it cannot be read (odd)");
        Failing(new DirectoryNotFoundException(), "file: no such file; check the path");
        Assert.Throws<InvalidOperationException>(() => InputFile.Guard<int>("file", () => throw new InvalidOperationException()));

        static void Failing(Exception cause, string message)
        {
            var error = Assert.Throws<BadInputException>(() => InputFile.Guard<int>("file", () => throw cause));
            Assert.StartsWith(message, error.Message);
            Assert.Same(cause, error.InnerException);
        }
    }

    public void Dispose() => _folder.Dispose();
}
