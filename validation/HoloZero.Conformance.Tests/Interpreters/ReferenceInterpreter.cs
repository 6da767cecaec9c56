using HoloZero.Models.Ops;
using HoloZero.Reference;

namespace HoloZero.Conformance;

/// <summary>The float64 reference: every element is a double.</summary>
internal sealed class ReferenceInterpreter : Interpreter<DoubleTensor>
{
    public override Tolerances Tolerances => Tolerances.Float64;

    public override Type RefusalType => typeof(ArgumentException);

    protected override Type Operations => typeof(ReferenceOps);

    protected override int[][] Shapes(OperationCase<DoubleTensor> test) => [.. Run(test, op => op).Select(result => result.Shape)];

    protected override Tensor[] Run(OperationCase<DoubleTensor> test, Func<ITensorOps<DoubleTensor>, ITensorOps<DoubleTensor>> decorate)
    {
        var op = decorate(new ReferenceOps(name => Value(test.Parameters[name])));
        return [.. test.Body(op, [.. test.Inputs.Select(Value)]).Select(result => Tensor.Of(result.Shape, result.Data))];
    }

    protected override void Refuse(Refusal<DoubleTensor> refusal)
    {
        var op = new ReferenceOps(name => throw new ArgumentException($"there is no {name}")).At(Refusal<DoubleTensor>.Module);
        refusal.Body(op, [.. refusal.Inputs.Select(Value)]);
    }

    // Copied, so that an operation that writes to its input is found out.
    private static DoubleTensor Value(Tensor tensor) => new([.. tensor.Values], tensor.Shape);
}
