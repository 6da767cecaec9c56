using HoloZero.Artifacts;
using HoloZero.Models.Checkpoints;
using HoloZero.Testing;

namespace HoloZero.Models.Tests.Checkpoints;

/// <summary>What a checkpoint says that this network does not know is named, with what it might mean.</summary>
public sealed class ForeignNamesTests
{
    [Fact]
    public void Keys_that_are_not_read_are_noted_with_a_meaning_where_there_is_one()
    {
        Assert.Empty(ForeignNames.Notes("its cfg", ["dim", "dec_layers", "heads", "K", "door"]));
        Assert.Equal(
            [
                "its cfg has 'origin_anchor', which is not read; it might mean a stream that begins with an origin byte: "
                    + "stream origin zero",
                "its cfg has 'colour', which is not read",
                "its cfg has '\\u001b[31m', which is not read",
            ],
            ForeignNames.Notes("its cfg", ["dim", "origin_anchor", "colour", "\u001b[31m"]));
    }

    [Fact]
    public void Tensors_that_do_not_belong_are_refused_with_a_meaning_where_there_is_one()
    {
        using var opened = Checkpoint.Open(Repository.Golden("bad", "unexpected-tensor.pt"));
        var error = Assert.Throws<BadInputException>(() => opened.LoadWeights(AsymDec.ParameterShapes(opened.Config)));
        Assert.Contains("1 unexpected: 'cross_blocks.0.q.weight' (attention from stream to prefix in blocks of its own, perhaps)",
            error.Message);
        Assert.Equal("", ForeignNames.OfTensors(["w"]));
    }

    [Theory]
    [InlineData("tiny.pt")]
    [InlineData("tiny.safetensors")]
    public void Ours_have_nothing_to_note(string name)
    {
        using var opened = Checkpoint.Open(Repository.Golden(name));
        Assert.Empty(opened.Notes);
    }

    [Fact]
    public void Metadata_of_a_safetensors_file_is_noted()
    {
        using var temporary = new TemporaryFolder();
        var (config, weights) = GoldenSuite.Tiny.Load();
        var writer = new SafetensorsWriter(new Dictionary<string, string>
        {
            ["cfg"] = """{"dim": 64, "dec_layers": 2, "heads": 4, "K": 2, "door": "zero", "prefix_lm": true}""",
        });
        foreach (var weight in weights.Values) writer.Add(weight.Name, [.. weight.Shape.Select(length => (long)length)], weight.Data);
        writer.Write(temporary["noted.safetensors"]);
        using var opened = Checkpoint.Open(temporary["noted.safetensors"]);
        Assert.Equal(config.Dim, opened.Config.Dim);
        Assert.Contains("'prefix_lm', which is not read; it might mean what a prefix position sees", Assert.Single(opened.Notes));
    }
}
