using HoloZero.Exporter;
using HoloZero.Exporter.Recording;
using HoloZero.Models.Ops;

namespace HoloZero.Conformance.Fused;

/// <summary>What is put off until it is known what follows, biases before GELU and gates, with sums, norms and skipped rows.</summary>
public class FusedResidualTests(ITestOutputHelper output)
{
    private const int Width = 24, Inputs = 10;
    private const double Epsilon = 1e-5;

    private static readonly Dictionary<string, Tensor> Parameters = new(
    [
        .. Recording.Linear("proj", 70, Inputs, Width), .. Recording.Norm("norm", 72, Width), .. Recording.Linear("head", 74, Width, 7),
        new("block.gate", Tensor.Row(0.75)), .. Recording.Linear("block.proj", 76, Inputs, Width),
    ]);

    /// <summary>Each with the operators that it has to come to: that it is fused is as much the point as that it is right.</summary>
    private static readonly Dictionary<string, (Use Use, string[] Operators)> Uses = new()
    {
        ["norm of a sum"] = ((op, x) => [Norm(op, Sum(op, x))], ["MatMul", "Add", "Add", "LayerNormalization"]),
        ["norm of a sum that goes on"] = ((op, x) => Sum(op, x) is var sum ? [Norm(op, sum), sum] : [],
            ["MatMul", "Add", "Add", "LayerNormalization"]),
        ["sum that goes on before its norm"] = ((op, x) =>
        {
            var sum = Sum(op, x);
            var first = op.At("other").Multiply(sum, sum);
            return [first, Norm(op, sum), sum];
        }, ["MatMul", "Add", "Add", "Mul", "LayerNormalization"]),
        ["norm of a sum, twice"] = ((op, x) => Sum(op, x) is var sum ? [Norm(op, sum), Norm(op.At("again"), sum)] : [],
            ["MatMul", "Add", "Add", "LayerNormalization", "LayerNormalization"]),
        ["sum of sums"] = ((op, x) =>
        {
            var first = Sum(op, x);
            var normed = Norm(op, first);
            return [Norm(op.At("again"), op.Add(first, Gated(op, x[1]))), normed];
        }, ["MatMul", "Add", "Add", "LayerNormalization", "MatMul", "Add", "Add", "LayerNormalization"]),
        ["gated"] = ((op, x) => [Gated(op, x[1])], ["MatMul", "Add"]),
        ["gated, in a sum"] = ((op, x) => [op.At("block").Add(x[0], Gated(op, x[1]))], ["MatMul", "Add", "Add"]),
        ["gated, in a norm"] = ((op, x) => [Norm(op, op.At("block").Add(x[0], Gated(op, x[1])))],
            ["MatMul", "Add", "Add", "LayerNormalization"]),
        // Only what the graph's contents can tell is folded.
        ["gated twice"] = ((op, x) => [op.At("block").Multiply(Gated(op, x[1]),
            op.At("block").Apply(UnaryFunction.Tanh, op.At("block").Parameter("gate", 1)))], ["MatMul", "Add", "Mul"]),
        ["times a constant"] = ((op, x) =>
            [op.At("proj").Multiply(op.At("proj").Linear(x[1], Inputs, Width), op.At("proj").Scalar("two", 2))],
            ["MatMul", "Add", "Mul"]),
        ["GELU of a Linear"] = ((op, x) => [op.At("gelu").Gelu(op.At("proj").Linear(x[1], Inputs, Width))], ["MatMul", "BiasGelu"]),
        ["a Linear that is wanted twice"] = ((op, x) =>
        {
            var linear = op.At("proj").Linear(x[1], Inputs, Width);
            return [linear, op.At("gelu").Gelu(linear), op.At("other").Multiply(linear, x[0])];
        }, ["MatMul", "Add", "MatMul", "BiasGelu", "Mul"]),
        ["head behind skipped rows"] = ((op, x) => [Head(op, Sum(op, x), x[2])],
            ["Shape", "Squeeze", "MatMul", "Add", "Add", "LayerNormalization", "Unsqueeze", "Slice", "MatMul", "Add"]),
        ["head behind skipped rows of a sum that goes on"] = ((op, x) =>
        {
            var sum = Sum(op, x);
            var logits = Head(op, sum, x[2]);
            return [logits, sum];
        }, ["Shape", "Squeeze", "MatMul", "Add", "Add", "LayerNormalization", "Unsqueeze", "Slice", "MatMul", "Add"]),
        ["skipped rows of a sum"] = ((op, x) => [op.At("norm").Skip(Sum(op, x), 1, op.At("norm").Length(x[2], 1))],
            ["Shape", "Squeeze", "MatMul", "Add", "Add", "Unsqueeze", "Slice"]),
    };

    public static TheoryData<string, int, int> Cases { get; } =
        [.. from name in Uses.Keys from skipped in (int[])[0, 1, 4] from batch in (int[])[1, 3] select (name, skipped, batch)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void What_is_put_off_comes_out_as_derived(string name, int skipped, int batch)
    {
        // The bias of a second norm.
        var parameters = new Dictionary<string, Tensor>([.. Parameters, .. Recording.Norm("again.norm", 78, Width)]);
        Tensor[] inputs = [Tensor.Pattern(80, batch, 5, Width), Tensor.Pattern(81, batch, 5, Inputs), Tensor.Zeros(batch, skipped, 1)];
        var (use, operators) = Uses[name];
        using var derived = Recording.Derived(inputs, use, parameters);
        using var fused = Recording.Fused(GraphVariant.Float32, inputs, use, parameters);
        var (actual, expected) = (fused.Run(inputs), derived.Run(inputs));
        output.WriteLine(Comparison.Largest(actual, expected));
        Comparison.RequireEqual(name, actual, expected,
            new(4e-6, 4e-6, "a norm's centring cancels, the sum before it is rounded in another order"));
        Assert.Equal(operators.Order(), Recording.Operators(GraphVariant.Float32, inputs, use, parameters).Order());
    }

    private static GraphValue Sum(ITensorOps<GraphValue> op, GraphValue[] x) => op.Add(x[0], op.At("proj").Linear(x[1], Inputs, Width));

    private static GraphValue Norm(ITensorOps<GraphValue> op, GraphValue x) => op.At("norm").LayerNorm(x, Width, Epsilon);

    private static GraphValue Head(ITensorOps<GraphValue> op, GraphValue x, GraphValue prefix) => op.At("head")
        .Linear(Norm(op, op.At("norm").Skip(x, 1, op.At("norm").Length(prefix, 1))), Width, 7);

    private static GraphValue Gated(ITensorOps<GraphValue> root, GraphValue x)
    {
        var op = root.At("block");
        return op.Multiply(op.At("proj").Linear(x, Inputs, Width), op.Apply(UnaryFunction.Tanh, op.Parameter("gate", 1)));
    }
}
