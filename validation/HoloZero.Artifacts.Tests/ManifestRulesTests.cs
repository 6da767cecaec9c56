using System.Text.Json.Nodes;
using HoloZero.Testing;

namespace HoloZero.Artifacts.Tests;

/// <summary>A sound manifest with one value changed: each rule, at its edge.</summary>
public sealed class ManifestRulesTests
{
    private static readonly string Sound =
        File.ReadAllText(Path.Combine(Repository.Root, "validation", "HoloZero.Fuzz", "corpus", "manifest", "tiny.json"));

    [Theory]
    [InlineData("model.architecture", "\"GPT\"", "architecture 'GPT' is unknown")]
    [InlineData("model.door", "\"learned\"", "door 'learned' is unknown")]
    [InlineData("model.prefix_attention", "\"none\"", "prefix_attention 'none' is unknown")]
    [InlineData("model.prefix_attention", "\"bidirectional\"", null)]
    [InlineData("model.vocabulary", "257", "vocabulary, mask_id and eos_id")]
    [InlineData("model.mask_id", "0", "vocabulary, mask_id and eos_id")]
    [InlineData("model.eos_id", "0", "vocabulary, mask_id and eos_id")]
    [InlineData("model.dim", "0", "dim 0 is not within")]
    [InlineData("model.dim", "65536", null)]
    [InlineData("model.dim", "65537", "dim 65537 is not within")]
    [InlineData("model.slot_bytes", "0", "slot_bytes 0 is not within 1 to 2")]
    [InlineData("model.slot_bytes", "1", null)]
    [InlineData("model.slot_bytes", "2", null)]
    [InlineData("model.slot_bytes", "3", "slot_bytes 3 is not within 1 to 2")]
    [InlineData("files.golden~safetensors", "null", "a file has no size and hash")]
    [InlineData("golden.engines.0", "null", "an engine is null")]
    [InlineData("variants.0", "null", "a variant is null")]
    [InlineData("variants.0.logits_tolerance", "0", "logits_tolerance 0 is not positive")]
    [InlineData("variants.0.logits_tolerance", "-1", "logits_tolerance -1 is not positive")]
    [InlineData("variants.0.logits_tolerance", "1e-300", null)]
    [InlineData("variants.0.signature.state.0", "null", "a piece of state is null")]
    [InlineData("variants.0.signature.stream.name", "\"prefix\"", "'prefix' is named twice")]
    [InlineData("variants.0.signature.state.0.past.name", "\"stream\"", "'stream' is named twice")]
    [InlineData("variants.0.signature.state.0.present.name", "\"logits\"", "'logits' is named twice")]
    [InlineData("variants.0.signature.stream.type", "\"text\"", "has the unknown type 'text'")]
    [InlineData("variants.0.signature.state.0.present.type", "\"text\"", "has the unknown type 'text'")]
    [InlineData("variants.0.signature.logits.shape.0", "-1", "an axis is a length or a name")]
    [InlineData("variants.0.signature.logits.shape.0", "1.5", "an axis is a length or a name")]
    [InlineData("variants.0.signature.logits.shape.0", "null", "an axis is a length or a name")]
    [InlineData("variants.0.signature.logits.shape.0", "7", null)]
    [InlineData("features", "null", null)]
    [InlineData("features", "{}", "it is not a sound manifest")]
    public void One_value_decides(string path, string value, string? cause)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder[ArtifactManifest.FileName], With(path, value));
        var error = Record.Exception(() => ArtifactManifest.Read(folder[ArtifactManifest.FileName]));
        if (cause is null) Assert.Null(error);
        else Assert.Contains(cause, Assert.IsType<BadInputException>(error).Message);
    }

    [Theory]
    [InlineData("rows", "1", "rows 1 is not within 2 to 32")]
    [InlineData("rows", "33", "rows 33 is not within 2 to 32")]
    [InlineData("rows", "3", "does not give every piece of state after each row")]
    [InlineData("file", "\"model.fp32.onnx\"", "is not named after 'model.fp32.onnx'")]
    [InlineData("file", "\"other.onnx\"", "its file 'other.onnx' is not named after")]
    [InlineData("presents.0", "[\"a\"]", "does not give every piece of state after each row")]
    [InlineData("presents.0", "null", "does not give every piece of state after each row")]
    [InlineData("presents.0.1", "\"present.0.0\"", "'present.0.0' is named twice")]
    [InlineData("presents.0.1", "null", "an input or output has no name")]
    [InlineData("stream.name", "\"logits\"", "'logits' is named twice")]
    [InlineData("stream.shape.1", "3", "its bytes or logits are not 2 rows")]
    [InlineData("logits.shape.1", "\"rows\"", "its bytes or logits are not 2 rows")]
    [InlineData("logits.type", "\"float16\"", "its bytes or logits are not 2 rows")]
    [InlineData("file", "\"model.fp32.onnx.check.onnx\"", null)]
    public void A_check_graph_gives_what_its_variant_does_row_by_row(string path, string value, string? cause)
    {
        var sound = JsonNode.Parse(Sound)!;
        var variant = sound["variants"]![0]!;
        var signature = variant["signature"]!;
        var pieces = signature["state"]!.AsArray().Count;
        variant["check"] = new JsonObject
        {
            ["file"] = "model.fp32.onnx.check.onnx",
            ["rows"] = 2,
            ["stream"] = signature["stream"]!.DeepClone(),
            ["logits"] = signature["logits"]!.DeepClone(),
            ["presents"] = new JsonArray([.. Enumerable.Range(0, pieces).Select(i => new JsonArray($"present.{i}.0", $"present.{i}.1"))]),
        };
        variant["check"]!["stream"]!["shape"]![1] = 2;
        variant["check"]!["logits"]!["shape"]![1] = 2;
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder[ArtifactManifest.FileName], With(sound, $"variants.0.check.{path}", value));
        var error = Record.Exception(() => ArtifactManifest.Read(folder[ArtifactManifest.FileName]));
        if (cause is null) Assert.Null(error);
        else Assert.Contains(cause, Assert.IsType<BadInputException>(error).Message);
    }

    [Theory]
    [InlineData("input.type", "\"float32\"", "its features: 'bytes' is 'float32', not uint8")]
    [InlineData("output.type", "\"uint8\"", "its features: 'features' is 'uint8', not float32")]
    [InlineData("input.name", "\"\"", "its features: '' is no name of an input or output")]
    [InlineData("input.type", "\"complex\"", "its features: 'bytes' has the unknown type 'complex'")]
    [InlineData("input.shape.1", "\"\"", "its features: 'bytes' has an axis '', which is no name")]
    [InlineData("output.shape.1", "\"a\\nb\"", "its features: 'features' has an axis 'a\\u000ab', which is no name")]
    [InlineData("output.shape", "[1,1,1,1,1,1,1,1,1]", "its features: 'features' has 9 axes, more than 8")]
    [InlineData("input.shape", "[1]", "its features: 'bytes' has 1 axes, not 2")]
    [InlineData("output.shape.2", "3", "its features: its output has rows of 3, and there are 2 channels")]
    [InlineData("channels", "[]", "its features: it lists 0 channels, allowed are 1 to 4,096")]
    [InlineData("channels.0", "null", "its features: a channel has no plain name, group and description")]
    [InlineData("channels.0.description", "\"a\\nb\"", "its features: a channel has no plain name, group and description")]
    [InlineData("channels.1.name", "\"a\"", "its features: two channels have one name")]
    [InlineData("channels.1.name", "\"c\"", null)]
    public void So_it_is_with_features(string path, string value, string? cause)
    {
        var features = JsonNode.Parse("""
            {"file": "features.onnx", "input": {"name": "bytes", "type": "uint8", "shape": [1, "bytes"]},
            "output": {"name": "features", "type": "float32", "shape": [1, "bytes", 2]},
            "channels": [{"name": "a", "group": "g", "description": "what"}, {"name": "b", "group": "g", "description": "what"}]}
            """)!;
        One_value_decides("features", With(features, path, value), cause);
    }

    [Fact]
    public void An_axis_is_a_length_or_a_name()
    {
        Dimension length = 7, name = "batch";
        Assert.Equal((7L, null, "7"), (length.Length, length.Name, length.ToString()));
        Assert.Equal((null, "batch", "batch"), (name.Length, name.Name, name.ToString()));
        Assert.NotEqual(length, name);
    }

    [Fact]
    public void A_loss_is_a_share_of_the_baseline() =>
        Assert.Equal(0.5, new ArtifactManifest.QualityInfo(3, 2, 100, "").Loss);

    /// <summary>The manifest with the value at a path of keys and places; a tilde in a key stands for a dot.</summary>
    private static string With(string path, string value) => With(JsonNode.Parse(Sound)!, path, value);

    private static string With(JsonNode root, string path, string value)
    {
        var steps = path.Split('.').Select(step => step.Replace('~', '.')).ToArray();
        var parent = steps[..^1].Aggregate(root, Step);
        if (parent is JsonArray list) list[int.Parse(steps[^1])] = JsonNode.Parse(value);
        else parent[steps[^1]] = JsonNode.Parse(value);
        return root.ToJsonString();

        static JsonNode Step(JsonNode node, string step) => node is JsonArray list ? list[int.Parse(step)]! : node[step]!;
    }
}
