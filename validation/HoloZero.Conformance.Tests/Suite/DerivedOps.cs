using HoloZero.Models.Ops;

namespace HoloZero.Conformance;

/// <summary>
/// Another interpreter's primitives with none of its overrides: every derived operation is the interface's own definition. What an
/// override has to equal.
/// </summary>
internal sealed class DerivedOps<T>(ITensorOps<T> inner) : ITensorOps<T>
{
    public ITensorOps<T> At(string module) => new DerivedOps<T>(inner.At(module));

    public T Parameter(string name, params int[] shape) => inner.Parameter(name, shape);

    public T Constant(string name, double[] values, params int[] shape) => inner.Constant(name, values, shape);

    public T Apply(UnaryFunction function, T x) => inner.Apply(function, x);

    public T Apply(BinaryFunction function, T a, T b) => inner.Apply(function, a, b);

    public T Where(T condition, T a, T b) => inner.Where(condition, a, b);

    public T MatMul(T a, T b) => inner.MatMul(a, b);

    public T Transpose(T x) => inner.Transpose(x);

    public T Sum(T x) => inner.Sum(x);

    public T Softmax(T x) => inner.Softmax(x);

    public T Concat(int axis, T a, T b) => inner.Concat(axis, a, b);

    public T Slice(T x, int axis, int start, int? end = null) => inner.Slice(x, axis, start, end);

    public T Skip(T x, int axis, T count) => inner.Skip(x, axis, count);

    public T Gather(T table, T indices) => inner.Gather(table, indices);

    public T PadLast(T x, int width) => inner.PadLast(x, width);

    public T RoundToFloat32(T x) => inner.RoundToFloat32(x);

    public T Length(T x, int axis) => inner.Length(x, axis);

    public T Range(T start, T length) => inner.Range(start, length);

    public (T Cos, T Sin) RopeTables(T positions, int width, double @base) => inner.RopeTables(positions, width, @base);

    public T SplitHeads(T x, int heads) => inner.SplitHeads(x, heads);

    public T MergeHeads(T x) => inner.MergeHeads(x);

    public T SlotRows(T x, int slotBytes) => inner.SlotRows(x, slotBytes);
}
