using HoloZero.Testing;

namespace HoloZero.Artifacts.Tests;

public sealed class FolderTransactionTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void A_committed_folder_appears_whole_and_alone()
    {
        using (var transaction = new FolderTransaction(_temporary["a", "b", "model"]))
        {
            File.WriteAllText(Path.Combine(transaction.Staging, "file"), "content");
            Assert.False(Directory.Exists(_temporary["a", "b", "model"]));
            transaction.Commit();
        }

        Assert.Equal("content", File.ReadAllText(_temporary["a", "b", "model", "file"]));
        Assert.Equal([_temporary["a", "b", "model"]], Directory.GetFileSystemEntries(_temporary["a", "b"]));
    }

    [Fact]
    public void What_is_not_committed_leaves_nothing_not_even_the_parents_made_for_it()
    {
        using (var transaction = new FolderTransaction(_temporary["a", "b", "model"]))
            File.WriteAllText(Path.Combine(transaction.Staging, "file"), "content");

        Assert.Empty(Directory.GetFileSystemEntries(_temporary.Path));
    }

    [Fact]
    public void Nothing_that_is_not_ours_is_ever_replaced()
    {
        File.WriteAllText(_temporary["file"], "mine");
        Directory.CreateDirectory(_temporary["photos"]);
        File.WriteAllText(_temporary["photos", "cat.png"], "mine");
        Directory.CreateDirectory(_temporary["json"]);
        File.WriteAllText(_temporary["json", ArtifactManifest.FileName], "{}");
        using var exported = new SmallArtifact();
        File.WriteAllText(Path.Combine(exported.Folder, "notes.txt"), "mine");

        Refused(_temporary["file"], "it is a file");
        Refused(_temporary["photos"], "not an exported model");
        Refused(_temporary["json"], "is not ours");
        Refused(exported.Folder, "'notes.txt', which does not belong");
        Assert.Equal("mine", File.ReadAllText(_temporary["photos", "cat.png"]));
        Assert.Equal(["file", "json", "photos"], Directory.GetFileSystemEntries(_temporary.Path).Select(Path.GetFileName).Order());

        static void Refused(string folder, string cause) =>
            Assert.Contains(cause, Assert.Throws<BadInputException>(() => new FolderTransaction(folder)).Message);
    }

    [Fact]
    public void A_place_that_is_none_is_refused()
    {
        Refused("  ", "output folder: its path is empty; name a folder");
        Refused("/", "");
        Refused(Environment.CurrentDirectory, "");
        File.WriteAllText(_temporary["file"], "mine");
        Refused(_temporary["file", "below", "model"], "it cannot be written");
        Assert.Equal([_temporary["file"]], Directory.GetFileSystemEntries(_temporary.Path));

        static void Refused(string folder, string cause) =>
            Assert.Contains(cause, Assert.Throws<BadInputException>(() => new FolderTransaction(folder)).Message);
    }

    [Fact]
    public void What_somebody_put_there_meanwhile_is_not_replaced()
    {
        using (var transaction = new FolderTransaction(_temporary["model"]))
        {
            Directory.CreateDirectory(_temporary["model"]);
            File.WriteAllText(_temporary["model", "cat.png"], "mine");
            Assert.Contains("it exists and is not an exported model", Assert.Throws<BadInputException>(transaction.Commit).Message);
        }

        Assert.Equal([_temporary["model"]], Directory.GetFileSystemEntries(_temporary.Path));
        Assert.Equal("mine", File.ReadAllText(_temporary["model", "cat.png"]));
    }

    [Fact]
    public void Only_what_is_of_its_own_kind_is_replaced()
    {
        var kind = new FolderKind("a run", "run.json", _ => ["weights"]);
        using (var transaction = new FolderTransaction(_temporary["run"], kind))
        {
            File.WriteAllText(Path.Combine(transaction.Staging, "run.json"), "1");
            File.WriteAllText(Path.Combine(transaction.Staging, "weights"), "1");
            transaction.Commit();
        }

        var error = Assert.Throws<BadInputException>(() => new FolderTransaction(_temporary["run"]));
        Assert.Contains("is not an exported model", error.Message);
        using (var transaction = new FolderTransaction(_temporary["run"], kind))
        {
            File.WriteAllText(Path.Combine(transaction.Staging, "run.json"), "2");
            transaction.Commit();
        }

        Assert.Equal("2", File.ReadAllText(_temporary["run", "run.json"]));
        Assert.Equal([_temporary["run", "run.json"]], Directory.GetFileSystemEntries(_temporary["run"]));
        Assert.Equal([_temporary["run"]], Directory.GetFileSystemEntries(_temporary.Path));
    }

    [Fact]
    public void An_older_artifact_stays_until_the_new_one_is_whole()
    {
        using var exported = new SmallArtifact();
        var before = File.ReadAllBytes(Path.Combine(exported.Folder, "model.fp32.onnx"));
        using (var abandoned = new FolderTransaction(exported.Folder)) File.WriteAllText(Path.Combine(abandoned.Staging, "x"), "half");
        Assert.Equal(before, File.ReadAllBytes(Path.Combine(exported.Folder, "model.fp32.onnx")));

        using (var transaction = new FolderTransaction(exported.Folder))
        {
            File.WriteAllText(Path.Combine(transaction.Staging, "new"), "whole");
            transaction.Commit();
        }

        Assert.Equal(["new"], Directory.GetFileSystemEntries(exported.Folder).Select(Path.GetFileName));
        Assert.Single(Directory.GetFileSystemEntries(Path.GetDirectoryName(exported.Folder)!));
    }
}
