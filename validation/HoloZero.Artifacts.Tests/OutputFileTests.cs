using HoloZero.Testing;

namespace HoloZero.Artifacts.Tests;

/// <summary>Where results may go, and that they appear whole or not at all.</summary>
public sealed class OutputFileTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void A_place_that_takes_no_file_is_refused_before_anything_is_written()
    {
        Refused("", "output: its path is empty; name a file");
        Refused(_temporary.Path, "this is a folder; name a file in it");
        Refused(_temporary["none", "file"], "its folder does not exist; create the folder first");
        OutputFile.RequireWritable(_temporary["file"]);
        if (OperatingSystem.IsLinux()) Refused("/dev/null", "this is a pipe or a device; name a regular file");
        Assert.Empty(Directory.GetFileSystemEntries(_temporary.Path));

        void Refused(string path, string says)
        {
            Assert.Contains(says, Assert.Throws<BadInputException>(() => OutputFile.RequireWritable(path)).Message);
            Assert.Contains(says, Assert.Throws<BadInputException>(() =>
                OutputFile.Write(path, _ => throw new InvalidOperationException("nothing is written"))).Message);
        }
    }

    [Fact]
    public void What_fails_on_the_way_leaves_the_older_file_and_nothing_else()
    {
        File.WriteAllText(_temporary["file"], "older");
        var error = Assert.Throws<BadInputException>(() => OutputFile.Write(_temporary["file"], stream =>
        {
            stream.WriteByte(1);
            throw new IOException("half way");
        }));
        Assert.Contains("it cannot be written (half way); name a place that this user can write to", error.Message);
        Assert.Throws<InvalidOperationException>(() =>
            OutputFile.Write(_temporary["file"], _ => throw new InvalidOperationException("a fault is a fault")));
        Assert.Equal("older", File.ReadAllText(_temporary["file"]));
        Assert.Equal([_temporary["file"]], Directory.GetFileSystemEntries(_temporary.Path));

        OutputFile.Write(_temporary["file"], stream => stream.WriteByte((byte)'n'));
        Assert.Equal("n", File.ReadAllText(_temporary["file"]));
    }

    // ENOSPC, EDQUOT, EIO; and EACCES, which is the person's to mend.
    [Theory]
    [InlineData(28, true)]
    [InlineData(122, true)]
    [InlineData(5, true)]
    [InlineData(13, false)]
    public void A_full_disk_is_the_machine_s_fault_and_not_the_path_s(int code, bool isMachine)
    {
        var failure = OutputFile.Failure("out", new IOException("cause", code));
        Assert.Equal(isMachine ? typeof(MissingCapabilityException) : typeof(BadInputException), failure.GetType());
        Assert.StartsWith(isMachine ? "out: the disk is full or fails (cause)" : "out: it cannot be written (cause)", failure.Message);
    }
}
