using HoloZero.Models.Ops;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Exporter.Recording;

/// <summary>
/// A value of the graph being recorded. Values are told apart by identity; the name is for people and for the file.
/// </summary>
/// <param name="name">Name in the file; may change until the graph is written.</param>
/// <param name="type">Element type.</param>
/// <param name="shape">
/// The shape at the example sizes that the graph is recorded with: its rank and its fixed axes hold for all sizes.
/// </param>
internal class GraphValue(string name, DataType type, Shape shape)
{
    /// <summary>Stands where a graph has no value; using it in a node is a mistake.</summary>
    public static GraphValue Absent { get; } = new("", DataType.Undefined, new([]));

    public string Name { get; set; } = name;

    public DataType Type { get; } = type;

    public Shape Shape { get; } = shape;

    /// <summary>The value that a node gives, for values that were put off until it was known what becomes of them.</summary>
    public virtual GraphValue Recorded => this;

    public override string ToString() => $"{Name}: {Type} {Shape}";
}

/// <summary>A parameter or constant: becomes an initializer once a node uses it.</summary>
/// <param name="name">Name in the file.</param>
/// <param name="type">Element type.</param>
/// <param name="shape">Its shape.</param>
/// <param name="bytes">Little-endian elements; called when the file is written, so that nothing is held twice.</param>
internal sealed class InitializerValue(string name, DataType type, Shape shape, Func<byte[]> bytes) : GraphValue(name, type, shape)
{
    public byte[] Bytes() => bytes();
}

/// <summary>A constant that takes its element type from the first operation that uses it with something typed.</summary>
internal sealed class UntypedConstant(string name, double[] values, Shape shape) : GraphValue(name, DataType.Undefined, shape)
{
    public IReadOnlyList<double> Values => values;
}

/// <summary>A parameter in the checkpoint's layout, not yet committed to a layout in the file.</summary>
internal sealed class ParameterValue(string name, float[] data, Shape shape) : GraphValue(name, DataType.Float, shape)
{
    public float[] Data => data;
}
