using HoloZero.Models.Ops;

namespace HoloZero.Conformance;

/// <summary>Shapes and words alone. It has no numbers, so that its tests are those of <see cref="ShapeConformance"/>.</summary>
internal sealed class ShapeInterpreter : Interpreter<Shape>
{
    public override Tolerances Tolerances => Tolerances.None;

    public override Type RefusalType => typeof(ShapeException);

    protected override Type Operations => typeof(ShapeOps);

    /// <summary>The shape of a tensor, with the value of a whole scalar, which lengths follow from.</summary>
    public static Shape ShapeOf(Tensor tensor) =>
        new(tensor.Shape, tensor is { Element: Element.Whole, Rank: 0 } ? (long)tensor.Values[0] : null);

    protected override int[][] Shapes(OperationCase<Shape> test) =>
        [.. test.Body(new ShapeOps(), [.. test.Inputs.Select(ShapeOf)]).Select(result => result.Dimensions)];

    protected override Tensor[] Run(OperationCase<Shape> test, Func<ITensorOps<Shape>, ITensorOps<Shape>> decorate) =>
        throw new NotSupportedException("shapes have no values");

    protected override void Refuse(Refusal<Shape> refusal) =>
        refusal.Body(new ShapeOps().At(Refusal<Shape>.Module), [.. refusal.Inputs.Select(ShapeOf)]);
}
