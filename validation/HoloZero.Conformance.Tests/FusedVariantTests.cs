using HoloZero.Exporter;

namespace HoloZero.Conformance;

/// <summary>
/// The operators of the fused variants, as far as they take the cases of the interface; the others are held against the derived
/// operations in <see cref="FusedAttentionTests"/>, <see cref="FusedMemoryTests"/> and <see cref="FusedFrontDoorTests"/>.
/// </summary>
public class FusedVariantTests : TensorOpsConformance
{
    private protected override IInterpreter Interpreter { get; } = new OnnxInterpreter(GraphVariant.Float32, Tolerances.Fused);

    private protected override IReadOnlyDictionary<string, string> TestedElsewhere { get; } = new Dictionary<string, string>
    {
        ["Attention"] = "GroupQueryAttention makes its own mask and rotary tables, takes heads of a multiple of 16, "
            + "and after earlier rows several new ones only in a batch of 1",
        ["FastWeightRead"] = "z is a column of S, and the ones that it sums come out of the Linear before it",
        ["RowPositions"] = "gives what GroupQueryAttention wants instead of rows, masks and tables",
        ["HslFeatures"] = "the tail holds codes in which an absent byte is not the byte 0, and no position is needed",
        ["StreamTail"] = "the tail holds codes in which an absent byte is not the byte 0",
    };
}

/// <summary>
/// The same with weights and activations in float16. Those in 4 and 8 bits differ from this one and from the others in Linear alone:
/// <see cref="FusedLinearTests"/>.
/// </summary>
public class CudaVariantTests : FusedVariantTests
{
    private protected override IInterpreter Interpreter { get; } = new OnnxInterpreter(GraphVariant.Cuda, Tolerances.FusedFloat16);
}
