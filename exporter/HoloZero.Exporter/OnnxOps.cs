using System.Runtime.InteropServices;
using HoloZero.Exporter.Recording;
using HoloZero.Models.Ops;
using HoloZero.Models.PublishedArithmetic;
using HoloZero.Onnx;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Exporter;

/// <summary>
/// The exporter: running a model over graph values records the graph. Standard ONNX operators of opset 17 only (LayerNormalization sets
/// that floor), so any runtime can load the result.
/// </summary>
internal class OnnxOps : ITensorOps<GraphValue>
{
    /// <summary>The lowest opset that has every operator used here.</summary>
    public const int Opset = 17;

    private readonly Func<string, float[]> _parameters;

    /// <param name="graph">Where nodes are recorded.</param>
    /// <param name="parameters">Float32 data of each parameter by full name, row-major in the checkpoint's layout.</param>
    public OnnxOps(GraphRecorder graph, Func<string, float[]> parameters) : this(graph, parameters, "", new ShapeOps())
    {
    }

    /// <summary>The same operations as <paramref name="parent"/>'s, one module deeper.</summary>
    protected OnnxOps(OnnxOps parent, string module)
        : this(parent.Graph, parent._parameters, ModulePath.Join(parent.Path, module), parent.Shapes.At(module))
    {
    }

    private OnnxOps(GraphRecorder graph, Func<string, float[]> parameters, string path, ITensorOps<Shape> shapes) =>
        (Graph, _parameters, Path, Shapes) = (graph, parameters, path, shapes);

    /// <summary>Where nodes are recorded.</summary>
    protected GraphRecorder Graph { get; }

    /// <summary>The present module, which names what is recorded.</summary>
    protected string Path { get; }

    /// <summary>Follows the shapes of the present module.</summary>
    protected ITensorOps<Shape> Shapes { get; }

    public virtual ITensorOps<GraphValue> At(string module) => new OnnxOps(this, module);

    public GraphValue Parameter(string name, params int[] shape)
    {
        var full = ModulePath.Join(Path, name);
        return new ParameterValue(full, _parameters(full), Shapes.Parameter(name, shape));
    }

    public GraphValue Constant(string name, double[] values, params int[] shape) =>
        new UntypedConstant($"{Path}/{name}", values, Shapes.Constant(name, values, shape)) { LocalName = name };

    public virtual GraphValue Apply(UnaryFunction function, GraphValue x) =>
        Node(function.ToString(), DataType.Float, Shapes.Apply(function, x.Shape), [As(DataType.Float, x)]);

    public virtual GraphValue Apply(BinaryFunction function, GraphValue a, GraphValue b)
    {
        var shape = Shapes.Apply(function, a.Shape, b.Shape);
        var type = CommonType(a, b);

        // Bytes leave their range when added, and whole numbers theirs when divided.
        if (type is DataType.Uint8 or DataType.Bool || type == DataType.Int64 && function == BinaryFunction.Divide) type = DataType.Float;
        var (opType, result) = function switch
        {
            BinaryFunction.Add => ("Add", type),
            BinaryFunction.Subtract => ("Sub", type),
            BinaryFunction.Multiply => ("Mul", type),
            BinaryFunction.Divide => ("Div", type),
            BinaryFunction.Maximum => ("Max", type),
            BinaryFunction.LessOrEqual => ("LessOrEqual", DataType.Bool),
            _ => throw new ArgumentOutOfRangeException(nameof(function)),
        };
        return Node(opType, result, shape, [As(type, a), As(type, b)]);
    }

    public GraphValue Where(GraphValue condition, GraphValue a, GraphValue b)
    {
        var type = CommonType(a, b);
        return Node("Where", type, Shapes.Where(condition.Shape, a.Shape, b.Shape), [condition, As(type, a), As(type, b)]);
    }

    public GraphValue MatMul(GraphValue a, GraphValue b) =>
        Node("MatMul", DataType.Float, Shapes.MatMul(a.Shape, b.Shape), [As(DataType.Float, a), As(DataType.Float, b)]);

    public GraphValue Transpose(GraphValue x)
    {
        var shape = Shapes.Transpose(x.Shape);
        if (x is ParameterValue parameter) return TransposedParameter(parameter, shape);

        var axes = Enumerable.Range(0, x.Shape.Rank).Select(axis => (long)axis).ToArray();
        (axes[^1], axes[^2]) = (axes[^2], axes[^1]);
        return Node("Transpose", x.Type, shape, [x], NodeAttribute.Of("perm", axes));
    }

    public GraphValue Sum(GraphValue x) =>
        // Not axis -1: of an empty tensor, ONNX Runtime does not find a negative axis and leaves the shape as it is.
        Node("ReduceSum", DataType.Float, Shapes.Sum(x.Shape), [As(DataType.Float, x), Graph.Integers(x.Shape.Rank - 1)],
            NodeAttribute.Of("keepdims", 1));

    public GraphValue Softmax(GraphValue x) =>
        Node("Softmax", DataType.Float, Shapes.Softmax(x.Shape), [As(DataType.Float, x)], NodeAttribute.Of("axis", -1));

    public GraphValue Concat(int axis, GraphValue a, GraphValue b)
    {
        var shape = Shapes.Concat(axis, a.Shape, b.Shape);
        var type = CommonType(a, b);
        return Node("Concat", type, shape, [As(type, a), As(type, b)], NodeAttribute.Of("axis", axis));
    }

    public GraphValue Slice(GraphValue x, int axis, int start, int? end = null) =>
        Node("Slice", x.Type, Shapes.Slice(x.Shape, axis, start, end),
            [x, Graph.Integers(start), Graph.Integers(end ?? long.MaxValue), Graph.Integers(axis)]);

    public virtual GraphValue Skip(GraphValue x, int axis, GraphValue count)
    {
        var shape = Shapes.Skip(x.Shape, axis, count.Shape);
        return Node("Slice", x.Type, shape, [x, Row(count), Graph.Integers(long.MaxValue), Graph.Integers(axis)]);
    }

    public GraphValue Gather(GraphValue table, GraphValue indices) =>
        Node("Gather", DataType.Float, Shapes.Gather(table.Shape, indices.Shape),
            [table is UntypedConstant constant ? Typed(constant, DataType.Float, constant.LocalName) : As(DataType.Float, table),
                As(DataType.Int32, indices)], NodeAttribute.Of("axis", 0));

    public GraphValue PadLast(GraphValue x, int width)
    {
        var shape = Shapes.PadLast(x.Shape, width);
        var pads = new long[2 * x.Shape.Rank];
        pads[^1] = width - x.Shape.Dimensions[^1];
        return pads[^1] == 0 ? x : Node("Pad", x.Type, shape, [x, Graph.Integers(pads)]);
    }

    public GraphValue RoundToFloat32(GraphValue x) => x;

    public GraphValue Length(GraphValue x, int axis)
    {
        var row = Node("Shape", DataType.Int64, new([1]), [x], NodeAttribute.Of("start", axis), NodeAttribute.Of("end", axis + 1));
        return Node("Squeeze", DataType.Int64, Shapes.Length(x.Shape, axis), [row, Graph.Integers(0)]);
    }

    public GraphValue Range(GraphValue start, GraphValue length)
    {
        var shape = Shapes.Range(start.Shape, length.Shape);
        var first = As(DataType.Int64, start);
        var limit = Node("Add", DataType.Int64, new([]), [first, As(DataType.Int64, length)]);
        var row = Node("Range", DataType.Int64, new([shape.Dimensions[0]]), [first, limit, Scalar("step", 1, DataType.Int64)]);
        return Node("Unsqueeze", DataType.Int64, shape, [row, Graph.Integers(1)]);
    }

    public (GraphValue Cos, GraphValue Sin) RopeTables(GraphValue positions, int width, double @base)
    {
        var (shape, _) = Shapes.RopeTables(positions.Shape, width, @base);
        var frequencies = RotaryTable.Frequencies(width, @base);
        var row = Graph.Initializer($"{Path}/rope_frequencies", DataType.Float, new([1, frequencies.Length]), () => BytesOf(frequencies));
        var angles = Node("Mul", DataType.Float, shape, [As(DataType.Float, positions), row]);
        return (Node("Cos", DataType.Float, shape, [angles]), Node("Sin", DataType.Float, shape, [angles]));
    }

    public GraphValue SplitHeads(GraphValue x, int heads)
    {
        var shape = Shapes.SplitHeads(x.Shape, heads);
        var (batch, rows, k) = (shape.Dimensions[0], shape.Dimensions[2], shape.Dimensions[3]);
        var split = Node("Reshape", x.Type, new([batch, rows, heads, k]), [x, Graph.Integers(0, 0, heads, k)]);
        return Node("Transpose", x.Type, shape, [split], NodeAttribute.Of("perm", 0L, 2, 1, 3));
    }

    public GraphValue MergeHeads(GraphValue x)
    {
        var shape = Shapes.MergeHeads(x.Shape);
        var (batch, heads, rows, k) = (x.Shape.Dimensions[0], x.Shape.Dimensions[1], x.Shape.Dimensions[2], x.Shape.Dimensions[3]);
        var swapped = Node("Transpose", x.Type, new([batch, rows, heads, k]), [x], NodeAttribute.Of("perm", 0L, 2, 1, 3));
        return Node("Reshape", x.Type, shape, [swapped, Graph.Integers(0, 0, heads * k)]);
    }

    public GraphValue SlotRows(GraphValue x, int slotBytes)
    {
        var shape = Shapes.SlotRows(x.Shape, slotBytes);
        return Node("Reshape", x.Type, shape, [x, Graph.Integers(0, -1, shape.Dimensions[2])]);
    }

    /// <summary>The derived LayerNorm as the one operator that ONNX has for it.</summary>
    public virtual GraphValue LayerNorm(GraphValue x, int width, double epsilon) =>
        Node("LayerNormalization", DataType.Float, Shapes.LayerNorm(x.Shape, width, epsilon),
            [As(DataType.Float, x), As(DataType.Float, Parameter("weight", width)), As(DataType.Float, Parameter("bias", width))],
            NodeAttribute.Of("axis", -1), NodeAttribute.Of("epsilon", (float)epsilon));

    /// <summary>A count as a row of one, int64 [1].</summary>
    protected GraphValue Row(GraphValue count) =>
        Node("Unsqueeze", DataType.Int64, new([1]), [As(DataType.Int64, count), Graph.Integers(0)]);

    /// <summary>Records a node of the present module. What nothing has given an element type yet is float.</summary>
    protected GraphValue Node(string opType, DataType type, Shape shape, GraphValue?[] inputs, params AttributeProto[] attributes)
    {
        var typed = inputs.Select(input => input is UntypedConstant or ParameterValue ? As(DataType.Float, input) : input?.Record());
        return Graph.Node(Path, opType, type == DataType.Undefined ? DataType.Float : type, shape, [.. typed], attributes);
    }

    /// <summary>The value with element type <paramref name="type"/>: constants take it, everything else is cast where it differs.</summary>
    protected GraphValue As(DataType type, GraphValue value) => value switch
    {
        UntypedConstant constant => Typed(constant, type),
        ParameterValue parameter => Graph.Initializer(parameter.Name, DataType.Float, parameter.Shape, () => BytesOf(parameter.Data),
            new(parameter.Name, parameter.Name, WeightLayout.Checkpoint)),
        _ when value.Type == type => value.Record(),
        _ => Node("Cast", type, value.Shape, [value], NodeAttribute.Of("to", (long)type)),
    };

    private static DataType CommonType(GraphValue a, GraphValue b)
    {
        if (a is UntypedConstant && b is UntypedConstant) return DataType.Float;
        if (a is UntypedConstant whole && b.Type == DataType.Int64 && IsWhole(whole)) return DataType.Int64;
        if (b is UntypedConstant wholeToo && a.Type == DataType.Int64 && IsWhole(wholeToo)) return DataType.Int64;
        return a.Type == b.Type ? a.Type : DataType.Float;

        static bool IsWhole(UntypedConstant constant) => constant.Values.All(value => value == Math.Floor(value) && double.IsFinite(value));
    }

    private GraphValue Typed(UntypedConstant constant, DataType type, string? table = null) => type switch
    {
        DataType.Float => Graph.Initializer(constant.Name, type, constant.Shape, () => BytesOf([.. constant.Values.Select(v => (float)v)]),
            table: table),
        DataType.Int64 => Graph.Initializer($"{constant.Name}.int64", type, constant.Shape,
            () => MemoryMarshal.AsBytes<long>([.. constant.Values.Select(v => checked((long)v))]).ToArray()),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "constants are Float or Int64"),
    };

    private GraphValue Scalar(string name, double value, DataType type) => As(type, Constant(name, [value]));

    private GraphValue TransposedParameter(ParameterValue parameter, Shape shape)
    {
        if (parameter.Shape.Rank != 2) throw new ShapeException($"{parameter.Name}: {parameter.Shape} is not a matrix");
        var name = $"{parameter.Name}.T";
        return Graph.Initializer(name, DataType.Float, shape,
            () => BytesOf(Transposed(parameter.Data, parameter.Shape.Dimensions[0], parameter.Shape.Dimensions[1])),
            new(parameter.Name, name, WeightLayout.Transposed));
    }

    /// <summary>[rows, columns] -> [columns, rows].</summary>
    protected static float[] Transposed(float[] matrix, int rows, int columns)
    {
        var transposed = new float[matrix.Length];
        for (var row = 0; row < rows; row++)
            for (var column = 0; column < columns; column++)
                transposed[column * rows + row] = matrix[row * columns + column];
        return transposed;
    }

    protected static byte[] BytesOf(float[] values) => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    /// <summary>The values as elements of a floating-point type.</summary>
    protected static byte[] BytesOf(float[] values, DataType type) => type == DataType.Float16
        ? MemoryMarshal.AsBytes<Half>([.. values.Select(value => (Half)value)]).ToArray() : BytesOf(values);
}
