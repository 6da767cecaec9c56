using HoloZero.Models.Ops;

namespace HoloZero.Conformance;

internal static partial class OperationCases<T>
{
    /// <summary>Mistakes that have to be refused.</summary>
    public static IReadOnlyList<Refusal<T>> Refusals { get; } =
    [
        Of("Add", "axes that do not broadcast", [[2, 3], [2, 4]], (op, x) => op.Add(x[0], x[1])),
        Of("LessOrEqual", "an empty axis against two", [[0], [2]], (op, x) => op.Apply(BinaryFunction.LessOrEqual, x[0], x[1])),
        Of("Where", "a condition that does not broadcast", [[2], [3], [3]], (op, x) => op.Where(x[0], x[1], x[2]), "[2]", "[3]"),
        Of("MatMul", "inner lengths that differ", [[2, 3], [4, 5]], (op, x) => op.MatMul(x[0], x[1])),
        Of("MatMul", "a vector", [[3], [3, 2]], (op, x) => op.MatMul(x[0], x[1])),
        Of("MatMul", "leading axes that do not broadcast", [[2, 4, 5], [3, 5, 6]], (op, x) => op.MatMul(x[0], x[1]), "[2]", "[3]"),
        Of("Transpose", "a vector", [[3]], (op, x) => op.Transpose(x[0])),
        Of("Sum", "a scalar", [[]], (op, x) => op.Sum(x[0])),
        Of("Softmax", "a scalar", [[]], (op, x) => op.Softmax(x[0])),
        Of("Concat", "another axis that differs", [[2, 3], [3, 3]], (op, x) => op.Concat(1, x[0], x[1])),
        Of("Concat", "other axes that are swapped", [[2, 3, 4], [3, 2, 4]], (op, x) => op.Concat(2, x[0], x[1])),
        Of("Concat", "other ranks", [[2, 3], [2, 3, 1]], (op, x) => op.Concat(1, x[0], x[1])),
        Of("Concat", "an axis that is not there", [[2, 3], [2, 3]], (op, x) => op.Concat(2, x[0], x[1]), "[2, 3]", "axis 2"),
        Of("Slice", "beyond the end", [[5]], (op, x) => op.Slice(x[0], 0, 1, 6), "[5]", "1..6"),
        Of("Slice", "before the start", [[5]], (op, x) => op.Slice(x[0], 0, -6)),
        Of("Slice", "an end before its start", [[5]], (op, x) => op.Slice(x[0], 0, 3, 1)),
        Of("Slice", "an axis that is not there", [[5]], (op, x) => op.Slice(x[0], 1, 0)),
        Of("Skip", "more than there is", [[5]], (op, x) => op.Skip(x[0], 0, op.Scalar("six", 6))),
        Of("Skip", "a count that is not whole", [[5]], (op, x) => op.Skip(x[0], 0, op.Scalar("half", 0.5)), "count"),
        Of("Gather", "a table of rank 3", [[4, 2, 2], [3]], (op, x) => op.Gather(x[0], x[1]), "[4, 2, 2]"),
        Of("PadLast", "to less than there is", [[2, 5]], (op, x) => op.PadLast(x[0], 4)),
        Of("Length", "of an axis that is not there", [[2, 5]], (op, x) => op.Length(x[0], 2)),
        Of("Range", "of a negative length", [], (op, _) => op.Range(op.Scalar("zero", 0), op.Scalar("minus", -1)), "count"),
        Of("RopeTables", "an odd width", [[3, 1]], (op, x) => op.RopeTables(x[0], 5, 10000).Cos, "5"),
        Of("RopeTables", "positions in a row", [[1, 3]], (op, x) => op.RopeTables(x[0], 4, 10000).Cos),
        Of("SplitHeads", "heads that do not divide", [[1, 2, 10]], (op, x) => op.SplitHeads(x[0], 4)),
        Of("SplitHeads", "rank 4", [[1, 2, 3, 8]], (op, x) => op.SplitHeads(x[0], 4)),
        Of("SplitHeads", "no heads", [[1, 2, 8]], (op, x) => op.SplitHeads(x[0], 0)),
        Of("MergeHeads", "rank 3", [[1, 2, 8]], (op, x) => op.MergeHeads(x[0])),
        Of("SlotRows", "rows that are not whole slots", [[1, 7, 3]], (op, x) => op.SlotRows(x[0], 2)),
        Of("SlotRows", "slots of nothing", [[1, 4, 3]], (op, x) => op.SlotRows(x[0], 0)),
        Of("SlotRows", "rank 2", [[4, 3]], (op, x) => op.SlotRows(x[0], 2)),
        Of("constant", "more values than the shape has", [], (op, _) => op.Constant("c", [1, 2, 3], 2, 2), "[2, 2]", "3 values"),
        Of("MatMul", "in Linear: inputs of another width", [[2, 5]], (op, x) => op.Linear(x[0], 4, 3), "[2, 5]", "[4, 3]"),
        Of("Multiply", "in LayerNorm: rows of another width", [[2, 5]], (op, x) => op.LayerNorm(x[0], 4, 1e-5), "[2, 5]", "[4]"),
        Of("Multiply", "in Rope: tables of another width", [[1, 1, 3, 4], [3, 3]], (op, x) => op.Rope(x[0], 4, x[1], x[1]), "[1, 1, 3, 2]",
            "[3, 3]"),
    ];

    private static Refusal<T> Of(string operation, string what, int[][] shapes, Func<ITensorOps<T>, T[], T> body, params string[] mentions)
    {
        Tensor[] inputs = [.. shapes.Select(shape => Tensor.Zeros(shape))];
        return new(operation, what, inputs, body, mentions.Length > 0 ? mentions : [.. inputs.Select(input => Text(input))]);
    }
}
