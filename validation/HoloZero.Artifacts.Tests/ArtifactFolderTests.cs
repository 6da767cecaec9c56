using System.Text.Json.Nodes;

namespace HoloZero.Artifacts.Tests;

public sealed class ArtifactFolderTests : IDisposable
{
    private readonly SmallArtifact _exported = new();

    private string ManifestPath => Path.Combine(_exported.Folder, ArtifactManifest.FileName);

    public void Dispose() => _exported.Dispose();

    [Fact]
    public void A_sound_folder_opens_and_its_manifest_survives_a_round_trip()
    {
        var manifest = ArtifactFolder.Open(_exported.Folder).Manifest;
        Assert.Equal(File.ReadAllText(ManifestPath), manifest.ToJson());
        Assert.Equal(("AsymDec", 64, 2, 4, 2, "causal"), (manifest.Model.Architecture, manifest.Model.Dim, manifest.Model.DecLayers,
            manifest.Model.Heads, manifest.Model.SlotBytes, manifest.Model.PrefixAttention));
    }

    [Fact]
    public void A_changed_byte_in_a_file_is_told_with_its_name()
    {
        var path = Path.Combine(_exported.Folder, "model.fp32.onnx");
        var bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(path, bytes);
        Refused("model.fp32.onnx has SHA-256");
        Assert.NotNull(ArtifactFolder.Open(_exported.Folder, verifyHashes: false));
    }

    [Fact]
    public void A_missing_or_longer_file_is_told_with_its_name()
    {
        File.AppendAllText(Path.Combine(_exported.Folder, "golden.safetensors"), "x");
        Refused("golden.safetensors has");
        File.Delete(Path.Combine(_exported.Folder, "golden.safetensors"));
        Refused("golden.safetensors, which is missing");
    }

    [Theory]
    [InlineData("format", "\"other\"", "its format is not")]
    [InlineData("format_version", "2", "its format version is 2")]
    [InlineData("model", "null", "not a sound manifest")]
    [InlineData("files", "{\"../../etc/passwd\": {\"bytes\": 1, \"sha256\": \"\"}}", "without listing its hash")]
    [InlineData("variants", "[]", null)]
    public void A_manifest_that_was_edited_is_refused(string key, string value, string? cause)
    {
        var json = JsonNode.Parse(File.ReadAllText(ManifestPath))!.AsObject();
        json[key] = JsonNode.Parse(value);
        File.WriteAllText(ManifestPath, json.ToJsonString());
        if (cause is null)
        {
            Assert.Contains("lists no variant",
                Assert.Throws<BadInputException>(() => ArtifactFolder.Open(_exported.Folder).Variant(null)).Message);
        }
        else Refused(cause);
    }

    [Fact]
    public void A_manifest_cannot_reach_out_of_its_folder()
    {
        var json = JsonNode.Parse(File.ReadAllText(ManifestPath))!.AsObject();
        json["files"]!.AsObject()["../outside"] = JsonNode.Parse("""{"bytes": 1, "sha256": "00"}""");
        File.WriteAllText(ManifestPath, json.ToJsonString());
        Refused("'../outside', which is not a plain file name");
    }

    [Fact]
    public void A_manifest_without_a_required_part_is_refused()
    {
        var json = JsonNode.Parse(File.ReadAllText(ManifestPath))!.AsObject();
        json["variants"]![0]!.AsObject().Remove("signature");
        File.WriteAllText(ManifestPath, json.ToJsonString());
        Refused("not a sound manifest");
    }

    [Fact]
    public void An_unknown_variant_is_told_with_those_there_are()
    {
        var error = Assert.Throws<BadInputException>(() => ArtifactFolder.Open(_exported.Folder).Variant("int2"));
        Assert.Contains("no variant 'int2', only fp32", error.Message);
    }

    private void Refused(string cause)
    {
        var error = Assert.Throws<BadInputException>(() => ArtifactFolder.Open(_exported.Folder));
        Assert.Contains(cause, error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }
}
