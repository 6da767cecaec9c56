using HoloZero.Exporter.Recording;
using HoloZero.Models.Ops;

namespace HoloZero.Mutants.Tests.Faults;

/// <summary>GELU by the tanh formula.</summary>
internal sealed class TanhGelu : FaultyOps
{
    public override GraphValue Gelu(GraphValue x)
    {
        var cube = Inner.Multiply(Inner.Multiply(x, x), x);
        var sum = Inner.Add(x, Inner.Multiply(cube, Inner.Constant("cubic", [0.044715])));
        var tanh = Inner.Apply(UnaryFunction.Tanh, Inner.Multiply(sum, Inner.Constant("root", [Math.Sqrt(2 / Math.PI)])));
        return Inner.Multiply(Inner.Multiply(x, Inner.Constant("half", [0.5])), Inner.Add(tanh, Inner.Constant("one", [1])));
    }
}

/// <summary>Every LayerNorm with another epsilon.</summary>
internal sealed class LayerNormEpsilon(double wrong) : FaultyOps
{
    public override GraphValue LayerNorm(GraphValue x, int width, double epsilon) => Inner.LayerNorm(x, width, wrong);
}

/// <summary>The LayerNorm before the head is left out.</summary>
internal sealed class FinalNormDropped : FaultyOps
{
    public override GraphValue LayerNorm(GraphValue x, int width, double epsilon) =>
        Path == "norm" ? x : Inner.LayerNorm(x, width, epsilon);
}

/// <summary>The two LayerNorms of a self block change places.</summary>
internal sealed class NormsSwapped : FaultyOps
{
    public override ITensorOps<GraphValue> At(string module) => base.At(module switch
    {
        "norm1" => "norm2",
        "norm2" => "norm1",
        _ => module,
    });
}

/// <summary>A square weight multiplied in without the transposition that [out, in] asks for.</summary>
internal sealed class AttentionProjectionUntransposed : FaultyOps
{
    public override GraphValue Linear(GraphValue x, int inputs, int outputs) =>
        Path.StartsWith("self_blocks.", StringComparison.Ordinal) && Path.EndsWith(".proj", StringComparison.Ordinal)
            ? Inner.Add(Inner.MatMul(x, Inner.Parameter("weight", outputs, inputs)), Inner.Parameter("bias", outputs))
            : Inner.Linear(x, inputs, outputs);
}
