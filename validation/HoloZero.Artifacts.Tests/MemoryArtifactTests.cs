using System.IO.Compression;
using HoloZero.Testing;

namespace HoloZero.Artifacts.Tests;

/// <summary>Artifacts in memory and in archives: the rules of a folder hold there, too.</summary>
public sealed class MemoryArtifactTests : IDisposable
{
    private readonly ExportedModel _exported = new(Repository.Golden("tiny.pt"));

    public void Dispose() => _exported.Dispose();

    [Fact]
    public void It_has_the_folders_manifest_and_bytes()
    {
        var (folder, memory) = (ArtifactFolder.Open(_exported.Folder), ArtifactFolder.Open(Files()));
        Assert.Equal(folder.Manifest.ToJson(), memory.Manifest.ToJson());
        foreach (var name in folder.Manifest.Files.Keys)
        {
            using var stream = memory.OpenRead(name);
            Assert.Equal(File.ReadAllBytes(folder.PathOf(name)), InputFile.ReadBytes(name, stream));
            Assert.Null(folder.BytesOf(name));
        }

        using var tensors = memory.OpenTensors(folder.Manifest.Golden.File);
        using var onDisk = folder.OpenTensors(folder.Manifest.Golden.File);
        Assert.Equal(onDisk.Sha256(), tensors.Sha256());
        Assert.Equal(onDisk.Entries.Select(entry => entry.Name), tensors.Entries.Select(entry => entry.Name));
        var logits = tensors.Entries.First(entry => entry.Name.EndsWith(".logits", StringComparison.Ordinal)).Name;
        Assert.Equal(onDisk.ReadFloat64(logits), tensors.ReadFloat64(logits));
    }

    [Theory]
    [InlineData("")]
    [InlineData("demo/")]
    public void An_archive_may_hold_the_files_or_their_folder(string folder)
    {
        using var archive = Archive(Files(), folder);
        var manifest = File.ReadAllText(Path.Combine(_exported.Folder, ArtifactManifest.FileName));
        Assert.Equal(manifest, ArtifactFolder.Open(archive).Manifest.ToJson());
    }

    [Fact]
    public void A_changed_byte_is_told_with_its_name_where_hashes_are_asked_for()
    {
        var files = Files();
        var bytes = files["model.fp32.onnx"].ToArray();
        bytes[^1] ^= 1;
        files["model.fp32.onnx"] = bytes;
        Refused("model.fp32.onnx has SHA-256", () => ArtifactFolder.Open(files));
        var unverified = ArtifactFolder.Open(files, verifyHashes: false);
        Refused("model.fp32.onnx has SHA-256", () => unverified.VerifyHashes(unverified.Variant(null)));
    }

    [Fact]
    public void What_is_missing_or_longer_is_told_with_its_name()
    {
        var files = Files();
        files["golden.safetensors"] = new byte[files["golden.safetensors"].Length + 1];
        Refused("golden.safetensors has", () => ArtifactFolder.Open(files));
        using var archive = Archive(files, "");
        Refused("golden.safetensors has", () => ArtifactFolder.Open(archive));
        files.Remove("golden.safetensors");
        Refused("golden.safetensors, which is missing", () => ArtifactFolder.Open(files));
        files.Remove(ArtifactManifest.FileName);
        Refused("it holds no holozero.json", () => ArtifactFolder.Open(files));
        using var empty = Archive(files, "");
        Refused("it holds no holozero.json", () => ArtifactFolder.Open(empty));
    }

    [Fact]
    public void Weights_beside_a_graph_are_no_artifact_in_memory()
    {
        using var small = new SmallArtifact();
        Refused("'model.fp32.onnx.data' beside it, which memory cannot hold; load the artifact from a folder, or",
            () => ArtifactFolder.Open(Files(small.Folder)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1000)]
    public void What_is_no_archive_is_refused(int length)
    {
        using var stream = new MemoryStream(Enumerable.Repeat((byte)'P', length).ToArray());
        Refused("it is no sound zip archive", () => ArtifactFolder.Open(stream));
    }

    [Fact]
    public void An_archive_that_promises_more_than_the_manifest_is_not_unpacked()
    {
        var files = Files();
        // A thousand times smaller in the archive than it would be in memory.
        files["golden.safetensors"] = new byte[200 << 20];
        using var archive = Archive(files, "");
        files = [];
        GC.Collect();
        var before = GC.GetTotalAllocatedBytes(precise: true);
        Refused("golden.safetensors has", () => ArtifactFolder.Open(archive));
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 100 << 20);
    }

    [Fact]
    public void A_newer_version_is_refused_in_one_line_whatever_else_stands_in_it()
    {
        var files = new Dictionary<string, ReadOnlyMemory<byte>>
        {
            [ArtifactManifest.FileName] = """{"format": "holozero-artifact", "format_version": 2, "model": [1, 2]}"""u8.ToArray(),
        };
        Refused("its format version is 2, this program reads 1; update HoloZero, or export the model again with this release",
            () => ArtifactFolder.Open(files));
    }

    private static void Refused(string cause, Action open)
    {
        var message = Assert.Throws<BadInputException>(open).Message;
        Assert.Contains(cause, message);
        Assert.DoesNotContain('\n', message);
    }

    private Dictionary<string, ReadOnlyMemory<byte>> Files() => Files(_exported.Folder);

    private static Dictionary<string, ReadOnlyMemory<byte>> Files(string folder) => Directory.GetFiles(folder)
        .ToDictionary(path => Path.GetFileName(path), path => (ReadOnlyMemory<byte>)File.ReadAllBytes(path));

    private static MemoryStream Archive(Dictionary<string, ReadOnlyMemory<byte>> files, string folder)
    {
        var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, bytes) in files)
            {
                using var entry = archive.CreateEntry(folder + name).Open();
                entry.Write(bytes.Span);
            }
        }

        stream.Position = 0;
        return stream;
    }
}
