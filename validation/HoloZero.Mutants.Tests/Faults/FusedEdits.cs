using System.Runtime.InteropServices;
using Google.Protobuf;
using HoloZero.Onnx;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Mutants.Tests.Faults;

/// <summary>Edits of a fused graph as it was recorded: most of what such a graph can get wrong is within one node or constant.</summary>
internal static class FusedEdits
{
    /// <summary>The initializers that hold certain parameters.</summary>
    public static Func<ModelProto, IEnumerable<string>> Parameters(Func<StoredParameter, bool> which) => model =>
        GraphContents.Require(model, "").Parameters.Where(which).Select(parameter => parameter.Initializer);

    /// <summary>The initializer that holds a parameter.</summary>
    public static Func<ModelProto, IEnumerable<string>> Parameter(string name) => Parameters(parameter => parameter.Name == name);

    /// <summary>The initializer that is a table.</summary>
    public static Func<ModelProto, IEnumerable<string>> Table(string name) => model =>
        GraphContents.Require(model, "").Tables.Where(table => table.Name == name).Select(table => table.Initializer);

    /// <summary>The initializers that the nodes of an operator read at a place.</summary>
    public static Func<ModelProto, IEnumerable<string>> Inputs(string opType, int place, Func<NodeProto, bool>? which = null) => model =>
        model.Graph.Node.Where(node => node.OpType == opType && which?.Invoke(node) != false).Select(node => node.Input[place]);

    /// <summary>Constants of the graph, by their names in it.</summary>
    public static Func<ModelProto, IEnumerable<string>> Constants(params string[] names) => _ => names;

    /// <summary>Changes the elements of initializers; there must be one.</summary>
    public static Action<ModelProto> Change<T>(Func<ModelProto, IEnumerable<string>> which, Action<T[], TensorProto> change)
        where T : unmanaged => model =>
    {
        var names = which(model).ToHashSet(StringComparer.Ordinal);
        var tensors = model.Graph.Initializer.Where(tensor => names.Contains(tensor.Name)).ToArray();
        Assert.NotEmpty(tensors);
        foreach (var tensor in tensors)
        {
            var values = MemoryMarshal.Cast<byte, T>(tensor.RawData.Span).ToArray();
            change(values, tensor);
            tensor.RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(values.AsSpan()));
        }
    };

    /// <summary>Moves every row of a matrix down by <paramref name="rows"/>; the first keeps its values.</summary>
    public static void ShiftRows<T>(T[] values, int width, int rows) =>
        Array.Copy(values, 0, values, rows * width, values.Length - rows * width);

    /// <summary>Changes every node of an operator; there must be one.</summary>
    public static Action<ModelProto> Nodes(string opType, Action<NodeProto, GraphProto> change) => model =>
    {
        var nodes = model.Graph.Node.Where(node => node.OpType == opType).ToArray();
        Assert.NotEmpty(nodes);
        foreach (var node in nodes) change(node, model.Graph);
    };

    /// <summary>Turns an Add of a Linear's bias into nothing at all; every other stays.</summary>
    public static void WithoutBias(NodeProto node, GraphProto graph)
    {
        if (!node.Input[1].EndsWith(".bias", StringComparison.Ordinal)) return;
        node.OpType = "Identity";
        node.Input.RemoveAt(1);
    }

    /// <summary>Puts a node between a value and everything that reads it.</summary>
    public static Action<ModelProto> After(string value, string opType, AttributeProto[] attributes, params TensorProto[] more) => model =>
    {
        var graph = model.Graph;
        var producer = graph.Node.Single(node => node.Output.Contains(value));
        producer.Output[producer.Output.IndexOf(value)] = $"{value}/sound";
        graph.Initializer.AddRange(more);
        graph.Node.Insert(graph.Node.IndexOf(producer) + 1, new NodeProto
        {
            Name = $"{value}/{opType}",
            OpType = opType,
            Input = { $"{value}/sound", more.Select(tensor => tensor.Name) },
            Output = { value },
            Attribute = { attributes },
        });
    };

    /// <summary>A constant.</summary>
    public static TensorProto Constant<T>(string name, DataType type, T value) where T : unmanaged => new()
    {
        Name = name,
        DataType = type,
        RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(new[] { value }.AsSpan())),
    };

    /// <summary>Zero points of every block of a MatMulNBits, in 4 or 8 bits.</summary>
    public static void ZeroPoints(NodeProto node, GraphProto graph, byte code)
    {
        var scales = graph.Initializer.Single(tensor => tensor.Name == node.Input[2]);
        var bits = node.Attribute.Single(attribute => attribute.Name == "bits").I;
        var bytes = (scales.Dims[1] * bits + 7) / 8;
        var points = new TensorProto
        {
            Name = $"{node.Name}.zero_points",
            DataType = DataType.Uint8,
            Dims = { scales.Dims[0], bytes },
            RawData = ByteString.CopyFrom(
                [.. Enumerable.Repeat(bits == 8 ? code : (byte)(code | code << 4), (int)(scales.Dims[0] * bytes))]),
        };
        graph.Initializer.Add(points);
        node.Input[3] = points.Name;
    }
}
