using HoloZero.Testing;

namespace HoloZero.Artifacts.Tests;

/// <summary>What an artifact's folder may lack or hold instead, and which fault is told of which file.</summary>
public sealed class DamagedFolderTests : IDisposable
{
    private const string Manifest = ArtifactManifest.FileName, Graph = "model.fp32.onnx", Golden = "golden.safetensors";
    private readonly TemporaryFolder _folder = new();

    public DamagedFolderTests()
    {
        var sound = File.ReadAllText(Path.Combine(Repository.Root, "validation", "HoloZero.Fuzz", "corpus", "manifest", "tiny.json"));
        File.WriteAllText(_folder[Manifest], sound);
        // A model of ONNX in so far as it has a version and a producer.
        File.WriteAllText(_folder[Graph], "\u0008\u0008\u0012\u0005graph");
        File.WriteAllText(_folder[Golden], "golden");
        foreach (var name in new[] { Graph, Golden })
        {
            var file = ArtifactManifest.Read(_folder[Manifest]).Files[name];
            sound = sound.Replace($"\"bytes\":{file.Bytes},", $"\"bytes\":{new FileInfo(_folder[name]).Length},")
                .Replace(file.Sha256, FileHash.Sha256(_folder[name]));
        }
        File.WriteAllText(_folder[Manifest], sound);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_sound_folder_has_no_fault()
    {
        var artifact = ArtifactFolder.Open(_folder.Path);
        Assert.Empty(artifact.Faults());
        artifact.VerifyHashes(artifact.Variant("fp32"));
        Assert.Equal(artifact.Variant(null), artifact.Variant("fp32"));
        Assert.Equal((_folder.Path, _folder[Graph]), (artifact.Path, artifact.PathOf(Graph)));
    }

    [Fact]
    public void What_is_no_artifact_is_told_apart()
    {
        Refused(_folder["nothing"], "no such folder");
        Refused(_folder[Graph], "it is a file, not a folder");
        File.Delete(_folder[Manifest]);
        Refused(_folder.Path, $"it holds no {Manifest}");

        static void Refused(string path, string cause) =>
            Assert.Contains(cause, Assert.Throws<BadInputException>(() => ArtifactFolder.OpenUnverified(path)).Message);
    }

    [Fact]
    public void Every_fault_is_told_with_what_is_there_and_what_should_be()
    {
        var artifact = ArtifactFolder.OpenUnverified(_folder.Path);
        File.WriteAllText(_folder[Graph], "\u0008\u0008\u0012\u0005GRAPH");
        File.WriteAllText(_folder[Golden], "gold");
        var faults = artifact.Faults().ToDictionary(fault => fault.File);
        Assert.Equal([Golden, Graph], faults.Keys.Order());
        Assert.Equal(("4 bytes", "6 bytes"), (faults[Golden].Actual, faults[Golden].Expected));
        Assert.Equal((FileHash.Sha256(_folder[Graph]), artifact.Manifest.Files[Graph].Sha256),
            (faults[Graph].Actual, faults[Graph].Expected));

        // Without hashes lengths alone tell.
        Assert.Equal([Golden], artifact.Faults(verifyHashes: false).Select(fault => fault.File));
        File.Delete(_folder[Golden]);
        Assert.Equal("missing", Assert.Single(artifact.Faults(verifyHashes: false)).Actual);
    }

    [Fact]
    public void A_variant_is_verified_by_its_own_files()
    {
        var artifact = ArtifactFolder.Open(_folder.Path);
        File.WriteAllText(_folder[Golden], "GOLDEN");
        artifact.VerifyHashes(artifact.Variant(null));
        File.WriteAllText(_folder[Graph], "\u0008\u0008\u0012\u0005GRAPH");
        Assert.Contains(Graph, Assert.Throws<BadInputException>(() => artifact.VerifyHashes(artifact.Variant(null))).Message);
    }

    [Fact]
    public void A_file_that_is_used_must_be_listed()
    {
        File.WriteAllText(_folder[Manifest], File.ReadAllText(_folder[Manifest]).Replace($"\"file\":\"{Golden}\"", "\"file\":\"other\""));
        var fault = ArtifactFolder.OpenUnverified(_folder.Path).Faults().First();
        Assert.Equal(("other", "not listed"), (fault.File, fault.Actual));
    }

    [Fact]
    public void A_hash_is_that_of_the_whole_file_and_leaves_its_position()
    {
        // SHA-256 of nothing, and of a million times "a", from FIPS 180-2.
        File.WriteAllBytes(_folder["nothing"], []);
        Assert.Equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", FileHash.Sha256(_folder["nothing"]));
        File.WriteAllText(_folder["million"], new string('a', 1_000_000));
        using var stream = File.OpenRead(_folder["million"]);
        stream.Position = 7;
        Assert.Equal("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
            FileHash.Sha256("million", stream.SafeFileHandle));
        Assert.Equal(7, stream.Position);
        Assert.Contains("no such file", Assert.Throws<BadInputException>(() => FileHash.Sha256(_folder["none"])).Message);
    }
}
