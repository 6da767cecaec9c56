using HoloZero.Testing;

namespace HoloZero.Artifacts.Tests;

/// <summary>What a killed process leaves behind, and what must never be taken for it.</summary>
public sealed class UnfinishedWorkTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    private string Target => _temporary["model"];

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void What_no_living_process_holds_is_swept()
    {
        Make(".model.abcdefgh.123.partial");
        Make(".model.12345678.xyz.partial");
        File.WriteAllText(_temporary[".model.abcd1234.abc.partial"], "a file of the same name");
        new FolderTransaction(Target).Dispose();
        Assert.Empty(Directory.GetFileSystemEntries(_temporary.Path));
    }

    [Fact]
    public void What_a_living_process_holds_stays()
    {
        using var writing = new FolderTransaction(Target);
        File.WriteAllText(Path.Combine(writing.Staging, "half"), "");
        new FolderTransaction(Target).Dispose();
        Assert.True(File.Exists(Path.Combine(writing.Staging, "half")));
        writing.Commit();
        Assert.Equal([Target], Directory.GetFileSystemEntries(_temporary.Path));

        OutputFile.Write(_temporary["file"], stream =>
        {
            OutputFile.Write(_temporary["file"], inner => inner.WriteByte(1));
            stream.Write("outer"u8);
        });
        Assert.Equal("outer", File.ReadAllText(_temporary["file"]));
    }

    [Fact]
    public void What_is_somebody_elses_stays()
    {
        string[] others = [".model.partial", ".model.notes.txt", ".model.abcdefgh.1234.partial", ".models.abcdefgh.123.partial",
            ".other.abcdefgh.123.partial", ".model.abcdefgh.123.partial.bak", "model.abcdefgh.123.partial"];
        foreach (var name in others) Make(name);
        Make("precious");
        Directory.CreateSymbolicLink(_temporary[".model.abcdefgh.123.partial"], _temporary["precious"]);
        new FolderTransaction(Target).Dispose();
        Assert.Equal(others.Append("precious").Append(".model.abcdefgh.123.partial").Order(StringComparer.Ordinal),
            Directory.GetFileSystemEntries(_temporary.Path).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        Assert.Equal("content", File.ReadAllText(_temporary["precious", "file"]));
    }

    [Fact]
    public void An_older_folder_that_was_moved_away_and_never_replaced_comes_back()
    {
        using var exported = new SmallArtifact();
        Directory.Move(exported.Folder, _temporary[".model.abcdefgh.123.partial.old"]);
        Make(".model.abcdefgh.123.partial");
        new FolderTransaction(Target).Dispose();
        Assert.Equal([Target], Directory.GetFileSystemEntries(_temporary.Path));
        Assert.NotNull(ArtifactFolder.Open(Target));

        // Where it was replaced, it is only old.
        Make(".model.abcdefgh.123.partial.old");
        new FolderTransaction(Target).Dispose();
        Assert.Equal([Target], Directory.GetFileSystemEntries(_temporary.Path));
        Assert.NotNull(ArtifactFolder.Open(Target));
    }

    [Fact]
    public void A_file_that_was_never_finished_is_swept_by_the_next_one_of_its_name()
    {
        File.WriteAllText(_temporary[".file.abcdefgh.123.partial"], "half");
        File.WriteAllText(_temporary[".file.abcdefgh.txt"], "mine");
        OutputFile.Write(_temporary["file"], stream => stream.WriteByte(7));
        Assert.Equal([".file.abcdefgh.txt", "file"],
            Directory.GetFiles(_temporary.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void An_older_model_that_may_not_be_removed_is_refused_before_the_work()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess, "root and Windows do not mind the mode bits");
        using var exported = new SmallArtifact();
        var before = Directory.GetFileSystemEntries(exported.Folder);
        Mode("500");
        try
        {
            Assert.Contains("may not remove", Assert.Throws<BadInputException>(() => new FolderTransaction(exported.Folder)).Message);
            Assert.Equal(before, Directory.GetFileSystemEntries(exported.Folder));
            Assert.Single(Directory.GetFileSystemEntries(Path.GetDirectoryName(exported.Folder)!));
        }
        finally
        {
            Mode("700");
        }

        void Mode(string bits)
        {
            using var process = System.Diagnostics.Process.Start("chmod", [bits, exported.Folder]);
            process.WaitForExit();
        }
    }

    [Fact]
    public void An_output_that_is_a_link_to_itself_is_told()
    {
        File.CreateSymbolicLink(_temporary["loop"], _temporary["loop"]);
        foreach (var use in (Action<string>[])[path => new FolderTransaction(path).Dispose(), OutputFile.RequireWritable])
            Assert.Contains("its links cannot be followed", Assert.Throws<BadInputException>(() => use(_temporary["loop"])).Message);
    }

    private void Make(string name)
    {
        Directory.CreateDirectory(_temporary[name]);
        File.WriteAllText(_temporary[name, "file"], "content");
    }
}
