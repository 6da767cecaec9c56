namespace HoloZero.Conformance;

/// <summary>The float64 reference is right about every operation, by the word of others.</summary>
public class ReferenceOpsTests : TensorOpsConformance
{
    private protected override IInterpreter Interpreter { get; } = new ReferenceInterpreter();
}
