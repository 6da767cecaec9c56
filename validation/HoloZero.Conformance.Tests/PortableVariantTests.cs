using HoloZero.Exporter;

namespace HoloZero.Conformance;

/// <summary>The portable variant's operators, run through ONNX Runtime.</summary>
public class PortableVariantTests : TensorOpsConformance
{
    private protected override IInterpreter Interpreter { get; } = new OnnxInterpreter(GraphVariant.Portable, Tolerances.Float32);
}
