using System.Runtime.CompilerServices;
using HoloZero.Exporter.Recording;
using HoloZero.Models.Ops;
using HoloZero.Onnx;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Mutants.Tests.Faults;

/// <summary>The bits of the second Gray difference are taken from the bytes themselves instead of from their Gray codes.</summary>
internal sealed class SecondDifferenceOfRawBits : FaultyOps
{
    private static readonly double[] Bits =
        [.. Enumerable.Range(0, 256).SelectMany(value => Enumerable.Range(0, 8).Select(bit => (double)((value >> (7 - bit)) & 1)))];

    private readonly StrongBox<GraphValue?> _run = new();

    public override GraphValue Concat(int axis, GraphValue a, GraphValue b)
    {
        var result = Inner.Concat(axis, a, b);
        if (Door.IsRunOfBytes(Path, a)) _run.Value = result;
        return result;
    }

    public override GraphValue Apply(BinaryFunction function, GraphValue a, GraphValue b)
    {
        if (function != BinaryFunction.Subtract || !Path.StartsWith("door.", StringComparison.Ordinal)) return Inner.Apply(function, a, b);
        var bits = Inner.Gather(Inner.Constant("raw_bits", Bits, 256, 8), _run.Value!);          // [B, n+2, 8]
        return Inner.Subtract(Inner.Slice(bits, 1, 1), Inner.Slice(bits, 1, 0, -1));             // [B, n+1, 8]
    }
}

/// <summary>Every prefix slot is a run of its own: its first byte has no neighbour.</summary>
internal sealed class PrefixRestartsAtEachSlot(int slotBytes) : FaultyOps
{
    private bool IsPrefix => Path == "door.prefix";

    public override GraphValue Range(GraphValue start, GraphValue length)
    {
        var index = Inner.Range(start, length);                                                  // [n, 1]
        return IsPrefix ? WithinSlot(index) : index;
    }

    public override GraphValue Apply(BinaryFunction function, GraphValue a, GraphValue b)
    {
        if (!IsPrefix || function != BinaryFunction.Subtract) return Inner.Apply(function, a, b);
        // a and b are rows -1 .. n-1 of the run and those before them: row j is byte j - 1.
        var row = Inner.Range(Inner.Constant("zero", [0]), Inner.Length(a, 1));
        var within = WithinSlot(Inner.Add(row, Inner.Constant("shift", [slotBytes - 1])));       // [n+1, 1]
        return Inner.Subtract(a, ZeroAtSlotStart(within, b));
    }

    public override GraphValue MatMul(GraphValue a, GraphValue b)
    {
        var product = Inner.MatMul(a, b);
        if (!IsPrefix || b is not UntypedConstant { LocalName: "last_four" }) return product;
        return ZeroAtSlotStart(WithinSlot(Inner.Range(Inner.Constant("zero", [0]), Inner.Length(product, 1))), product);
    }

    private GraphValue WithinSlot(GraphValue index)
    {
        var length = Inner.Constant("slot_bytes", [slotBytes]);
        return Inner.Subtract(index, Inner.Multiply(Inner.Divide(index, length), length));
    }

    private GraphValue ZeroAtSlotStart(GraphValue within, GraphValue x) =>
        Inner.Where(Inner.Apply(BinaryFunction.LessOrEqual, within, Inner.Constant("first", [0])), Inner.Constant("zero", [0]), x);
}

/// <summary>The last slot of the prefix becomes the first row.</summary>
internal sealed class SlotsReversed : FaultyOps
{
    public override GraphValue SlotRows(GraphValue x, int slotBytes)
    {
        var rows = Inner.SlotRows(x, slotBytes);
        return Graph.Node(Path, "Slice", rows.Type, rows.Shape,
            [rows, Graph.Integers(-1), Graph.Integers(long.MinValue), Graph.Integers(1), Graph.Integers(-1)]);
    }
}

/// <summary>Every table is the one that the value columns are read from.</summary>
internal sealed class NeighboursFromTheSubstrate : FaultyOps
{
    private readonly StrongBox<GraphValue?> _substrate = new();

    public override GraphValue Constant(string name, double[] values, params int[] shape)
    {
        var constant = Inner.Constant(name, values, shape);
        if (name == "substrate_table") _substrate.Value = constant;
        return constant;
    }

    public override GraphValue Gather(GraphValue table, GraphValue indices) => Inner.Gather(_substrate.Value ?? table, indices);
}

/// <summary>The features of a slot's last byte come first in its row.</summary>
internal sealed class BytesOfASlotReversed : FaultyOps
{
    public override GraphValue SlotRows(GraphValue x, int slotBytes)
    {
        var rows = Inner.SlotRows(x, slotBytes);
        var width = rows.Shape.Dimensions[^1] / slotBytes;
        return Enumerable.Range(0, slotBytes).Select(i => Inner.Slice(rows, 2, i * width, (i + 1) * width))
            .Aggregate((before, next) => Inner.Concat(2, next, before));
    }
}

/// <summary>The zeros of a row stand before its features.</summary>
internal sealed class PadBeforeFeatures : FaultyOps
{
    public override GraphValue PadLast(GraphValue x, int width)
    {
        var pads = new long[2 * x.Shape.Rank];
        pads[x.Shape.Rank - 1] = width - x.Shape.Dimensions[^1];
        return Graph.Node(Path, "Pad", x.Type, new([.. x.Shape.Dimensions[..^1], width]), [x, Graph.Integers(pads)]);
    }
}

/// <summary>Prefix rows are there, with nothing in them.</summary>
internal sealed class PrefixRowsEmpty : FaultyOps
{
    public override GraphValue Concat(int axis, GraphValue a, GraphValue b) =>
        Inner.Concat(axis, Path == "door" ? Inner.Multiply(a, Inner.Constant("nothing", [0])) : a, b);
}

/// <summary>Every sequence of a batch gets the first one's stream.</summary>
internal sealed class StreamOfTheFirstSequence : FaultyOps
{
    public override GraphValue Concat(int axis, GraphValue a, GraphValue b) =>
        Inner.Concat(axis, a, Path == "door" ? Inner.Add(Inner.Multiply(b, Inner.Constant("nothing", [0])), Inner.Slice(b, 0, 0, 1)) : b);
}

/// <summary>A call's first stream bytes do not know the bytes of the call before.</summary>
/// <param name="remembered">How many of the last two bytes are remembered all the same.</param>
internal sealed class StreamTailForgotten(int remembered) : FaultyOps
{
    public override GraphValue Concat(int axis, GraphValue a, GraphValue b)
    {
        if (Path != "door.stream" || !Door.IsRunOfBytes(Path, a)) return Inner.Concat(axis, a, b);
        return Inner.Concat(axis, remembered == 0 ? Door.Zeros(Graph, Path, a)
            : Inner.Concat(1, Door.Zeros(Graph, Path, Inner.Slice(a, 1, 0, -remembered)), Inner.Slice(a, 1, -remembered)), b);
    }
}

/// <summary>The last two stream bytes are handed on in the wrong order.</summary>
internal sealed class StreamTailSwapped : FaultyOps
{
    public override GraphValue Slice(GraphValue x, int axis, int start, int? end = null) =>
        Path == "door.stream" && Door.IsRunOfBytes(Path, x)
            ? Inner.Concat(1, Inner.Slice(x, 1, -1), Inner.Slice(x, 1, -2, -1))
            : Inner.Slice(x, axis, start, end);
}

/// <summary>Every call takes its first stream byte for the first of the sequence.</summary>
internal sealed class EveryCallStartsTheBoundary : FaultyOps
{
    public override GraphValue Range(GraphValue start, GraphValue length) =>
        Inner.Range(Path == "door.stream" ? Inner.Constant("zero", [0]) : start, length);
}

file static class Door
{
    /// <summary>Whether bytes, not features, are joined or cut there.</summary>
    public static bool IsRunOfBytes(string path, GraphValue value) =>
        path.StartsWith("door.", StringComparison.Ordinal) && value.Type == DataType.Uint8;

    /// <summary>Zero bytes in the shape of others.</summary>
    public static GraphValue Zeros(GraphRecorder graph, string path, GraphValue like)
    {
        var shape = graph.Node(path, "Shape", DataType.Int64, new([like.Shape.Rank]), [like]);
        var zeros = graph.Node(path, "ConstantOfShape", DataType.Float, like.Shape, [shape]);
        return graph.Node(path, "Cast", like.Type, like.Shape, [zeros], NodeAttribute.Of("to", (long)like.Type));
    }
}
