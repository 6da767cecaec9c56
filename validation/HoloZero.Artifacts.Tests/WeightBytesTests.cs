using System.Text.Json.Nodes;
using HoloZero.Testing;

namespace HoloZero.Artifacts.Tests;

/// <summary>What a manifest may say of a graph's weights: nothing, or a positive number.</summary>
public sealed class WeightBytesTests : IDisposable
{
    private readonly ExportedModel _exported = new(Repository.Golden("tiny.pt"), options: new() { Variants = ["portable"] });

    private string ManifestPath => Path.Combine(_exported.Folder, ArtifactManifest.FileName);

    public void Dispose() => _exported.Dispose();

    [Fact]
    public void An_older_manifest_says_nothing_and_is_read()
    {
        Edit(variant => Assert.True(variant.Remove("weight_bytes")));
        Assert.Null(ArtifactFolder.Open(_exported.Folder).Manifest.Variants[0].WeightBytes);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void A_number_that_is_not_positive_is_refused(long bytes)
    {
        Assert.True(ArtifactFolder.Open(_exported.Folder).Manifest.Variants[0].WeightBytes > 0);
        Edit(variant => variant["weight_bytes"] = bytes);
        Assert.Contains($"weight_bytes {bytes}", Assert.Throws<BadInputException>(() => ArtifactManifest.Read(ManifestPath)).Message);
    }

    private void Edit(Action<JsonObject> edit)
    {
        var json = JsonNode.Parse(File.ReadAllText(ManifestPath))!;
        edit(json["variants"]![0]!.AsObject());
        File.WriteAllText(ManifestPath, json.ToJsonString());
    }
}
