using HoloZero.Exporter.Recording;
using HoloZero.Models.Ops;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Exporter.Fused;

/// <summary>A Linear that waits for what is done with it: its bias may go into the next node, a factor into its weights.</summary>
internal sealed class DeferredLinear(FusedOnnxOps op, GraphValue input, LinearWeights weights, Shape shape)
    : GraphValue(weights.Name, op.Activation, shape)
{
    private GraphValue? _recorded;

    /// <summary>What is multiplied: [.., in].</summary>
    public GraphValue Input => input;

    public LinearWeights Weights => weights;

    public override GraphValue Record() => _recorded ??= op.Product(input, weights, Shape, withBias: true);

    /// <summary>Records the product alone: whoever asks for it adds <see cref="Bias"/>.</summary>
    public GraphValue Product() => op.Product(input, weights, Shape, withBias: false);

    public InitializerValue Bias() => op.Bias(weights);

    /// <summary>The same Linear with other weights.</summary>
    public DeferredLinear With(LinearWeights other) =>
        new(op, input, other, new([.. Shape.Dimensions[..^1], other.Outputs]));
}

/// <summary>A norm that waits for the Linear behind it, which may want its channels divided.</summary>
/// <param name="op">The norm's module.</param>
/// <param name="input">What is normed.</param>
/// <param name="epsilon">Of the norm.</param>
/// <param name="exponents">Channel i is divided by 2 to the power of <c>exponents[i]</c>; null where none is.</param>
internal sealed class DeferredNorm(FusedOnnxOps op, GraphValue input, double epsilon, int[]? exponents = null)
    : GraphValue("norm", DataType.Float, input.Shape)
{
    private GraphValue? _recorded;

    public override GraphValue Record() => _recorded ??= op.Norm(input, epsilon, exponents);

    /// <summary>The same norm with its channels divided.</summary>
    public DeferredNorm Divided(int[] by) => new(op, input, epsilon, by);
}
