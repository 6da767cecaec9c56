using System.Runtime.InteropServices;
using Google.Protobuf;
using HoloZero.Exporter.Recording;
using HoloZero.Onnx;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Mutants.Tests.Faults;

/// <summary>Edits of a fused graph as it was recorded: most of what such a graph can get wrong is within one node or constant.</summary>
internal static class FusedEdits
{
    /// <summary>Changes the elements of every initializer whose name ends so; there must be one.</summary>
    public static Action<GraphProto> Change<T>(string nameEnd, Action<T[], TensorProto> change) where T : unmanaged => graph =>
    {
        var tensors = graph.Initializer.Where(tensor => tensor.Name.EndsWith(nameEnd, StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(tensors);
        foreach (var tensor in tensors)
        {
            var values = MemoryMarshal.Cast<byte, T>(tensor.RawData.Span).ToArray();
            change(values, tensor);
            tensor.RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(values.AsSpan()));
        }
    };

    /// <summary>Moves every row of a matrix down by <paramref name="rows"/>; the first keeps its values.</summary>
    public static void ShiftRows<T>(T[] values, int width, int rows) => Array.Copy(values, 0, values, rows * width, values.Length - rows * width);

    /// <summary>Changes every node of an operator; there must be one.</summary>
    public static Action<GraphProto> Nodes(string opType, Action<NodeProto, GraphProto> change) => graph =>
    {
        var nodes = graph.Node.Where(node => node.OpType == opType).ToArray();
        Assert.NotEmpty(nodes);
        foreach (var node in nodes) change(node, graph);
    };

    /// <summary>Puts a node between a value and everything that reads it.</summary>
    public static Action<GraphProto> After(string value, string opType, params TensorProto[] more) => graph =>
    {
        var producer = graph.Node.Single(node => node.Output.Contains(value));
        producer.Output[producer.Output.IndexOf(value)] = $"{value}/sound";
        graph.Initializer.AddRange(more);
        graph.Node.Insert(graph.Node.IndexOf(producer) + 1, new NodeProto
        {
            Name = $"{value}/{opType}",
            OpType = opType,
            Input = { $"{value}/sound", more.Select(tensor => tensor.Name) },
            Output = { value },
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
            RawData = ByteString.CopyFrom([.. Enumerable.Repeat(bits == 8 ? code : (byte)(code | code << 4), (int)(scales.Dims[0] * bytes))]),
        };
        graph.Initializer.Add(points);
        node.Input[3] = points.Name;
    }
}
