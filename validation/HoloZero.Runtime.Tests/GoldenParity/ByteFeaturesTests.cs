using System.Text.Json.Nodes;
using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Testing;

namespace HoloZero.Runtime.Tests;

/// <summary>The features that an artifact computes, against those of the published code.</summary>
public sealed class ByteFeaturesTests(TinyArtifacts tiny)
{
    [Fact]
    public void They_are_the_published_ones()
    {
        using var features = ByteFeatures.Load(ArtifactFolder.Open(tiny.Folder(PrefixAttention.Causal)));
        using var golden = SafetensorsFile.Open(Repository.Golden("front-door.golden.safetensors"));
        var cases = golden.Entries.Select(entry => entry.Name).Where(name => name.EndsWith(".bytes", StringComparison.Ordinal))
            .Select(name => name[..^".bytes".Length]);
        var compared = 0;
        foreach (var name in cases)
        {
            var bytes = golden.ReadBytes($"{name}.bytes");
            if (bytes.Length == 0) continue;
            var expected = golden.ReadFloat64($"{name}.features").Select(value => (float)value).ToArray();
            Assert.Null(TensorComparison.Mismatch<float, float>(name, features.Compute(bytes), expected, 1e-6, rowLength: 27));
            compared++;
        }

        Assert.True(compared > 3);
    }

    [Fact]
    public void Each_column_has_a_name_of_its_own_and_is_what_it_says()
    {
        using var features = ByteFeatures.Load(ArtifactFolder.Open(tiny.Folder(PrefixAttention.Causal)));
        Assert.Equal(
        [
            "dxor.0", "dxor.1", "dxor.2", "dxor.3", "dxor.4", "dxor.5", "dxor.6", "dxor.7", "d2xor.0", "d2xor.1", "d2xor.2", "d2xor.3",
            "d2xor.4", "d2xor.5", "d2xor.6", "d2xor.7", "boundary", "fourier.re0", "fourier.re1", "fourier.re2", "fourier.re3",
            "fourier.re4", "fourier.im1", "fourier.im2", "fourier.im3", "phase.cos", "phase.sin",
        ], features.Channels.Select(channel => channel.Name));
        // 0x80: one bit, the most significant; its Gray code has two.
        var row = features.Compute([0x80]).Zip(features.Channels).ToDictionary(pair => pair.Second.Name, pair => pair.First);
        Assert.Equal((1, 1, 0), (row["dxor.0"], row["dxor.1"], row["dxor.2"]));
        Assert.Equal((1, 1, 0), (row["fourier.re0"], row["fourier.re4"], row["fourier.im1"]));
        Assert.Equal((-1f, 0f), (MathF.Round(row["phase.cos"], 5), MathF.Round(row["phase.sin"], 5)));
    }

    [Fact]
    public void An_artifact_of_an_earlier_release_says_so_and_generates()
    {
        using var folder = new TemporaryFolder();
        foreach (var file in Directory.GetFiles(tiny.Folder(PrefixAttention.Causal))) File.Copy(file, folder[Path.GetFileName(file)]);
        var manifest = JsonNode.Parse(File.ReadAllText(folder[ArtifactManifest.FileName]))!;
        manifest.AsObject().Remove("features");
        File.WriteAllText(folder[ArtifactManifest.FileName], manifest.ToJsonString());
        var error = Assert.Throws<BadInputException>(() => ByteFeatures.Load(ArtifactFolder.Open(folder.Path)));
        Assert.Equal($"{folder.Path}: its graph of features is missing: an earlier release exported it; export it again", error.Message);
        using var model = HoloZeroModel.Load(folder.Path);
    }

    [Fact]
    public void A_damaged_graph_is_refused()
    {
        using var folder = new TemporaryFolder();
        foreach (var file in Directory.GetFiles(tiny.Folder(PrefixAttention.Causal))) File.Copy(file, folder[Path.GetFileName(file)]);
        var artifact = ArtifactFolder.Open(folder.Path);
        var bytes = File.ReadAllBytes(folder["features.onnx"]);
        bytes[^1] ^= 1;
        File.WriteAllBytes(folder["features.onnx"], bytes);
        Assert.Contains("features.onnx has SHA-256", Assert.Throws<BadInputException>(() => ByteFeatures.Load(artifact)).Message);
    }

    [Fact]
    public void None_and_too_many_bytes_are_refused()
    {
        using var features = ByteFeatures.Load(ArtifactFolder.Open(tiny.Folder(PrefixAttention.Causal)));
        Assert.Throws<BadInputException>(() => features.Compute([]));
        Assert.Throws<BadInputException>(() => features.Compute(new byte[ByteFeatures.MaxBytes + 1]));
        Assert.Equal(27 * 300, features.Compute(new byte[300]).Length);
    }
}
