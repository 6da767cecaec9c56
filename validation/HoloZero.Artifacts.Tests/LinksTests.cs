using HoloZero.Testing;

namespace HoloZero.Artifacts.Tests;

/// <summary>Where links lead, of files and of folders.</summary>
public sealed class LinksTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void Links_of_files_and_folders_are_followed_to_the_end()
    {
        Directory.CreateDirectory(_temporary["folder"]);
        File.WriteAllText(_temporary["folder", "file"], "");
        File.CreateSymbolicLink(_temporary["to-file"], _temporary["folder", "file"]);
        Directory.CreateSymbolicLink(_temporary["to-folder"], _temporary["folder"]);
        Directory.CreateSymbolicLink(_temporary["to-link"], _temporary["to-folder"]);
        Assert.Equal(_temporary["folder", "file"], Links.Follow(_temporary["to-file"]));
        Assert.Equal(_temporary["folder"], Links.Follow(_temporary["to-link"]));
        Assert.Equal(Links.Real(_temporary["folder", "file"]), Links.Real(Path.Combine(_temporary["to-link"], "file")));
        Assert.False(Links.LeadsInACircle(_temporary["to-file"]));

        File.CreateSymbolicLink(_temporary["one"], _temporary["two"]);
        File.CreateSymbolicLink(_temporary["two"], _temporary["one"]);
        Assert.True(Links.LeadsInACircle(_temporary["one"]));
        Assert.False(Links.LeadsInACircle("a\0b"));
    }

    [Theory]
    [InlineData("/a/b", "/a", true)]
    [InlineData("/ab", "/a", false)]
    [InlineData("/a", "/", true)]
    [InlineData("/a/b", "/a/b", false)]
    public void What_lies_below_a_folder_begins_with_it_and_a_slash(string path, string folder, bool within) =>
        Assert.Equal(within, Links.IsWithin(path, folder));
}
