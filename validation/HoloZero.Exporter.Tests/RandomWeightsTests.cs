using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Reference;
using HoloZero.Runtime;
using HoloZero.Testing;

namespace HoloZero.Exporter.Tests;

public sealed class RandomWeightsTests : IDisposable
{
    private static readonly AsymDecConfig Small = new(dim: 54, decLayers: 1, heads: 3, slotBytes: 2);
    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void The_same_seed_gives_the_same_graph_and_another_seed_another()
    {
        Export("first", 7);
        Export("again", 7);
        Export("other", 8);
        const string graph = "model.portable.onnx";
        var first = File.ReadAllBytes(_temporary["first", graph]);
        Assert.Equal(first, File.ReadAllBytes(_temporary["again", graph]));
        Assert.NotEqual(first, File.ReadAllBytes(_temporary["other", graph]));
        Assert.Equal(Source("first").Sha256, Source("again").Sha256);
        Assert.NotEqual(Source("first").Sha256, Source("other").Sha256);
    }

    [Fact]
    public void The_manifest_says_that_the_weights_are_random_and_how_to_make_them_again()
    {
        Export("model", 7);
        var source = Source("model");
        Assert.Equal(("random weights: dim 54, dec_layers 1, heads 3, K 2, seed 7", "random"), (source.File, source.Format));
        Assert.Equal(["float32"], source.StoredTypes);
    }

    [Fact]
    public void The_runtime_agrees_with_the_reference_on_them()
    {
        Export("model", 7);
        using var model = HoloZeroModel.Load(_temporary["model"]);
        Assert.All(SelfCheck.Run(model), check => Assert.True(check.Passed, check.ToString()));
    }

    [Fact]
    public void The_numbers_are_those_of_the_documented_generator()
    {
        // Computed by a few lines of Python from the remarks on RandomWeights.
        var weights = new RandomWeights(Small, 7).LoadWeights(AsymDec.ParameterShapes(Small));
        Assert.Equal([0.21142208576202393f, 0.006168050691485405f, -0.13353200256824493f, 0.05716686323285103f],
            weights["head.weight"].Data[..4]);
        Assert.Equal([0.5097692012786865f], weights["mem_blocks.0.gate"].Data);
        Assert.Equal([0.9995110630989075f, 1.0165075063705444f], weights["norm.weight"].Data[..2]);
        Assert.Equal([-0.012830750085413456f, 0.007042799144983292f], weights["norm.bias"].Data[..2]);
    }

    [Fact]
    public void Matrices_are_bell_shaped_with_the_variance_of_a_fresh_network()
    {
        var shapes = new Dictionary<string, int[]> { ["wide.weight"] = [64, 1024] };
        var data = new RandomWeights(Small, 1).LoadWeights(shapes)["wide.weight"].Data;
        var deviation = 1 / Math.Sqrt(1024);
        Assert.InRange(data.Average(), -0.02 * deviation, 0.02 * deviation);
        Assert.InRange(Math.Sqrt(data.Average(x => (double)x * x)), 0.98 * deviation, 1.02 * deviation);
        Assert.InRange(data.Count(x => Math.Abs(x) < deviation) / (double)data.Length, 0.64, 0.70);
    }

    [Fact]
    public void The_published_size_is_known_by_name_and_others_come_from_a_file()
    {
        Assert.Equal(new AsymDecConfig(512, 6, 8, 8), RandomWeights.Open("published", 1).Config);
        var file = _temporary["config.json"];
        File.WriteAllText(file, """{"dim": 54, "dec_layers": 1, "heads": 3, "K": 2, "door": "zero"}""");
        Assert.Equal(Small, RandomWeights.Open(file, 1).Config);
    }

    [Theory]
    [InlineData("""{"dim": 54, "dec_layers": 1, "heads": 3, "K": 2}""", "door")]
    [InlineData("""{"dim": 54, "dec_layers": 1, "heads": 3, "K": 2, "door": "learned"}""", "door is 'learned'")]
    [InlineData("""{"dim": 54, "dec_layers": 1, "heads": 5, "K": 2, "door": "zero"}""", "heads is 5")]
    [InlineData("""{"dim": 54.5, "dec_layers": 1, "heads": 3, "K": 2, "door": "zero"}""", "dim")]
    [InlineData("[1]", "no JSON object")]
    [InlineData("{", "not JSON")]
    public void A_file_that_describes_no_network_is_refused(string content, string cause)
    {
        var file = _temporary["config.json"];
        File.WriteAllText(file, content);
        var error = Assert.Throws<BadInputException>(() => RandomWeights.Open(file, 1));
        Assert.Contains(cause, error.Message);
        Assert.Contains("config.json", error.Message);
    }

    private ArtifactManifest.SourceInfo Source(string name) => ArtifactFolder.Open(_temporary[name]).Manifest.Source;

    private void Export(string name, ulong seed) =>
        ArtifactExporter.Export(new RandomWeights(Small, seed), _temporary[name], new() { Variants = ["portable"] },
            new ReferenceEngine());
}
