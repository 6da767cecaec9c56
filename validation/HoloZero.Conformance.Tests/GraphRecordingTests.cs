using HoloZero.Exporter;
using HoloZero.Exporter.Recording;
using HoloZero.Models;
using HoloZero.Models.Ops;
using HoloZero.Onnx;
using HoloZero.Testing;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Conformance;

/// <summary>How running a model becomes a graph: names, constants, and what is left out.</summary>
public class GraphRecordingTests
{
    private readonly GraphRecorder _recorder = new();

    private OnnxOps Op => new(_recorder, _ => [1, 2, 3, 4, 5, 6]);

    [Fact]
    public void Nodes_are_named_by_module_and_operator()
    {
        ITensorOps<GraphValue> op = Op.At("self_blocks.0").At("qkv");
        op.Linear(Real(1, 3), 3, 2);
        op.Linear(Real(1, 3), 3, 2);
        Assert.Equal(["self_blocks.0.qkv/MatMul", "self_blocks.0.qkv/Add", "self_blocks.0.qkv/MatMul.2", "self_blocks.0.qkv/Add.2"],
            _recorder.Nodes.Select(node => node.Name));
    }

    [Fact]
    public void Parameters_keep_the_names_of_the_checkpoint()
    {
        ITensorOps<GraphValue> op = Op.At("head");
        op.Linear(Real(1, 3), 3, 2);
        Assert.Equal(["head.weight.T", "head.bias"], Initializers(_recorder.Nodes));
    }

    [Fact]
    public void Recording_again_gives_the_same_names() => Assert.Equal(NamesOf(Record(layers: 2)), NamesOf(Record(layers: 2)));

    [Fact]
    public void Names_do_not_depend_on_what_other_modules_recorded()
    {
        var (one, two) = (NamesOf(Record(layers: 1)), NamesOf(Record(layers: 2)));
        var added = two.Except(one).ToArray();
        Assert.Empty(one.Except(two));
        Assert.All(added.Where(name => !name.StartsWith("int64[", StringComparison.Ordinal)), name =>
            Assert.Matches(@"^(self|mem)_blocks\.1[./]", name));
    }

    [Fact]
    public void Every_name_in_the_file_is_unique()
    {
        var graph = Write(Record(layers: 2)).Graph;
        Assert.Distinct(graph.Node.Select(node => node.Name));
        Assert.Distinct([.. graph.Node.SelectMany(node => node.Output), .. graph.Initializer.Select(tensor => tensor.Name),
            .. graph.Input.Select(port => port.Name)]);
    }

    [Fact]
    public void The_same_constant_is_stored_once()
    {
        var first = _recorder.Initializer("c", DataType.Int64, new([1]), () => BitConverter.GetBytes(7L));
        Assert.Same(first, _recorder.Initializer("c", DataType.Int64, new([1]), () => BitConverter.GetBytes(7L)));
        Assert.Same(_recorder.Integers(1, 2), _recorder.Integers(1, 2));
        Assert.NotSame(_recorder.Integers(1, 2), _recorder.Integers(12));
    }

    [Theory]
    [InlineData(DataType.Float, new[] { 4 }, 1)]
    [InlineData(DataType.Int32, new[] { 4 }, 0)]
    [InlineData(DataType.Float, new[] { 2, 2 }, 0)]
    [InlineData(DataType.Float, new[] { 3 }, 0)]
    public void Two_different_constants_of_one_name_are_refused(object type, int[] shape, byte content)
    {
        _recorder.Initializer("block/c", DataType.Float, new([4]), () => new byte[16]);
        var exception = Assert.Throws<InvalidOperationException>(() =>
            _recorder.Initializer("block/c", (DataType)type, new(shape), () => Filled(4 * shape.Aggregate((a, b) => a * b), content)));
        Assert.Contains("block/c", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_different_large_constants_of_one_name_are_refused()
    {
        _recorder.Initializer("table", DataType.Float, new([4096]), () => new byte[4 * 4096]);
        Assert.Throws<InvalidOperationException>(() => _recorder.Initializer("table", DataType.Float, new([4096]), () =>
            Filled(4 * 4096, 1)));
    }

    [Fact]
    public void One_name_for_two_constants_of_a_module_is_refused_but_not_of_two_modules()
    {
        ITensorOps<GraphValue> op = Op;
        op.At("a").Add(Real(1), op.At("a").Scalar("c", 1));
        op.At("b").Add(Real(1), op.At("b").Scalar("c", 2));
        Assert.Throws<InvalidOperationException>(() => op.At("a").Add(Real(1), op.At("a").Scalar("c", 2)));
    }

    [Fact]
    public void Nodes_that_no_output_needs_are_left_out_with_their_constants()
    {
        ITensorOps<GraphValue> op = Op;
        var x = Real(2, 3);
        op.At("dead").Multiply(x, op.At("dead").Scalar("unused", 3));
        var kept = op.At("live").Add(x, op.At("live").Scalar("used", 1));
        var result = op.At("live").Softmax(kept);
        op.At("dead").Add(result, kept);

        var nodes = _recorder.NodesFor([result]);
        Assert.Equal(["live/Add", "live/Softmax"], nodes.Select(node => node.Name));

        var graph = Write(new("pruned", _recorder, [new(x, ["rows", 3])], [new(result, ["rows", 3])])).Graph;
        Assert.Equal("pruned", graph.Name);
        Assert.Equal(["live/Add", "live/Softmax"], graph.Node.Select(node => node.Name));
        Assert.Equal(["live/used"], graph.Initializer.Select(tensor => tensor.Name));
        Assert.Equal(["rows", ""], graph.Input.Single().Type.TensorType.Shape.Dim.Select(axis => axis.DimParam));
    }

    [Fact]
    public void A_node_with_several_users_stays_once_and_before_them()
    {
        ITensorOps<GraphValue> op = Op;
        var shared = op.Softmax(Real(2, 3));
        var result = op.Add(op.Multiply(shared, shared), shared);
        Assert.Equal(["/Softmax", "/Mul", "/Add"], _recorder.NodesFor([result, shared]).Select(node => node.Name));
    }

    [Fact]
    public void The_whole_network_is_written_with_its_inputs_and_outputs_in_order()
    {
        var recorded = Record(layers: 1);
        var graph = Write(recorded).Graph;
        Assert.Equal("AsymDec", graph.Name);
        Assert.Equal(["prefix", "stream", "past.position", "past.stream_tail", "past.self_blocks.0.k", "past.self_blocks.0.v",
            "past.mem_blocks.0.s", "past.mem_blocks.0.z"],
            graph.Input.Select(port => port.Name));
        Assert.Equal(["logits", .. graph.Input.Skip(2).Select(port => "present" + port.Name["past".Length..])],
            graph.Output.Select(port => port.Name));
        Assert.Equal(recorded.Recorder.NodesFor(recorded.Outputs.Select(port => port.Value)).Select(node => node.Operator.Type),
            graph.Node.Select(node => node.OpType));
    }

    private static AsymDecGraph Record(int layers)
    {
        var config = new AsymDecConfig(dim: 64, decLayers: layers, heads: 4, slotBytes: 2);
        var sizes = AsymDec.ParameterShapes(config).ToDictionary(entry => entry.Key, entry => entry.Value.Aggregate(1, (a, b) => a * b));
        return AsymDecGraph.Record(config, recorder => new OnnxOps(recorder, name => new float[sizes[name]]),
            GraphState.Portable(config));
    }

    private static string[] NamesOf(AsymDecGraph graph) =>
        [.. graph.Recorder.Nodes.Select(node => node.Name), .. Initializers(graph.Recorder.Nodes)];

    private static IEnumerable<string> Initializers(IEnumerable<GraphNode> nodes) =>
        nodes.SelectMany(node => node.Inputs).OfType<InitializerValue>().Select(value => value.Name).Distinct();

    private static ModelProto Write(RecordedGraph graph)
    {
        using var folder = new TemporaryFolder();
        OnnxFile.Write(graph.ToProto(), graph.Initializers(), folder["graph.onnx"], GraphVariant.Portable.Opsets, ("test", "1"));
        return ModelProto.Parser.ParseFrom(File.ReadAllBytes(folder["graph.onnx"]));
    }

    private static GraphValue Real(params int[] shape) => new("x", DataType.Float, new(shape));

    private static byte[] Filled(int length, byte content)
    {
        var bytes = new byte[length];
        Array.Fill(bytes, content);
        return bytes;
    }
}
