using HoloZero.Testing;

namespace HoloZero.Artifacts.Tests;

public sealed class FolderLockTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void A_folder_is_locked_once_under_whatever_name_and_parents_made_for_it_go_again()
    {
        using (FolderLock.TryTake(_temporary["new", "deep", "run"]))
        {
            Assert.Null(FolderLock.TryTake(_temporary["new", "deep", "run"] + "/"));
            Directory.CreateSymbolicLink(_temporary["link"], _temporary["new", "deep"]);
            Assert.Null(FolderLock.TryTake(_temporary["link", "run"]));
            Directory.Delete(_temporary["link"]);
        }

        Assert.Empty(Directory.GetFileSystemEntries(_temporary.Path));
    }

    /// <summary>A folder below a file is no place; which failures are the machine's, <see cref="OutputFileTests"/> says.</summary>
    [Fact]
    public void What_cannot_be_written_is_refused_as_every_output_is()
    {
        File.WriteAllText(_temporary["file"], "");
        var failure = Assert.Throws<BadInputException>(() => FolderLock.TryTake(_temporary["file", "run"]));
        Assert.Contains("it cannot be written", failure.Message);
        Assert.Equal([_temporary["file"]], Directory.GetFileSystemEntries(_temporary.Path));
    }
}
