using HoloZero.Testing;
using static TorchSharp.torch;

namespace HoloZero.Conformance;

/// <summary>TorchSharp in float32: what people who know PyTorch get.</summary>
public class TorchSharpFloat32Tests : TensorOpsConformance
{
    private const double Unit = 1.0 / (1 << 24);

    public TorchSharpFloat32Tests() => TorchSharpHere.Require();

    private protected override IInterpreter Interpreter { get; } = new TorchSharpInterpreter(ScalarType.Float32,
        Tolerances.Float32.WithOverrides(new Dictionary<string, Tolerance>
        {
            ["Linear"] = new(0, 4e-6, "another order of at most 64 terms below 4"),
            ["RoundableMatMul"] = Unchanged,
            ["Dropout"] = Unchanged,
            ["LayerNorm"] = LayerNorm,
            ["Gelu"] = Gelu(4, "the same, and the derived operation's own 1 + erf, which is within 2^-23"),
        }).With("LayerNorm", LayerNorm).With("Sqrt", MathLibrary).With("Gelu", Gelu(2, "a formula that is within 1.5e-7 of erf "
            + "(Abramowitz and Stegun 7.1.26) on processors with AVX-512, and within 2^-23 rounded; then times half the argument, "
            + "up to 6.5, below which exp(-x^2 / 2) is lost beside 1")));

    internal static Tolerance Unchanged => new(0, 0, "the derived operation itself unless a step of training asks for more");

    private static Tolerance MathLibrary =>
        new(2 * Unit, 0, "MKL's vector mathematics in its high accuracy: within 1 ulp, not correctly rounded on every processor");

    private static Tolerance LayerNorm => new(2e-5, 2e-5, "PyTorch divides x and its mean by the deviation before it subtracts them");

    private static Tolerance Gelu(int units, string reason) => new(4e-6, 6.5 / 2 * (1.5e-7 + units * Unit), reason);
}

/// <summary>TorchSharp in float64: what it computes an artifact's self-check with.</summary>
public class TorchSharpFloat64Tests : TensorOpsConformance
{
    public TorchSharpFloat64Tests() => TorchSharpHere.Require();

    private protected override IInterpreter Interpreter { get; } = new TorchSharpInterpreter(ScalarType.Float64,
        Tolerances.Float64.WithOverrides(new Dictionary<string, Tolerance>
        {
            ["Linear"] = new(0, 1e-14, "another order of at most 64 terms below 4"),
            ["RoundableMatMul"] = TorchSharpFloat32Tests.Unchanged,
            ["Dropout"] = TorchSharpFloat32Tests.Unchanged,
            ["LayerNorm"] = LayerNorm,
            ["Gelu"] = new(1e-14, 1e-15, "another order of the products"),
        }).With("LayerNorm", LayerNorm).With("Sqrt", new(Math.ScaleB(1, -52), 0, "MKL's vector mathematics: within 1 ulp")));

    private static Tolerance LayerNorm => new(1e-13, 1e-13, "PyTorch divides x and its mean by the deviation before it subtracts them");
}
