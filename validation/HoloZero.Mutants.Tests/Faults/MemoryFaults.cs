using HoloZero.Exporter.Recording;
using HoloZero.Models.Ops;

namespace HoloZero.Mutants.Tests.Faults;

/// <summary>The memory with one of its terms wrong.</summary>
/// <param name="fault">What is done wrongly.</param>
internal sealed class FaultyMemory(MemoryFault fault) : FaultyOps, ITensorOps<GraphValue>
{
    (GraphValue Output, FastWeights<GraphValue> Present) ITensorOps<GraphValue>.FastWeightRead(GraphValue qkv, int d,
        int heads, double epsilon, RowPositions<GraphValue> positions, FastWeights<GraphValue> past)
    {
        var (q, k, values) = Inner.SplitQkv(qkv, d, heads);                                      // [B, H, T, k]
        var (queries, keysByColumn) = (Inner.Phi(q), Inner.Transpose(Inner.Phi(k)));             // [B, H, T, k], [B, H, k, T]
        var products = Inner.MatMul(queries, keysByColumn);                                      // [B, H, T, T]
        var zero = Inner.Constant("zero", [0]);
        var weights = Inner.Where(positions.EarlierRows, products, zero);
        var counted = fault == MemoryFault.ZWithoutTheCurrentKey
            ? Inner.Where(Inner.Apply(BinaryFunction.LessOrEqual, positions.Rows, Inner.Transpose(positions.Rows)), zero, products)
            : weights;
        var numerator = Inner.Add(Inner.MatMul(weights, values), Inner.MatMul(queries, past.S)); // [B, H, T, k]
        var denominator = Inner.Add(Inner.Sum(counted), Inner.MatMul(queries, past.Z));          // [B, H, T, 1]
        var tiny = Inner.Constant("epsilon", [epsilon]);
        var read = fault == MemoryFault.EpsilonOutside
            ? Inner.Add(Inner.Divide(numerator, denominator), tiny)
            : Inner.Divide(numerator, Inner.Add(denominator, tiny));
        var (s, z) = (Inner.MatMul(keysByColumn, values), Inner.Sum(keysByColumn));              // [B, H, k, k], [B, H, k, 1]
        return (Inner.MergeHeads(read), new(
            fault == MemoryFault.SNotCarried ? s : Inner.Add(past.S, s),
            fault == MemoryFault.ZNotCarried ? z : Inner.Add(past.Z, z)));
    }
}

/// <summary>What <see cref="FaultyMemory"/> gets wrong.</summary>
internal enum MemoryFault
{
    None,
    ZWithoutTheCurrentKey,
    EpsilonOutside,
    SNotCarried,
    ZNotCarried,
}

/// <summary>phi without its exponential: max(x, 0) + 1.</summary>
internal sealed class PhiWithoutExponential : FaultyOps
{
    public override GraphValue Phi(GraphValue x) =>
        Inner.Add(Inner.Apply(BinaryFunction.Maximum, x, Inner.Constant("zero", [0])), Inner.Constant("one", [1]));
}

/// <summary>The gate is multiplied in as it is stored.</summary>
internal sealed class GateWithoutTanh : FaultyOps
{
    public override GraphValue Apply(UnaryFunction function, GraphValue x) =>
        function == UnaryFunction.Tanh ? x : Inner.Apply(function, x);
}

/// <summary>The memory's output replaces its input instead of joining it.</summary>
internal sealed class MemoryWithoutResidual : FaultyOps
{
    public override GraphValue Apply(BinaryFunction function, GraphValue a, GraphValue b) =>
        function == BinaryFunction.Add && Path.StartsWith("mem_blocks.", StringComparison.Ordinal) && Path.Count(c => c == '.') == 1
            ? b
            : Inner.Apply(function, a, b);
}
