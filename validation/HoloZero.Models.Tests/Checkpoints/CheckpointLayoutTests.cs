using System.Text;
using HoloZero.Artifacts;
using HoloZero.Models.Checkpoints;
using HoloZero.Testing;

namespace HoloZero.Models.Tests.Checkpoints;

/// <summary>Checkpoints laid out otherwise than <c>{"model": .., "cfg": ..}</c>.</summary>
public class CheckpointLayoutTests
{
    private static readonly byte[] Six = CheckpointFile.Floats(0, 1, 2, 3, 4, 5);
    private static readonly Action<PickleWriter> Weights = p => p.Dict([("w", Vector)]);
    private static readonly Action<PickleWriter> Config = p => p.Dict([("dim", d => d.Int(64)), ("dec_layers", d => d.Int(2)),
        ("heads", d => d.Int(4)), ("K", d => d.Int(2)), ("door", d => d.Text("zero"))]);
    private static readonly Action<PickleWriter> TrainerConfig = p => p.Dict([("rate", d => d.Int(1))]);

    [Theory]
    [InlineData("state_dict", "cfg")]
    [InlineData("model_state_dict", "config")]
    [InlineData("model", "hparams")]
    [InlineData("state_dict", "hyper_parameters")]
    public void Other_names_in_use_are_read(string model, string config)
    {
        using var file = File((model, Weights), (config, Config));
        Assert.Equal([0, 1, 2, 3, 4, 5], file.Load(("w", [6]))["w"].Data);
    }

    [Fact]
    public void The_names_of_this_format_come_first_and_what_does_not_fit_is_passed_over()
    {
        Read(("model", Weights), ("state_dict", p => p.Dict([("other", Vector)])), ("cfg", Config), ("config", TrainerConfig));
        Read(("model", p => p.Text("AsymDec")), ("state_dict", Weights), ("cfg", Config));
        Read(("model", Weights), ("config", TrainerConfig), ("hparams", Config));
        Read(("model", Weights), ("dim", d => d.Int(64)), ("dec_layers", d => d.Int(2)), ("heads", d => d.Int(4)), ("K", d => d.Int(2)),
            ("door", d => d.Text("zero")));
        Read(("model", Weights), ("hparams", p => p.Global("argparse", "Namespace").Raw((byte)')', 0x81)
            .Dict([("dim", d => d.Int(64)), ("dec_layers", d => d.Int(2)), ("heads", d => d.Int(4)), ("K", d => d.Int(2)),
                ("door", d => d.Text("zero"))]).Raw((byte)'b')));
        Read(("model", Weights), ("cfg", p => p.Text("""{"dim": 64, "dec_layers": 2, "heads": 4, "K": 2, "door": "zero"}""")));

        static void Read(params (string, Action<PickleWriter>)[] content)
        {
            using var file = File(content);
            Assert.Equal([0, 1, 2, 3, 4, 5], file.Load(("w", [6]))["w"].Data);
        }
    }

    [Fact]
    public void What_is_not_clear_is_told()
    {
        Refused("both state_dict and model_state_dict could be meant", ("state_dict", Weights), ("model_state_dict", Weights),
            ("cfg", Config));
        Refused("both config and hparams could be meant", ("model", Weights), ("config", Config), ("hparams", Config));
        Refused("it has no model, only 'weights', 'cfg'", ("weights", Weights), ("cfg", Config));
        Refused("its config has no door", ("model", Weights), ("config", TrainerConfig));
        Refused("a bare state dict of 2 tensors, without a configuration", ("a", Vector), ("b", Vector));
        Refused("its cfg is not a dict", ("model", Weights), ("cfg", p => p.Int(3)));
        Refused("its cfg is not JSON", ("model", Weights), ("cfg", p => p.Text("{\u001b[31m")));

        static void Refused(string cause, params (string, Action<PickleWriter>)[] content)
        {
            using var file = File(content);
            Assert.Contains(cause, file.Refusal(("w", [6])));
        }
    }

    [Fact]
    public void Whole_numbers_written_as_floats_are_read_and_others_are_not()
    {
        byte[] Float(double value)
        {
            var bytes = BitConverter.GetBytes(value);
            Array.Reverse(bytes);
            return [(byte)'G', .. bytes];
        }

        using var whole = File(("model", Weights), ("cfg", With(Float(64.0))));
        Assert.Single(whole.Load(("w", [6])));
        foreach (var value in (double[])[64.5, double.NaN, double.PositiveInfinity, 1e300])
        {
            using var file = File(("model", Weights), ("cfg", With(Float(value))));
            Assert.Contains("dim in its cfg is not an integer", file.Refusal(("w", [6])));
        }

        static Action<PickleWriter> With(byte[] dim) => p => p.Dict([("dim", d => d.Raw(dim)), ("dec_layers", d => d.Int(2)),
            ("heads", d => d.Int(4)), ("K", d => d.Int(2)), ("door", d => d.Text("zero"))]);
    }

    [Theory]
    [InlineData("cfg", """{"dim": 64, "dec_layers": 2, "heads": 4, "K": 2, "door": "zero"}""", null)]
    [InlineData("config", """{"dim": 64.0, "dec_layers": "2", "heads": 4, "K": 2, "door": "zero", "rate": {"a": []}}""", null)]
    [InlineData("cfg", "[64]", "its cfg of its __metadata__ is not a JSON object")]
    [InlineData("cfg", "{", "its cfg of its __metadata__ is not JSON")]
    [InlineData("cfg", """{"dim": 64}""", "its cfg of its __metadata__ has no door")]
    [InlineData("about", "x", "its __metadata__ has no door")]
    public void Safetensors_may_hold_the_configuration_as_one_json_text(string key, string text, string? cause)
    {
        using var file = new CheckpointFile();
        var writer = new SafetensorsWriter(new Dictionary<string, string> { [key] = text });
        writer.Add("w", [1], [3f]);
        writer.Write(file.Path);
        if (cause is null) Assert.Equal([3f], file.Load(("w", [1]))["w"].Data);
        else Assert.Contains(cause, file.Refusal(("w", [1])));
    }

    [Fact]
    public void Metadata_of_tiny_with_floats_gives_tiny()
    {
        using var twin = SafetensorsFile.Open(Repository.Golden("tiny.safetensors"));
        using var file = new CheckpointFile();
        var writer = new SafetensorsWriter(twin.Metadata.ToDictionary(p => p.Key, p => p.Key == "door" ? p.Value : p.Value + ".0"));
        foreach (var entry in twin.Entries) writer.Add(entry.Name, [.. entry.Shape], twin.ReadFloat32(entry.Name));
        writer.Write(file.Path);
        using var checkpoint = Checkpoint.Open(file.Path);
        Assert.Equal(new AsymDecConfig(64, 2, 4, 2), checkpoint.Config);
        Assert.Equal(twin.Entries.Length, checkpoint.LoadWeights(Tiny.Shapes()).Count);
    }

    [Fact]
    public void A_prefix_before_every_name_is_told()
    {
        using var file = File(("cfg", Config),
            ("state_dict", p => p.Dict([("model.net.w", Vector), ("model.net.v", Vector), ("loss.weight", Vector)])));
        var message = file.Refusal(("w", [6]), ("v", [6]));
        Assert.Contains("with 'model.net.' before each name", message);
        Assert.Contains("k.removeprefix('model.net.')", message);
    }

    [Theory]
    [InlineData("model.safetensors.index.json", """{"weight_map": {"w": "model-00001-of-00002.safetensors"}}""", "the index of")]
    [InlineData("renamed", "{\n  \"metadata\": {\"total_size\": 1},\n  \"weight_map\": {}}", "the index of a checkpoint in several files")]
    [InlineData("config.json", """{"a": 1, {"dim": 64}""", "this is JSON text, not a checkpoint")]
    [InlineData("list.json", "[1, 2, 3, 4, 5]", "this is JSON text, not a checkpoint")]
    [InlineData("cut.json", "{", "this is JSON text, not a checkpoint")]
    [InlineData("cut.json", "[1", "this is JSON text, not a checkpoint")]
    public void Json_is_no_checkpoint_and_an_index_is_called_one(string name, string text, string cause)
    {
        using var folder = new TemporaryFolder();
        System.IO.File.WriteAllBytes(folder[name], Encoding.UTF8.GetBytes(text));
        Assert.Contains(cause, Assert.Throws<BadInputException>(() => Checkpoint.Open(folder[name])).Message);
    }

    [Theory]
    [InlineData(65_536, 1_024)]
    [InlineData(32_768, 1)]
    public void Weights_that_no_array_holds_are_told(int dim, int layers)
    {
        var config = new AsymDecConfig(dim, layers, 4, 2);
        Assert.Contains("elements, at most", Assert.Throws<BadInputException>(() =>
            new RandomWeights(config, 0).LoadWeights(AsymDec.ParameterShapes(config))).Message);
    }

    [Fact]
    public void Weights_that_memory_does_not_hold_are_told_before_they_are_made()
    {
        var config = new AsymDecConfig(16_384, 1_024, 4, 2);
        Assert.Contains("need 17", Assert.Throws<MissingCapabilityException>(() =>
            new RandomWeights(config, 0).LoadWeights(AsymDec.ParameterShapes(config))).Message);
    }

    private static void Vector(PickleWriter pickle) => pickle.Tensor("FloatStorage", "0", 6, 0, [6], [1]);

    private static CheckpointFile File(params (string, Action<PickleWriter>)[] content) =>
        new(new PickleWriter().Dict(content).Stop(), ("0", Six));
}
