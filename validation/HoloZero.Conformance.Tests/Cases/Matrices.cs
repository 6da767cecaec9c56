using HoloZero.Models.Ops;
using static System.Double;

namespace HoloZero.Conformance;

internal static partial class OperationCases<T>
{
    private static IEnumerable<OperationCase<T>> Products()
    {
        yield return Case("MatMul", "by hand", [Tensor.Of([2, 3], 1, 2, 3, 4, 5, 6), Tensor.Of([3, 2], 7, 8, 9, 10, 11, 12)],
            (op, x) => op.MatMul(x[0], x[1]), Tensor.Of([2, 2], 58, 64, 139, 154));
        yield return Case("RoundableMatMul", "of numbers that nothing rounds",
            [Tensor.Of([1, 3], 0.5, 2, -3), Tensor.Of([3, 1], 7, 9, 1.25)],
            (op, x) => op.RoundableMatMul(x[0], x[1]), Tensor.Of([1, 1], 17.75));
        yield return Case("Dropout", "of nothing, as nothing is learned", [Tensor.Of([2, 2], 1, -2, 3, NaN)], (op, x) => op.Dropout(x[0]),
            Tensor.Of([2, 2], 1, -2, 3, NaN));
        foreach (var (a, b, leading) in new (int[], int[], int[])[]
        {
            ([1, 1], [1, 1], []), ([2, 3, 4], [4, 5], [2]), ([4, 5], [2, 3, 5, 6], [2, 3]), ([2, 3, 4, 5], [2, 3, 5, 6], [2, 3]),
            ([2, 1, 3, 4], [1, 5, 4, 2], [2, 5]), ([3, 1, 4], [2, 1, 4, 2], [2, 3]), ([2, 3, 1, 8], [2, 3, 8, 1], [2, 3]),
            ([1, 64], [64, 3], []), ([2, 0], [0, 3], []), ([0, 2], [2, 3], []), ([2, 3], [3, 0], []), ([2, 0, 3], [3, 4], [2]),
            ([0, 2, 3], [3, 4], [0]), ([2, 1, 0], [2, 0, 1], [2]),
        })
        {
            var (left, right) = (Tensor.Pattern(7, a), Tensor.Pattern(8, b));
            yield return Case("MatMul", Text(left, right), [left, right], (op, x) => op.MatMul(x[0], x[1]),
                Truth.MatMul(left, right, leading));
        }

        yield return Case("MatMul", "by a constant", [Tensor.Of([2, 2], 1, 2, 3, 4)],
            (op, x) => op.MatMul(x[0], op.Constant("column", [10, 1], 2, 1)), Tensor.Of([2, 1], 12, 34));
        yield return Case("MatMul", "infinity and NaN spread along their row",
            [Tensor.Of([2, 2], PositiveInfinity, 1, 1, 1), Tensor.Of([2, 2], 1, 0, 2, 3)],
            (op, x) => op.MatMul(x[0], x[1]), Tensor.Of([2, 2], PositiveInfinity, NaN, 3, 3));

        foreach (int[] shape in (int[][])[[2, 3], [1, 4], [4, 1], [2, 3, 4], [2, 3, 4, 5], [0, 3], [3, 0], [2, 0, 3], [0, 2, 3]])
        {
            var x = Tensor.Pattern(9, shape);
            yield return Case("Transpose", $"of {Text(x)}", [x], (op, t) => op.Transpose(t[0]),
                Tensor.Build([.. shape[..^2], shape[^1], shape[^2]], i => x[[.. i[..^2], i[^1], i[^2]]]));
        }

        var whole = Tensor.Of([3, 1], 5, 6, 7).As(Element.Whole);
        yield return Case("Transpose", "of whole numbers", [whole], (op, x) => op.Transpose(x[0]), whole with { Shape = [1, 3] });
        yield return Case("Transpose", "of a condition", [Tensor.Of([1, 2], 1, 0).As(Element.Condition)], (op, x) => op.Transpose(x[0]),
            Tensor.Of([2, 1], 1, 0));
        yield return Case("Transpose", "of a constant", [Tensor.Of([2, 1], 1, 2)],
            (op, x) => op.Add(x[0], op.Transpose(op.Constant("row", [10, 20], 1, 2))), Tensor.Of([2, 1], 11, 22));
    }

    private static IEnumerable<OperationCase<T>> Reductions()
    {
        foreach (int[] shape in (int[][])[[4], [1], [2, 3], [2, 3, 1], [2, 3, 4, 5], [2, 3, 0], [0], [1, 0, 4], [0, 4], [0, 0],
            [2, 0, 3, 4]])
        {
            var x = Tensor.Pattern(10, shape);
            yield return Case("Sum", $"of {Text(x)}", [x], (op, t) => op.Sum(t[0]),
                Tensor.Build([.. shape[..^1], 1], i => Truth.Sum(shape[^1], j => x[[.. i[..^1], j]])));
        }

        yield return Case("Sum", "not finite", [Tensor.Of([3, 2], PositiveInfinity, 1, PositiveInfinity, NegativeInfinity, NaN, 0)],
            (op, x) => op.Sum(x[0]), Tensor.Of([3, 1], PositiveInfinity, NaN, NaN));
        yield return Case("Sum", "of empty rows, broadcast afterwards", [Tensor.Zeros(1, 0, 4)], (op, x) => op.Subtract(x[0], op.Sum(x[0])),
            Tensor.Zeros(1, 0, 4));
        yield return Case("Sum", "of whole numbers", [Tensor.Row(1, 2, 4).As(Element.Whole)], (op, x) =>
            op.Divide(op.Sum(x[0]), op.Scalar("two", 2)), Tensor.Row(3.5));
        yield return Case("Sum", "of a constant", [Tensor.Row(1)], (op, x) => op.Add(x[0], op.Sum(op.Constant("c", [1, 2, 3], 3))),
            Tensor.Row(7));

        yield return Softmax("by hand", Tensor.Of([2, 2], 0, 0, 0, Math.Log(3)), Tensor.Of([2, 2], 0.5, 0.5, 0.25, 0.75));
        yield return Softmax("an element of minus infinity gets 0",
            Tensor.Of([2, 3], NegativeInfinity, 1, 1, NegativeInfinity, NegativeInfinity, -5),
            Tensor.Of([2, 3], 0, 0.5, 0.5, 0, 0, 1));
        yield return Softmax("huge logits", Tensor.Of([2, 3], 1e4, 1e4, -1e4, -1e4, -1e4, -1e4),
            Tensor.Of([2, 3], 0.5, 0.5, 0, 1 / 3.0, 1 / 3.0, 1 / 3.0));
        foreach (int[] shape in (int[][])[[4], [1], [3, 1], [2, 3, 4, 5], [2, 0], [0, 3], [2, 0, 3]])
        {
            var x = Tensor.Pattern(11, shape);
            yield return Softmax($"of {Text(x)}", x, Truth.Softmax(x));
        }

        static OperationCase<T> Softmax(string what, Tensor x, Tensor expected) =>
            Case("Softmax", what, [x], (op, t) => op.Softmax(t[0]), expected);
    }
}
