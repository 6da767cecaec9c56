using HoloZero.Models.Ops;

namespace HoloZero.Conformance;

/// <summary>ShapeOps: the shapes of every case, and what it alone does: it follows lengths and collects parameters.</summary>
public class ShapeOpsTests : ShapeConformance
{
    private protected override IInterpreter Interpreter { get; } = new ShapeInterpreter();

    [Fact]
    public void Lengths_are_followed_through_whole_scalars()
    {
        ITensorOps<Shape> op = new ShapeOps();
        var past = op.Scalar("past", 7);
        var total = op.Add(past, op.Length(new Shape([2, 5]), 1));
        Assert.Equal(12, total.Value);
        Assert.Equal(11, op.Subtract(total, op.Scalar("one", 1)).Value);
        Assert.Equal(12, op.Apply(BinaryFunction.Maximum, past, total).Value);
        Assert.Equal([12, 1], op.Range(op.Scalar("zero", 0), total).Dimensions);
        Assert.Null(op.Scalar("half", 0.5).Value);
        Assert.Null(op.Divide(total, past).Value);
    }

    [Fact]
    public void Parameters_are_collected_by_full_name_from_every_module()
    {
        var op = new ShapeOps();
        ITensorOps<Shape> inner = op.At("blocks.0").At("qkv");
        inner.Linear(new([1, 4]), 4, 6);
        op.Parameter("gate", 1);
        Assert.Equal(["blocks.0.qkv.bias", "blocks.0.qkv.weight", "gate"], op.Parameters.Keys);
        Assert.Equal([6, 4], op.Parameters["blocks.0.qkv.weight"]);
    }

    [Fact]
    public void A_parameter_of_two_shapes_is_refused_with_both()
    {
        var op = new ShapeOps();
        op.At("norm").Parameter("weight", 4);
        var exception = Assert.Throws<ShapeException>(() => op.At("norm").Parameter("weight", 5));
        Assert.Equal("norm: parameter norm.weight is asked for as [5] and as [4]", exception.Message);
    }

    [Fact]
    public void A_message_names_the_module_the_operation_and_the_shapes()
    {
        ITensorOps<Shape> op = new ShapeOps();
        var inModule = Assert.Throws<ShapeException>(() => op.At("self_blocks.0").At("proj").MatMul(new([2, 3]), new([4, 5])));
        Assert.Equal("self_blocks.0.proj: MatMul: [2, 3] does not multiply [4, 5]", inModule.Message);
        var atRoot = Assert.Throws<ShapeException>(() => op.Add(new([2]), new([3])));
        Assert.Equal("model: Add: [2] and [3] do not broadcast", atRoot.Message);
    }
}
