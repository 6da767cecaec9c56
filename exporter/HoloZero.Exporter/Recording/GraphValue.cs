using HoloZero.Models.Ops;
using HoloZero.Onnx;
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

    /// <summary>
    /// The value that a node gives. For a value that was put off until it was known what becomes of it, the first call records its nodes.
    /// </summary>
    public virtual GraphValue Record() => this;

    public override string ToString() => $"{Name}: {Type} {Shape}";
}

/// <summary>A parameter or constant: becomes an initializer once a node uses it.</summary>
/// <param name="name">Name in the file.</param>
/// <param name="type">Element type.</param>
/// <param name="shape">Its shape.</param>
/// <param name="bytes">Little-endian elements; called when the file is written, so that nothing is held twice.</param>
internal sealed class InitializerValue(string name, DataType type, Shape shape, Func<byte[]> bytes) : GraphValue(name, type, shape)
{
    /// <summary>The parameter of the network that it holds; null where it holds none.</summary>
    public StoredParameter? Parameter { get; private set; }

    /// <summary>The name of the table that it is; null where it is none.</summary>
    public string? Table { get; private set; }

    public byte[] Bytes() => bytes();

    /// <summary>Notes what it is, once that is known.</summary>
    /// <exception cref="InvalidOperationException">It is something else already.</exception>
    public InitializerValue As(StoredParameter? parameter, string? table)
    {
        if ((Parameter is not null && parameter is not null && Parameter != parameter)
            || (Table is not null && table is not null && Table != table))
        {
            throw new InvalidOperationException($"{Name} is {Parameter?.ToString() ?? Table} and {parameter?.ToString() ?? table}");
        }

        (Parameter, Table) = (Parameter ?? parameter, Table ?? table);
        return this;
    }
}

/// <summary>A constant that takes its element type from the first operation that uses it with something typed.</summary>
internal sealed class UntypedConstant(string name, double[] values, Shape shape) : GraphValue(name, DataType.Undefined, shape)
{
    public IReadOnlyList<double> Values => values;

    /// <summary>What the architecture calls it within its module; null where the exporter made it.</summary>
    public string? LocalName { get; init; }

    /// <summary>The parameter that it is the tanh of; null where it is another number.</summary>
    public string? TanhOf { get; init; }
}

/// <summary>A parameter in the checkpoint's layout, not yet committed to a layout in the file.</summary>
internal sealed class ParameterValue(string name, float[] data, Shape shape) : GraphValue(name, DataType.Float, shape)
{
    public float[] Data => data;
}
