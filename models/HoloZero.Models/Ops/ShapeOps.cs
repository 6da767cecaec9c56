using HoloZero.Artifacts;

namespace HoloZero.Models.Ops;

/// <summary>A shape; for whole scalars also the value, so that lengths can be followed.</summary>
/// <param name="Dimensions">Lengths of the axes; empty for a scalar.</param>
/// <param name="Value">The value of a scalar that counts something, where it is known.</param>
public sealed record Shape(int[] Dimensions, long? Value = null)
{
    /// <summary>Number of axes.</summary>
    public int Rank => Dimensions.Length;

    /// <inheritdoc/>
    public override string ToString() => $"[{string.Join(", ", Dimensions)}]";
}

/// <summary>
/// A tensor operation was given shapes that do not fit together. The message names the module, the operation and the shapes.
/// </summary>
public sealed class ShapeException(string message) : HoloZeroException(message);

/// <summary>
/// Interprets a model over shapes alone: nothing is computed, mistakes are told in words, and the parameters that the architecture
/// asks for are collected on the way.
/// </summary>
public sealed class ShapeOps : ITensorOps<Shape>
{
    private readonly string _path;
    private readonly SortedDictionary<string, int[]> _parameters;

    /// <summary>An interpreter at the root module.</summary>
    public ShapeOps() : this("", new(StringComparer.Ordinal))
    {
    }

    private ShapeOps(string path, SortedDictionary<string, int[]> parameters) => (_path, _parameters) = (path, parameters);

    /// <summary>The parameters asked for so far, by full name.</summary>
    public IReadOnlyDictionary<string, int[]> Parameters => _parameters;

    /// <inheritdoc/>
    public ITensorOps<Shape> At(string module) => new ShapeOps(ModulePath.Join(_path, module), _parameters);

    /// <inheritdoc/>
    public Shape Parameter(string name, params int[] shape)
    {
        var full = ModulePath.Join(_path, name);
        if (_parameters.TryGetValue(full, out var known) && !known.AsSpan().SequenceEqual(shape))
            throw Error($"parameter {full} is asked for as {new Shape(shape)} and as {new Shape(known)}");
        _parameters[full] = shape;
        return new(shape);
    }

    /// <inheritdoc/>
    public Shape Constant(string name, double[] values, params int[] shape)
    {
        Require(values.Length == shape.Aggregate(1, (a, b) => a * b),
            $"constant {name} of {values.Length} values cannot have shape {new Shape(shape)}");
        return new(shape, shape.Length == 0 && values[0] == Math.Floor(values[0]) && double.IsFinite(values[0]) ? (long)values[0] : null);
    }

    /// <inheritdoc/>
    public Shape Apply(UnaryFunction function, Shape x) => new(x.Dimensions);

    /// <inheritdoc/>
    public Shape Apply(BinaryFunction function, Shape a, Shape b)
    {
        long? value = (function, a.Value, b.Value) switch
        {
            (BinaryFunction.Add, { } l, { } r) => l + r,
            (BinaryFunction.Subtract, { } l, { } r) => l - r,
            (BinaryFunction.Maximum, { } l, { } r) => Math.Max(l, r),
            _ => null,
        };
        return new(Broadcast(function.ToString(), a.Dimensions, b.Dimensions), value);
    }

    /// <inheritdoc/>
    public Shape Where(Shape condition, Shape a, Shape b) =>
        new(Broadcast(nameof(Where), condition.Dimensions, Broadcast(nameof(Where), a.Dimensions, b.Dimensions)));

    /// <inheritdoc/>
    public Shape MatMul(Shape a, Shape b)
    {
        Require(a.Rank >= 2 && b.Rank >= 2 && a.Dimensions[^1] == b.Dimensions[^2], $"MatMul: {a} does not multiply {b}");
        return new([.. Broadcast(nameof(MatMul), a.Dimensions[..^2], b.Dimensions[..^2]), a.Dimensions[^2], b.Dimensions[^1]]);
    }

    /// <inheritdoc/>
    public Shape Transpose(Shape x)
    {
        Require(x.Rank >= 2, $"Transpose: {x} has fewer than two axes");
        return new([.. x.Dimensions[..^2], x.Dimensions[^1], x.Dimensions[^2]]);
    }

    /// <inheritdoc/>
    public Shape Sum(Shape x)
    {
        Require(x.Rank >= 1, $"Sum: {x} has no axis");
        return new([.. x.Dimensions[..^1], 1]);
    }

    /// <inheritdoc/>
    public Shape Softmax(Shape x)
    {
        Require(x.Rank >= 1, $"Softmax: {x} has no axis");
        return new(x.Dimensions);
    }

    /// <inheritdoc/>
    public Shape Concat(int axis, Shape a, Shape b)
    {
        RequireAxis(nameof(Concat), a, axis);
        Require(a.Rank == b.Rank && Enumerable.Range(0, a.Rank).All(i => i == axis || a.Dimensions[i] == b.Dimensions[i]),
            $"Concat: {a} and {b} differ in another axis than {axis}");
        return WithAxis(a, axis, a.Dimensions[axis] + b.Dimensions[axis]);
    }

    /// <inheritdoc/>
    public Shape Slice(Shape x, int axis, int start, int? end = null)
    {
        RequireAxis(nameof(Slice), x, axis);
        var length = x.Dimensions[axis];
        var from = start < 0 ? length + start : start;
        var to = end is null ? length : end < 0 ? length + end.Value : end.Value;
        Require(0 <= from && from <= to && to <= length, $"Slice: {start}..{end} is not within axis {axis} of {x}");
        return WithAxis(x, axis, to - from);
    }

    /// <inheritdoc/>
    public Shape Skip(Shape x, int axis, Shape count)
    {
        RequireAxis(nameof(Skip), x, axis);
        var skipped = RequireCount(nameof(Skip), count);
        Require(skipped <= x.Dimensions[axis], $"Skip: {skipped} elements are more than axis {axis} of {x} has");
        return WithAxis(x, axis, x.Dimensions[axis] - (int)skipped);
    }

    /// <inheritdoc/>
    public Shape Gather(Shape table, Shape indices)
    {
        Require(table.Rank == 2, $"Gather: the table {table} has not two axes");
        return new([.. indices.Dimensions, table.Dimensions[1]]);
    }

    /// <inheritdoc/>
    public Shape PadLast(Shape x, int width)
    {
        Require(x.Rank >= 1 && x.Dimensions[^1] <= width, $"PadLast: {x} is wider than {width}");
        return WithAxis(x, x.Rank - 1, width);
    }

    /// <inheritdoc/>
    public Shape RoundToFloat32(Shape x) => x;

    /// <inheritdoc/>
    public Shape Length(Shape x, int axis)
    {
        RequireAxis(nameof(Length), x, axis);
        return new([], x.Dimensions[axis]);
    }

    /// <inheritdoc/>
    public Shape Range(Shape start, Shape length)
    {
        RequireCount(nameof(Range), start);
        return new([(int)RequireCount(nameof(Range), length), 1]);
    }

    /// <inheritdoc/>
    public (Shape Cos, Shape Sin) RopeTables(Shape positions, int width, double @base)
    {
        Require(positions.Rank == 2 && positions.Dimensions[1] == 1, $"RopeTables: positions {positions} are not a column");
        Require(width > 0 && width % 2 == 0, $"RopeTables: width {width} is not even");
        var table = new Shape([positions.Dimensions[0], width / 2]);
        return (table, table);
    }

    /// <inheritdoc/>
    public Shape SplitHeads(Shape x, int heads)
    {
        Require(x.Rank == 3 && heads > 0 && x.Dimensions[2] % heads == 0, $"SplitHeads: {x} does not split into {heads} heads");
        return new([x.Dimensions[0], heads, x.Dimensions[1], x.Dimensions[2] / heads]);
    }

    /// <inheritdoc/>
    public Shape MergeHeads(Shape x)
    {
        Require(x.Rank == 4, $"MergeHeads: {x} has not four axes");
        return new([x.Dimensions[0], x.Dimensions[2], x.Dimensions[1] * x.Dimensions[3]]);
    }

    /// <inheritdoc/>
    public Shape SlotRows(Shape x, int slotBytes)
    {
        Require(x.Rank == 3 && slotBytes > 0 && x.Dimensions[1] % slotBytes == 0,
            $"SlotRows: {x} does not make slots of {slotBytes} bytes");
        return new([x.Dimensions[0], x.Dimensions[1] / slotBytes, x.Dimensions[2] * slotBytes]);
    }

    private static Shape WithAxis(Shape x, int axis, int length)
    {
        var dimensions = (int[])x.Dimensions.Clone();
        dimensions[axis] = length;
        return new(dimensions);
    }

    private int[] Broadcast(string operation, int[] a, int[] b)
    {
        var result = new int[Math.Max(a.Length, b.Length)];
        for (var i = 1; i <= result.Length; i++)
        {
            var (left, right) = (i <= a.Length ? a[^i] : 1, i <= b.Length ? b[^i] : 1);
            Require(left == right || left == 1 || right == 1, $"{operation}: {new Shape(a)} and {new Shape(b)} do not broadcast");
            result[^i] = left == 1 ? right : left;
        }

        return result;
    }

    private long RequireCount(string operation, Shape count)
    {
        Require(count is { Rank: 0, Value: >= 0 }, $"{operation}: {count} is not a count");
        return count.Value!.Value;
    }

    private void RequireAxis(string operation, Shape x, int axis) =>
        Require(axis >= 0 && axis < x.Rank, $"{operation}: {x} has no axis {axis}");

    private void Require(bool holds, string what)
    {
        if (!holds) throw Error(what);
    }

    private ShapeException Error(string what) => new($"{(_path.Length == 0 ? "model" : _path)}: {what}");
}
