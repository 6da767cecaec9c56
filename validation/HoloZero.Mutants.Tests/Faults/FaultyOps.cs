using HoloZero.Exporter.Recording;
using HoloZero.Models.Ops;

namespace HoloZero.Mutants.Tests.Faults;

/// <summary>
/// The exporter's operations with one of them done wrongly: whatever a subclass does not override is recorded as in a real export.
/// </summary>
/// <remarks>
/// The features, attention and the fast-weight read are left to the interface: their published definitions run over this object, so that
/// a fault in an operation inside them is met. A subclass that gets one of those wrong implements the interface's member anew.
/// Instances serve one recording.
/// </remarks>
internal abstract class FaultyOps : ITensorOps<GraphValue>
{
    /// <summary>The exporter's own operations at <see cref="Path"/>.</summary>
    protected ITensorOps<GraphValue> Inner { get; private set; } = null!;

    /// <summary>For nodes that no operation records.</summary>
    protected GraphRecorder Graph { get; private set; } = null!;

    /// <summary>The present module.</summary>
    protected string Path { get; private set; } = "";

    /// <summary>Puts the fault over sound operations.</summary>
    internal ITensorOps<GraphValue> Over(ITensorOps<GraphValue> inner, GraphRecorder graph)
    {
        (Inner, Graph) = (inner, graph);
        return this;
    }

    public virtual ITensorOps<GraphValue> At(string module)
    {
        var deeper = (FaultyOps)MemberwiseClone();
        (deeper.Inner, deeper.Path) = (Inner.At(module), ModulePath.Join(Path, module));
        return deeper;
    }

    public virtual GraphValue Parameter(string name, params int[] shape) => Inner.Parameter(name, shape);

    public virtual GraphValue Constant(string name, double[] values, params int[] shape) => Inner.Constant(name, values, shape);

    public virtual GraphValue Apply(UnaryFunction function, GraphValue x) => Inner.Apply(function, x);

    public virtual GraphValue Apply(BinaryFunction function, GraphValue a, GraphValue b) => Inner.Apply(function, a, b);

    public virtual GraphValue Where(GraphValue condition, GraphValue a, GraphValue b) => Inner.Where(condition, a, b);

    public virtual GraphValue MatMul(GraphValue a, GraphValue b) => Inner.MatMul(a, b);

    public virtual GraphValue Transpose(GraphValue x) => Inner.Transpose(x);

    public virtual GraphValue Sum(GraphValue x) => Inner.Sum(x);

    public virtual GraphValue Softmax(GraphValue x) => Inner.Softmax(x);

    public virtual GraphValue Concat(int axis, GraphValue a, GraphValue b) => Inner.Concat(axis, a, b);

    public virtual GraphValue Slice(GraphValue x, int axis, int start, int? end = null) => Inner.Slice(x, axis, start, end);

    public virtual GraphValue Skip(GraphValue x, int axis, GraphValue count) => Inner.Skip(x, axis, count);

    public virtual GraphValue Gather(GraphValue table, GraphValue indices) => Inner.Gather(table, indices);

    public virtual GraphValue PadLast(GraphValue x, int width) => Inner.PadLast(x, width);

    public virtual GraphValue RoundToFloat32(GraphValue x) => Inner.RoundToFloat32(x);

    public virtual GraphValue Length(GraphValue x, int axis) => Inner.Length(x, axis);

    public virtual GraphValue Range(GraphValue start, GraphValue length) => Inner.Range(start, length);

    public virtual (GraphValue Cos, GraphValue Sin) RopeTables(GraphValue positions, int width, double @base) =>
        Inner.RopeTables(positions, width, @base);

    public virtual GraphValue SplitHeads(GraphValue x, int heads) => Inner.SplitHeads(x, heads);

    public virtual GraphValue MergeHeads(GraphValue x) => Inner.MergeHeads(x);

    public virtual GraphValue SlotRows(GraphValue x, int slotBytes) => Inner.SlotRows(x, slotBytes);

    public virtual GraphValue Linear(GraphValue x, int inputs, int outputs) => Inner.Linear(x, inputs, outputs);

    public virtual GraphValue LayerNorm(GraphValue x, int width, double epsilon) => Inner.LayerNorm(x, width, epsilon);

    public virtual GraphValue Gelu(GraphValue x) => Inner.Gelu(x);

    public virtual GraphValue Phi(GraphValue x) => Inner.Phi(x);

    public virtual GraphValue Rope(GraphValue x, int width, GraphValue cos, GraphValue sin) => Inner.Rope(x, width, cos, sin);
}

/// <summary>No fault: what is recorded through it must be what is recorded without it.</summary>
internal sealed class Faultless : FaultyOps;

/// <summary>A constant of the graph with other values.</summary>
/// <param name="path">Tells its modules by their paths.</param>
/// <param name="name">The constant.</param>
/// <param name="change">Its values made wrong.</param>
internal sealed class ChangedConstant(Func<string, bool> path, string name, Func<double[], double[]> change) : FaultyOps
{
    public override GraphValue Constant(string constant, double[] values, params int[] shape) =>
        Inner.Constant(constant, constant == name && path(Path) ? change(values) : values, shape);
}
