using HoloZero.Models.Ops;
using static System.Double;
using static HoloZero.Models.Ops.BinaryFunction;

namespace HoloZero.Conformance;

internal static partial class OperationCases<T>
{
    // The smallest float32 above zero, and a float32 near the largest.
    private const double Denormal = 1.401298464324817e-45, Huge = 1.2676506002282294e30;

    private static IEnumerable<OperationCase<T>> Unary()
    {
        yield return Of(UnaryFunction.Exp, "values", [-1, 0, 1, 2.5], [0.36787944117144233, 1, 2.718281828459045, 12.182493960703473]);
        yield return Of(UnaryFunction.Exp, "ends of float32", [88, -87], [1.6516362549940018e38, 1.6458114310822737e-38]);
        yield return Of(UnaryFunction.Exp, "overflow, underflow, not finite",
            [1e4, -1e4, PositiveInfinity, NegativeInfinity, NaN, Denormal],
            [PositiveInfinity, 0, PositiveInfinity, 0, NaN, 1]);
        yield return Of(UnaryFunction.Sqrt, "values", [0, 1, 2, 6.25, Huge], [0, 1, 1.4142135623730951, 2.5, 1125899906842624]);
        yield return Of(UnaryFunction.Sqrt, "negative, not finite", [-1, PositiveInfinity, NaN], [NaN, PositiveInfinity, NaN]);
        yield return Of(UnaryFunction.Tanh, "values", [-0.5, 0, 0.5, 1, 3],
            [-0.46211715726000975, 0, 0.46211715726000975, 0.7615941559557649, 0.9950547536867305]);
        yield return Of(UnaryFunction.Tanh, "saturation, not finite",
            [-1e4, -20, 20, 1e4, NegativeInfinity, PositiveInfinity, NaN, Denormal],
            [-1, -1, 1, 1, -1, 1, NaN, Denormal]);

        // Python 3.11: math.erf(x).
        double[] arguments = [0, 0.125, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 6, 10];
        double[] erf =
        [
            0, 0.1403162048013339, 0.5204998778130465, 0.8427007929497149, 0.9661051464753108, 0.9953222650189527, 0.999593047982555,
            0.9999779095030014, 0.9999992569016276, 0.9999999845827421, 1, 1,
        ];
        yield return Of(UnaryFunction.Erf, "values and upper tail", arguments, erf);
        yield return Of(UnaryFunction.Erf, "values and lower tail", [.. arguments.Select(x => -x)], [.. erf.Select(y => -y)]);
        yield return Of(UnaryFunction.Erf, "not finite", [NegativeInfinity, PositiveInfinity, NaN], [-1, 1, NaN]);

        foreach (var (function, truth) in new (UnaryFunction, Func<double, double>)[]
            { (UnaryFunction.Exp, Math.Exp), (UnaryFunction.Sqrt, Math.Sqrt), (UnaryFunction.Tanh, Math.Tanh),
                (UnaryFunction.Erf, _ => 0) })
        {
            // The erf of zeros needs no table; the others take what the pattern gives.
            foreach (int[] shape in (int[][])[[], [0], [1], [2, 0, 3], [2, 1, 3, 4]])
            {
                var x = function == UnaryFunction.Erf ? Tensor.Zeros(shape) : Tensor.Pattern(1, shape).Select(Math.Abs);
                yield return Case(function.ToString(), $"of {Text(x)}", [x], (op, t) => op.Apply(function, t[0]), x.Select(truth));
            }
        }

        static OperationCase<T> Of(UnaryFunction function, string what, double[] x, double[] expected) =>
            Case(function.ToString(), what, [Tensor.Row(x)], (op, t) => op.Apply(function, t[0]), Tensor.Row(expected));
    }

    private static IEnumerable<OperationCase<T>> Binary()
    {
        yield return Of(Add, "values, not finite", [1.5, Huge, PositiveInfinity, NegativeInfinity, NaN, Denormal],
            [2.25, -Huge, 1, PositiveInfinity, 0, Denormal], [3.75, 0, PositiveInfinity, NaN, NaN, 2 * Denormal]);
        yield return Of(Subtract, "values, not finite", [1.5, Huge, PositiveInfinity, PositiveInfinity, 1, Denormal],
            [2.25, Huge, 1, PositiveInfinity, NaN, Denormal], [-0.75, 0, PositiveInfinity, NaN, NaN, 0]);
        yield return Of(Multiply, "values, not finite", [1.5, Huge, PositiveInfinity, PositiveInfinity, NaN, Denormal],
            [-2.25, 0.5, -1, 0, 1, 3], [-3.375, Huge / 2, NegativeInfinity, NaN, NaN, 3 * Denormal]);
        yield return Of(Divide, "values, by zero, not finite", [1.5, 1, -1, 0, 1, PositiveInfinity, NaN, 3 * Denormal],
            [-2, 0, 0, 0, PositiveInfinity, PositiveInfinity, 1, Denormal],
                [-0.75, PositiveInfinity, NegativeInfinity, NaN, 0, NaN, NaN, 3]);
        yield return Of(Maximum, "values, not finite", [1, 2, -3, NegativeInfinity, NegativeInfinity, PositiveInfinity, NaN, 1, 0],
            [2, 1, -3, -Huge, NegativeInfinity, 5, 1, NaN, Denormal],
                [2, 2, -3, -Huge, NegativeInfinity, PositiveInfinity, NaN, NaN, Denormal]);
        yield return Of(LessOrEqual, "less, equal, greater, not finite",
            [1, 2, 3, 0, NegativeInfinity, NegativeInfinity, PositiveInfinity, PositiveInfinity, NaN, 1, NaN],
            [2, 2, 2, -0.0, -Huge, NegativeInfinity, Huge, PositiveInfinity, 1, NaN, NaN], [1, 1, 0, 1, 1, 1, 0, 1, 0, 0, 0]);

        (int[] A, int[] B, int[] Result)[] shapes =
        [
            ([], [], []), ([1], [], [1]), ([], [3], [3]), ([2, 3, 4], [], [2, 3, 4]), ([5, 1], [1, 4], [5, 4]),
            ([1, 4], [5, 1], [5, 4]), ([5, 1], [], [5, 1]), ([2, 3, 4], [2, 3, 4], [2, 3, 4]), ([2, 3, 4], [4], [2, 3, 4]),
            ([2, 3, 4], [1], [2, 3, 4]), ([2, 3, 4], [2, 3, 1], [2, 3, 4]), ([2, 3, 1], [3, 1], [2, 3, 1]),
            ([4], [2, 3, 4], [2, 3, 4]), ([2, 1, 4], [1, 3, 1], [2, 3, 4]), ([2, 3, 4, 5], [4, 5], [2, 3, 4, 5]),
            ([2, 3, 4, 5], [2, 3, 4, 1], [2, 3, 4, 5]), ([2, 3, 1, 1], [5], [2, 3, 1, 5]), ([0], [1], [0]),
            ([1, 0, 4], [4], [1, 0, 4]), ([1, 0, 4], [1, 0, 1], [1, 0, 4]), ([0, 1], [1, 3], [0, 3]), ([2, 0], [], [2, 0]),
        ];
        foreach (var function in Enum.GetValues<BinaryFunction>())
        {
            foreach (var (shapeA, shapeB, result) in shapes)
            {
                // Nothing to divide by may be zero; equal elements occur, as <= needs them.
                var (a, b) = (Tensor.Pattern(2, shapeA), Tensor.Pattern(3, shapeB));
                if (function == Divide) b = b.Select(value => Math.Abs(value) + 1);
                yield return Case(function.ToString(), Text(a, b), [a, b], (op, t) => op.Apply(function, t[0], t[1]),
                    Tensor.Build(result, i => Truth.Of(function, a.Broadcast(i), b.Broadcast(i))));
            }
        }

        static OperationCase<T> Of(BinaryFunction function, string what, double[] a, double[] b, double[] expected) =>
            Case(function.ToString(), what, [Tensor.Row(a), Tensor.Row(b)], (op, t) => op.Apply(function, t[0], t[1]),
                Tensor.Row(expected));
    }

    private static IEnumerable<OperationCase<T>> ElementTypes()
    {
        var whole = Tensor.Row(0, 7, 4095).As(Element.Whole);
        var bytes = Tensor.Row(0, 7, 255).As(Element.Byte);
        var real = Tensor.Row(0.5, -1.25, 8);
        yield return Case("Add", "whole and whole", [whole, Tensor.Whole(5)], (op, x) => op.Add(x[0], x[1]), Tensor.Row(5, 12, 4100));
        yield return Case("Subtract", "whole and a whole constant", [whole], (op, x) => op.Subtract(x[0], op.Scalar("one", 1)),
            Tensor.Row(-1, 6, 4094));
        yield return Case("Add", "a fractional constant and whole", [whole], (op, x) => op.Add(op.Scalar("half", 0.5), x[0]),
            Tensor.Row(0.5, 7.5, 4095.5));
        yield return Case("Add", "real and whole", [real, whole], (op, x) => op.Add(x[0], x[1]), Tensor.Row(0.5, 5.75, 4103));
        yield return Case("Add", "byte and byte beyond 255", [bytes, bytes], (op, x) => op.Add(x[0], x[1]), Tensor.Row(0, 14, 510));
        yield return Case("Subtract", "bytes below zero", [bytes, whole], (op, x) => op.Subtract(x[0], x[1]), Tensor.Row(0, 0, -3840));
        yield return Case("Multiply", "byte and real", [bytes, real], (op, x) => op.Multiply(x[0], x[1]), Tensor.Row(0, -8.75, 2040));
        yield return Case("Divide", "whole by whole is no whole division", [whole, Tensor.Whole(2)], (op, x) => op.Divide(x[0], x[1]),
            Tensor.Row(0, 3.5, 2047.5));
        yield return Case("Divide", "whole by a whole constant", [whole], (op, x) => op.Divide(x[0], op.Scalar("two", 2)),
            Tensor.Row(0, 3.5, 2047.5));
        yield return Case("Maximum", "whole and a whole constant", [whole], (op, x) => op.Apply(Maximum, x[0], op.Scalar("nine", 9)),
            Tensor.Row(9, 9, 4095));
        yield return Case("LessOrEqual", "whole and whole", [whole, Tensor.Whole(7)], (op, x) => op.Apply(LessOrEqual, x[0], x[1]),
            Tensor.Row(1, 1, 0));
        yield return Case("LessOrEqual", "byte and a constant", [bytes], (op, x) => op.Apply(LessOrEqual, x[0], op.Scalar("seven", 7)),
            Tensor.Row(1, 1, 0));
        yield return Case("Multiply", "two constants", [real],
            (op, x) => op.Add(x[0], op.Multiply(op.Scalar("three", 3), op.Constant("row", [1, 0.5, -2], 3))), Tensor.Row(3.5, 0.25, 2));
        yield return Case("Exp", "of a constant", [], (op, _) => op.Apply(UnaryFunction.Exp, op.Constant("c", [0, 1], 2)),
            Tensor.Row(1, Math.E));
        yield return Case("Sqrt", "of whole numbers", [Tensor.Row(0, 9, 16).As(Element.Whole)], (op, x) =>
            op.Apply(UnaryFunction.Sqrt, x[0]), Tensor.Row(0, 3, 4));
    }

    private static IEnumerable<OperationCase<T>> Selection()
    {
        foreach (var (c, a, b, result) in new (int[], int[], int[], int[])[]
        {
            ([3], [3], [3], [3]), ([4, 5], [2, 3, 4, 5], [], [2, 3, 4, 5]), ([5, 1], [], [], [5, 1]),
            ([1, 4], [3, 1], [2, 1, 1], [2, 3, 4]), ([], [2, 3], [3], [2, 3]), ([0, 3], [0, 3], [], [0, 3]),
            ([1, 0], [3, 1], [], [3, 0]), ([1], [2, 2], [2, 2], [2, 2]),
        })
        {
            var condition = Tensor.Pattern(4, c).Select(value => value > 0 ? 1 : 0).As(Element.Condition);
            var (left, right) = (Tensor.Pattern(5, a), Tensor.Pattern(6, b));
            yield return Case("Where", Text(condition, left, right), [condition, left, right], (op, x) => op.Where(x[0], x[1], x[2]),
                Tensor.Build(result, i => condition.Broadcast(i) != 0 ? left.Broadcast(i) : right.Broadcast(i)));
        }

        var alternating = Tensor.Row(1, 0, 1, 0).As(Element.Condition);
        yield return Case("Where", "what is not picked does not matter",
            [alternating, Tensor.Row(1, NaN, NegativeInfinity, PositiveInfinity), Tensor.Row(NaN, 2, NaN, NegativeInfinity)],
            (op, x) => op.Where(x[0], x[1], x[2]), Tensor.Row(1, 2, NegativeInfinity, NegativeInfinity));
        yield return Case("Where", "two constants, by a comparison", [Tensor.Row(-1, 0, 1)],
            (op, x) => op.Where(op.Apply(LessOrEqual, x[0], op.Scalar("zero", 0)), op.Scalar("five", 5), op.Scalar("nine", 9)),
                Tensor.Row(5, 5, 9));
        yield return Case("Where", "bytes and whole numbers",
            [alternating, Tensor.Row(1, 2, 3, 255).As(Element.Byte), Tensor.Row(1000, 2000, 3000, 4000).As(Element.Whole)],
            (op, x) => op.Where(x[0], x[1], x[2]), Tensor.Row(1, 2000, 3, 4000));
    }
}
