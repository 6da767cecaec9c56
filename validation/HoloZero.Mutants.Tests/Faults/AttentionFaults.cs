using System.Runtime.CompilerServices;
using HoloZero.Exporter.Recording;
using HoloZero.Models.Ops;
using HoloZero.Onnx;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Mutants.Tests.Faults;

/// <summary>A row of 3d taken apart in another order: <paramref name="order"/> names what q, k and v get.</summary>
internal sealed class QkvInOrder(params int[] order) : FaultyOps
{
    public override GraphValue Slice(GraphValue x, int axis, int start, int? end = null)
    {
        if (!IsQkv(Path, axis)) return Inner.Slice(x, axis, start, end);
        var d = x.Shape.Dimensions[^1] / 3;
        var third = order[start / d];
        return Inner.Slice(x, axis, third * d, (third + 1) * d);
    }

    /// <summary>Whether a slice takes q, k or v: the blocks cut nothing else along the last of three axes.</summary>
    public static bool IsQkv(string path, int axis) => axis == 2
        && (path.EndsWith(".attention", StringComparison.Ordinal) || path.EndsWith(".memory", StringComparison.Ordinal));
}

/// <summary>A row of 3d taken for [H, 3, k] instead of [3, H, k].</summary>
internal sealed class QkvByHead(int heads) : FaultyOps
{
    public override GraphValue Slice(GraphValue x, int axis, int start, int? end = null)
    {
        if (!QkvInOrder.IsQkv(Path, axis)) return Inner.Slice(x, axis, start, end);
        var d = x.Shape.Dimensions[^1] / 3;
        var (k, third) = (d / heads, start / d);
        return Inner.MergeHeads(Inner.Slice(Inner.SplitHeads(x, heads), 3, third * k, (third + 1) * k));
    }
}

/// <summary>Queries are asked as keys and keys as queries.</summary>
internal sealed class QueriesAndKeysSwapped : FaultyOps, ITensorOps<GraphValue>
{
    (GraphValue Output, KvCache<GraphValue> Present) ITensorOps<GraphValue>.Attention(GraphValue qkv, int d, int heads,
        RowPositions<GraphValue> positions, KvCache<GraphValue> past) =>
        Inner.Attention(
            Inner.Concat(2, Inner.Concat(2, Inner.Slice(qkv, 2, d, 2 * d), Inner.Slice(qkv, 2, 0, d)), Inner.Slice(qkv, 2, 2 * d)),
            d, heads, positions, past);
}

/// <summary>Rope turns neighbours (2i, 2i + 1) instead of (i, i + k/2).</summary>
internal sealed class InterleavedRope : FaultyOps
{
    public override GraphValue Rope(GraphValue x, int width, GraphValue cos, GraphValue sin)
    {
        var apart = new double[width * width];
        for (var i = 0; i < width; i++) apart[i * width + i / 2 + i % 2 * (width / 2)] = 1;
        var order = Inner.Constant("neighbours_apart", apart, width, width);
        return Inner.MatMul(Inner.Rope(Inner.MatMul(x, order), width, cos, sin), Inner.Transpose(order));
    }
}

/// <summary>Rope turns the other way.</summary>
internal sealed class RopeBackwards : FaultyOps
{
    public override GraphValue Rope(GraphValue x, int width, GraphValue cos, GraphValue sin) =>
        Inner.Rope(x, width, cos, Inner.Multiply(sin, Inner.Constant("minus_one", [-1])));
}

/// <summary>Softmax over the queries of a key instead of over the keys of a query.</summary>
internal sealed class SoftmaxOverQueries : FaultyOps
{
    public override GraphValue Softmax(GraphValue x) => Inner.Transpose(Inner.Softmax(Inner.Transpose(x)));
}

/// <summary>Heads are laid side by side without moving them behind the rows first.</summary>
internal sealed class HeadsMergedInPlace : FaultyOps
{
    public override GraphValue MergeHeads(GraphValue x)
    {
        var (batch, heads, rows, k) = (x.Shape.Dimensions[0], x.Shape.Dimensions[1], x.Shape.Dimensions[2], x.Shape.Dimensions[3]);
        return Graph.Node(Path, "Reshape", x.Type, new([batch, rows, heads * k]), [x, Graph.Integers(0, -1, heads * k)]);
    }
}

/// <summary>New keys go to the cache before rope.</summary>
internal sealed class KeysCachedUnrotated : FaultyOps, ITensorOps<GraphValue>
{
    (GraphValue Output, KvCache<GraphValue> Present) ITensorOps<GraphValue>.Attention(GraphValue qkv, int d, int heads,
        RowPositions<GraphValue> positions, KvCache<GraphValue> past)
    {
        var (output, present) = Inner.Attention(qkv, d, heads, positions, past);
        return (output, present with { Keys = Inner.Concat(2, past.Keys, Inner.SplitQkv(qkv, d, heads).K) });
    }
}

/// <summary>The cache of keys goes through float16.</summary>
internal sealed class KeysCachedInFloat16 : FaultyOps, ITensorOps<GraphValue>
{
    (GraphValue Output, KvCache<GraphValue> Present) ITensorOps<GraphValue>.Attention(GraphValue qkv, int d, int heads,
        RowPositions<GraphValue> positions, KvCache<GraphValue> past)
    {
        var (output, present) = Inner.Attention(qkv, d, heads, positions, past);
        return (output, present with { Keys = Cast(DataType.Float, Cast(DataType.Float16, present.Keys)) });
    }

    private GraphValue Cast(DataType type, GraphValue x) =>
        Graph.Node(Path, "Cast", type, x.Shape, [x], NodeAttribute.Of("to", (long)type));
}

/// <summary>A layer hands on the values of the layer before it.</summary>
internal sealed class ValuesOfThePreviousLayer : FaultyOps, ITensorOps<GraphValue>
{
    private readonly StrongBox<GraphValue?> _before = new();

    (GraphValue Output, KvCache<GraphValue> Present) ITensorOps<GraphValue>.Attention(GraphValue qkv, int d, int heads,
        RowPositions<GraphValue> positions, KvCache<GraphValue> past)
    {
        var (output, present) = Inner.Attention(qkv, d, heads, positions, past);
        var values = _before.Value is { } before ? Graph.Node(Path, "Identity", before.Type, before.Shape, [before]) : present.Values;
        _before.Value = present.Values;
        return (output, present with { Values = values });
    }
}
