using System.Runtime.InteropServices;
using HoloZero.Exporter.Recording;
using HoloZero.Models.Ops;
using HoloZero.Onnx;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Exporter.Media;

/// <summary>Records the few operators that media graphs are made of, in whatever element type a step needs.</summary>
/// <param name="graph">Where nodes are recorded.</param>
/// <param name="path">What their names begin with.</param>
internal sealed class MediaNodes(GraphRecorder graph, string path)
{
    /// <summary>A node of one output with the element type of its first input.</summary>
    public GraphValue Node(string type, Shape shape, params GraphValue[] inputs) => graph.Node(path, type, inputs[0].Type, shape, inputs);

    /// <summary>A node that keeps the shape of its first input.</summary>
    public GraphValue Map(string type, params GraphValue[] inputs) => Node(type, inputs[0].Shape, inputs);

    /// <summary>A condition of the shape of its first input.</summary>
    public GraphValue Compare(string type, GraphValue a, GraphValue b) => graph.Node(path, type, DataType.Bool, a.Shape, [a, b]);

    public GraphValue Cast(GraphValue x, DataType type) =>
        graph.Node(path, "Cast", type, x.Shape, [x], NodeAttribute.Of("to", (long)type));

    /// <summary>The length of an axis as a float [1].</summary>
    public GraphValue Length(GraphValue x, int axis) => Cast(graph.Node(path, "Shape", DataType.Int64, new([1]), [x],
        NodeAttribute.Of("start", axis), NodeAttribute.Of("end", axis + 1)), DataType.Float);

    /// <summary>The number of an axis, for the operators that take it as an input.</summary>
    public GraphValue Axis(int axis) => graph.Integers(axis);

    public GraphValue Float(string name, float value) => Constant(name, DataType.Float, new([]), BitConverter.GetBytes(value));

    public GraphValue FloatColumn(string name, params float[] values) => Constant(name, DataType.Float, new([values.Length, 1]),
        MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    public GraphValue Double(string name, double value) => Constant(name, DataType.Double, new([]), BitConverter.GetBytes(value));

    /// <summary>Whole levels as bytes: cut off at 0 and 255, in one row.</summary>
    public GraphValue Bytes(GraphValue levels, GraphValue least, GraphValue most, int length, long rows)
    {
        var bytes = Cast(Map("Clip", levels, least, most), DataType.Uint8);
        return Node("Reshape", new([length]), bytes, graph.Integers(rows));
    }

    private InitializerValue Constant(string name, DataType type, Shape shape, byte[] bytes) =>
        graph.Initializer($"{path}/{name}", type, shape, () => bytes);
}
