using HoloZero.Testing;

namespace HoloZero.Models.Tests.Checkpoints;

/// <summary>What training runs save beside a model is read and left alone; in the model and its configuration it is refused.</summary>
public class BesideTheModelTests
{
    private static readonly byte[] Six = CheckpointFile.Floats(0, 1, 2, 3, 4, 5);

    public static TheoryData<string, string> UnknownGlobals => new()
    {
        { "datetime", "datetime" },
        { "omegaconf.listconfig", "ListConfig" },
        { "torch.torch_version", "TorchVersion" },
        { "numpy.random._pickle", "__randomstate_ctor" },
        { "builtins", "getattr" },
        { "functools", "partial" },
        { "torch", "load" },
        { "numpy", "load" },
        { "torch._utils", "_rebuild_tensor_v2.__globals__" },
        { "torch._utils._rebuild_tensor_v2", "" },
        { "", "torch.Size" },
        { "collections.OrderedDict", "__init__" },
        { "torch", "storage.UntypedStorage" },
    };

    [Theory]
    [MemberData(nameof(UnknownGlobals))]
    public void A_global_off_the_list_is_read_beside_the_model_and_refused_in_it(string module, string name)
    {
        Action<PickleWriter> call = p => p.Call(module, name, a => a.Text("x"));
        Action<PickleWriter> stacked = p => p.Text(module).Text(name).Raw(0x93, (byte)')', 0x81);
        Action<PickleWriter> merelyNamed = p => p.Global(module, name);
        foreach (var value in (Action<PickleWriter>[])[call, stacked, merelyNamed])
        {
            using (var beside = File([("w", Vector)], ("other", value))) Assert.Equal(6, beside.Load(("w", [6]))["w"].Data.Length);
            using (var inModel = File([("w", Vector), ("v", value)]))
                Assert.Contains($"its model names '{module}.{name}', which is not on the list", inModel.Refusal(("w", [6])));
            using var inConfig = File([("w", Vector)], ("cfg", p => p.Dict([("dim", d => d.Int(64)), ("deep", d => d.Tuple(value))])));
            Assert.Contains($"its cfg names '{module}.{name}', which is not on the list", inConfig.Refusal(("w", [6])));
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(5)]
    public void What_Python_pickles_beside_a_model_is_read_and_left_alone(int protocol)
    {
        var pickle = System.IO.File.ReadAllBytes(Path.Combine(Repository.Root, "validation", "HoloZero.Models.Tests", "Checkpoints", "Data",
            $"beside-{protocol}.pkl"));
        // Without its own protocol and stop.
        Action<PickleWriter> body = p => p.Raw(pickle.AsSpan(2, pickle.Length - 3));
        using var beside = File([("w", Vector)], ("trainer", body));
        Assert.Equal([0, 1, 2, 3, 4, 5], beside.Load(("w", [6]))["w"].Data);
        using var inConfig = File([("w", Vector)], ("cfg", p => p.Dict([("dim", d => d.Int(64)), ("trainer", body)])));
        Assert.Contains("which is not on the list", inConfig.Refusal(("w", [6])));
    }

    [Fact]
    public void A_model_that_was_pickled_whole_is_told_by_its_class()
    {
        using var file = new CheckpointFile(new PickleWriter().Dict([("model", p => p.Global("mine", "Net").Raw((byte)')', 0x81)
            .Dict([("training", d => d.Raw(0x88))]).Raw((byte)'b'))]).Stop(), ("0", Six));
        Assert.Contains("its model is a 'mine.Net', not a dict", file.Refusal(("w", [6])));
        using var top = new CheckpointFile(new PickleWriter().Call("mine", "Net").Stop(), ("0", Six));
        Assert.Contains("it holds a 'mine.Net' at its top", top.Refusal(("w", [6])));
    }

    [Fact]
    public void A_cycle_of_unknown_things_in_the_configuration_ends()
    {
        Action<PickleWriter> cycle = p => p.Raw((byte)']', (byte)'q', 9, (byte)'h', 9, (byte)'a');
        using var sound = File([("w", Vector)], ("cfg", p => p.Dict([("loop", cycle), ("dim", d => d.Int(64)),
            ("dec_layers", d => d.Int(2)), ("heads", d => d.Int(4)), ("K", d => d.Int(2)), ("door", d => d.Text("zero"))])));
        Assert.Single(sound.Load(("w", [6])));
    }

    private static void Vector(PickleWriter pickle) => pickle.Tensor("FloatStorage", "0", 6, 0, [6], [1]);

    private static CheckpointFile File(IEnumerable<(string, Action<PickleWriter>)> model, params (string, Action<PickleWriter>)[] others) =>
        new(PickleWriter.Checkpoint(model, others), ("0", Six));
}
