using HoloZero.Testing;
using static TorchSharp.torch;

namespace HoloZero.Conformance;

/// <summary>TorchSharp in float32: what people who know PyTorch get.</summary>
public class TorchSharpFloat32Tests : TensorOpsConformance
{
    public TorchSharpFloat32Tests() => TorchSharpHere.Require();

    private protected override IInterpreter Interpreter { get; } = new TorchSharpInterpreter(ScalarType.Float32,
        Tolerances.Float32.WithOverrides(new Dictionary<string, Tolerance>
        {
            ["Linear"] = new(0, 4e-6, "another order of at most 64 terms below 4"),
            ["LayerNorm"] = LayerNorm,
            ["Gelu"] = new(4e-6, 4e-7, "1 + erf cancels for negative arguments, in another order of the products"),
        }).With("LayerNorm", LayerNorm));

    private static Tolerance LayerNorm => new(2e-5, 2e-5, "PyTorch divides x and its mean by the deviation before it subtracts them");
}

/// <summary>TorchSharp in float64: what it computes an artifact's self-check with.</summary>
public class TorchSharpFloat64Tests : TensorOpsConformance
{
    public TorchSharpFloat64Tests() => TorchSharpHere.Require();

    private protected override IInterpreter Interpreter { get; } = new TorchSharpInterpreter(ScalarType.Float64,
        Tolerances.Float64.WithOverrides(new Dictionary<string, Tolerance>
        {
            ["Linear"] = new(0, 1e-14, "another order of at most 64 terms below 4"),
            ["LayerNorm"] = LayerNorm,
            ["Gelu"] = new(1e-14, 1e-15, "another order of the products"),
        }).With("LayerNorm", LayerNorm));

    private static Tolerance LayerNorm => new(1e-13, 1e-13, "PyTorch divides x and its mean by the deviation before it subtracts them");
}
