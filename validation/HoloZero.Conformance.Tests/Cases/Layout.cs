using HoloZero.Models.Ops;
using static System.Double;

namespace HoloZero.Conformance;

internal static partial class OperationCases<T>
{
    private static IEnumerable<OperationCase<T>> Joining()
    {
        foreach (var (axis, a, b) in new (int, int[], int[])[]
        {
            (0, [2], [3]), (0, [2, 3], [1, 3]), (1, [2, 3], [2, 1]), (1, [2, 3, 4], [2, 2, 4]), (2, [2, 3, 4], [2, 3, 1]),
            (2, [2, 3, 0, 4], [2, 3, 2, 4]), (3, [1, 2, 3, 2], [1, 2, 3, 2]), (1, [2, 0, 4], [2, 3, 4]), (1, [2, 3, 4], [2, 0, 4]),
            (1, [2, 0, 4], [2, 0, 4]), (0, [0], [0]), (2, [1, 0, 3], [1, 0, 4]),
        })
        {
            var (left, right) = (Tensor.Pattern(12, a), Tensor.Pattern(13, b));
            int[] shape = [.. a[..axis], a[axis] + b[axis], .. a[(axis + 1)..]];
            yield return Case("Concat", $"{Text(left, right)} along {axis}", [left, right], (op, x) => op.Concat(axis, x[0], x[1]),
                Tensor.Build(shape, i => i[axis] < a[axis] ? left[i] : right[[.. i[..axis], i[axis] - a[axis], .. i[(axis + 1)..]]]));
        }

        var bytes = Tensor.Of([1, 2], 0, 255).As(Element.Byte);
        yield return Case("Concat", "bytes", [bytes, bytes], (op, x) => op.Concat(1, x[0], x[1]), Tensor.Of([1, 4], 0, 255, 0, 255));
        yield return Case("Concat", "real and whole", [Tensor.Row(0.5), Tensor.Row(7).As(Element.Whole)], (op, x) =>
            op.Concat(0, x[0], x[1]), Tensor.Row(0.5, 7));
        yield return Case("Concat", "a constant", [Tensor.Row(0.5)], (op, x) => op.Concat(0, op.Constant("c", [1.5, 2], 2), x[0]),
            Tensor.Row(1.5, 2, 0.5));

        foreach (var (shape, width) in new (int[], int)[] { ([3], 5), ([2, 3], 4), ([2, 3], 3), ([2, 3, 1], 6), ([2, 0, 3], 5),
            ([2, 0, 3], 3), ([2, 0], 2), ([1, 0], 0), ([2, 2, 2, 2], 3) })
        {
            var x = Tensor.Pattern(14, shape);
            yield return Case("PadLast", $"{Text(x)} to {width}", [x], (op, t) => op.PadLast(t[0], width),
                Tensor.Build([.. shape[..^1], width], i => i[^1] < shape[^1] ? x[i] : 0));
        }

        var half = Math.ScaleB(1, -24);
        yield return Case("RoundToFloat32", "ties, thirds, not finite",
            [Tensor.Row(1 + half, 1 + 3 * half, 1 / 3.0, -0.1, 0, PositiveInfinity, NegativeInfinity, NaN, 1e300, 1e-300)],
            (op, x) => op.RoundToFloat32(x[0]), Tensor.Row(1, 1 + 4 * half, 0.3333333432674408, -0.10000000149011612, 0, PositiveInfinity,
                NegativeInfinity, NaN, PositiveInfinity, 0));
        yield return Case("RoundToFloat32", "nothing", [Tensor.Zeros(2, 0)], (op, x) => op.RoundToFloat32(x[0]), Tensor.Zeros(2, 0));
    }

    private static IEnumerable<OperationCase<T>> Cutting()
    {
        foreach (var (shape, axis, start, end, from, to) in new (int[], int, int, int?, int, int)[]
        {
            ([5], 0, 0, null, 0, 5), ([5], 0, 2, null, 2, 5), ([5], 0, 1, 3, 1, 3), ([5], 0, 0, -1, 0, 4), ([5], 0, -2, null, 3, 5),
            ([5], 0, -3, -1, 2, 4), ([5], 0, 1, -1, 1, 4), ([5], 0, 5, null, 5, 5), ([5], 0, 2, 2, 2, 2), ([5], 0, -5, 0, 0, 0),
            ([5], 0, -5, -5, 0, 0), ([0], 0, 0, 0, 0, 0), ([1], 0, 0, 1, 0, 1), ([4, 3], 0, 1, 3, 1, 3), ([2, 6], 1, 2, -2, 2, 4),
            ([2, 3, 8], 2, 0, 8, 0, 8), ([2, 6, 3], 1, -2, null, 4, 6), ([2, 3, 4, 6], 3, 3, null, 3, 6),
            ([2, 3, 4, 6], 3, 0, 3, 0, 3), ([2, 0, 6], 2, 1, 3, 1, 3), ([1, 2, 3], 1, 2, null, 2, 2),
        })
        {
            var x = Tensor.Pattern(15, shape);
            yield return Case("Slice", $"{start}..{end} of axis {axis} of {Text(x)}", [x], (op, t) => op.Slice(t[0], axis, start, end),
                Tensor.Build([.. shape[..axis], to - from, .. shape[(axis + 1)..]], i =>
                    x[[.. i[..axis], from + i[axis], .. i[(axis + 1)..]]]));
        }

        yield return Case("Slice", "bytes", [Tensor.Of([1, 3], 1, 2, 255).As(Element.Byte)], (op, x) => op.Slice(x[0], 1, -2),
            Tensor.Of([1, 2], 2, 255));
        yield return Case("Slice", "a constant", [Tensor.Row(1)], (op, x) =>
            op.Add(x[0], op.Slice(op.Constant("c", [1, 2, 3], 3), 0, 1, 2)), Tensor.Row(3));

        foreach (var (shape, axis, count) in new (int[], int, int)[] { ([4], 0, 0), ([4], 0, 3), ([4], 0, 4), ([2, 5, 3], 1, 2),
            ([2, 5, 3], 1, 5), ([2, 3], 1, 1), ([1, 0, 3], 1, 0) })
        {
            var x = Tensor.Pattern(16, shape);
            yield return Case("Skip", $"{count} of axis {axis} of {Text(x)}", [x, Tensor.Whole(count)], (op, t) =>
                op.Skip(t[0], axis, t[1]),
                Tensor.Build([.. shape[..axis], shape[axis] - count, .. shape[(axis + 1)..]], i =>
                    x[[.. i[..axis], count + i[axis], .. i[(axis + 1)..]]]))
                .RecordedAt(Tensor.Zeros([.. shape.Select(length => length + 1)]), Tensor.Whole(1));
        }

        yield return Case("Skip", "a length", [Tensor.Row(1, 2, 3), Tensor.Zeros(2)], (op, x) => op.Skip(x[0], 0, op.Length(x[1], 0)),
            Tensor.Row(3));
        yield return Case("Skip", "a constant", [Tensor.Row(1, 2, 3)], (op, x) => op.Skip(x[0], 0, op.Scalar("one", 1)), Tensor.Row(2, 3));

        var table = Tensor.Pattern(17, 256, 3);
        foreach (var indices in (Tensor[])[
            Tensor.Row(255, 0, 7).As(Element.Byte), Tensor.Row(0, 255, 255).As(Element.Whole),
                Tensor.Of([2, 2], 9, 8, 7, 128).As(Element.Byte),
            Tensor.Zeros(1, 0).As(Element.Byte), new(Element.Byte, [200], [])])
        {
            yield return Case("Gather", $"{indices.Element} {Text(indices)}", [table, indices], (op, x) => op.Gather(x[0], x[1]),
                Tensor.Build([.. indices.Shape, 3], i => table[(int)indices[i[..^1]], i[^1]]));
        }

        yield return Case("Gather", "of a constant table", [Tensor.Of([1, 2], 1, 0).As(Element.Byte)],
            (op, x) => op.Gather(op.Constant("table", [1, 2, 3, 4], 2, 2), x[0]), Tensor.Of([1, 2, 2], 3, 4, 1, 2));
    }

    private static IEnumerable<OperationCase<T>> Counting()
    {
        foreach (var axis in (int[])[0, 1, 2])
        {
            yield return Case("Length", $"of axis {axis}", [Tensor.Zeros(2, 0, 5)], (op, x) => op.Length(x[0], axis),
                Tensor.Scalar(axis switch { 0 => 2, 1 => 0, _ => 5 }))
                .RecordedAt(Tensor.Zeros(7, 8, 9));
        }

        yield return Case("Length", "of bytes, added", [Tensor.Zeros(1, 3).As(Element.Byte), Tensor.Whole(40)],
            (op, x) => op.Add(x[1], op.Length(x[0], 1)), Tensor.Scalar(43));

        foreach (var (start, length) in new (int, int)[] { (0, 4), (5, 3), (4095, 2), (0, 0), (7, 0), (0, 1), (1_000_000, 1) })
        {
            yield return Case("Range", $"{length} from {start}", [Tensor.Whole(start), Tensor.Whole(length)], (op, x) =>
                op.Range(x[0], x[1]), Tensor.Build([length, 1], i => start + i[0]))
                .RecordedAt(Tensor.Whole(3), Tensor.Whole(11));
        }

        yield return Case("Range", "of a constant and a length", [Tensor.Zeros(3, 2)], (op, x) =>
            op.Range(op.Scalar("zero", 0), op.Length(x[0], 0)), Tensor.Of([3, 1], 0, 1, 2));
        yield return Case("Constant", "of rank 2", [Tensor.Zeros(2, 2)], (op, x) => op.Add(x[0], op.Constant("c", [1, 0.25, -3, 4], 2, 2)),
            Tensor.Of([2, 2], 1, 0.25, -3, 4));
        yield return Case("Constant", "without axes, minus infinity", [Tensor.Zeros(1)], (op, x) =>
            op.Add(x[0], op.Constant("c", [NegativeInfinity])), Tensor.Row(NegativeInfinity));
        yield return Case("Constant", "empty", [Tensor.Zeros(1)], (op, x) => op.Add(x[0], op.Constant("c", [], 0)), Tensor.Zeros(0));
        yield return Case("Constant", "used as real and as whole", [Tensor.Row(0.5), Tensor.Row(1).As(Element.Whole)], (op, x) =>
        {
            var c = op.Constant("c", [2]);
            return op.Concat(0, op.Add(x[0], c), op.Add(x[1], c));
        }, Tensor.Row(2.5, 3));
    }

    private static IEnumerable<OperationCase<T>> Regrouping()
    {
        foreach (var (b, t, h, k) in new (int, int, int, int)[] { (1, 1, 1, 1), (2, 3, 4, 5), (2, 1, 3, 2), (1, 0, 2, 3), (1, 5, 1, 4),
            (3, 4, 5, 1) })
        {
            var joined = Tensor.Pattern(18, b, t, h * k);
            var split = Tensor.Build([b, h, t, k], i => joined[i[0], i[2], i[1] * k + i[3]]);
            yield return Case("SplitHeads", $"{Text(joined)} into {h}", [joined], (op, x) => op.SplitHeads(x[0], h), split)
                .RecordedAt(Tensor.Zeros(b + 1, t + 2, h * k));
            yield return Case("MergeHeads", $"of {Text(split)}", [split], (op, x) => op.MergeHeads(x[0]), joined)
                .RecordedAt(Tensor.Zeros(b + 1, h, t + 2, k));
        }

        foreach (var (b, n, slot, f) in new (int, int, int, int)[] { (1, 1, 1, 1), (2, 3, 4, 5), (1, 0, 4, 5), (2, 3, 1, 5), (3, 1, 4, 1),
            (1, 2, 3, 27) })
        {
            var rows = Tensor.Pattern(19, b, n * slot, f);
            yield return Case("SlotRows", $"{Text(rows)} by {slot}", [rows], (op, x) => op.SlotRows(x[0], slot),
                Tensor.Build([b, n, slot * f], i => rows[i[0], i[1] * slot + i[2] / f, i[2] % f]))
                .RecordedAt(Tensor.Zeros(b + 1, (n + 2) * slot, f));
        }
    }

    private static IEnumerable<OperationCase<T>> Parameters()
    {
        var weight = Tensor.Pattern(20, 2, 3);
        yield return Of("Parameter", "of the root", "weight", (op, x) => op.Add(x[0], op.Parameter("weight", 2, 3)), Tensor.Zeros(2, 3),
            weight);
        yield return Of("Parameter", "of a module", "self_blocks.0.weight", (op, x) =>
            op.Add(x[0], op.At("self_blocks.0").Parameter("weight", 2, 3)), Tensor.Zeros(2, 3), weight);
        yield return Of("Parameter", "transposed", "weight", (op, x) => op.Add(x[0], op.Transpose(op.Parameter("weight", 2, 3))),
            Tensor.Zeros(3, 2),
            Tensor.Build([3, 2], i => weight[i[1], i[0]]));
        yield return Of("Parameter", "as it is and transposed", "weight", (op, x) =>
        {
            var square = op.MatMul(op.Parameter("weight", 2, 3), op.Transpose(op.Parameter("weight", 2, 3)));
            return op.Add(x[0], square);
        }, Tensor.Zeros(2, 2), Truth.MatMul(weight, Tensor.Build([3, 2], i => weight[i[1], i[0]])));
        yield return Of("Parameter", "cut", "weight", (op, x) => op.Add(x[0], op.Slice(op.Parameter("weight", 2, 3), 1, 1)),
            Tensor.Zeros(2, 2),
            Tensor.Build([2, 2], i => weight[i[0], i[1] + 1]));
        yield return Of("At", "a module of a module", "a.b.0.c.weight", (op, x) =>
            op.Add(x[0], op.At("a").At("b.0").At("c").Parameter("weight", 2, 3)), Tensor.Zeros(2, 3), weight);
        yield return Of("At", "leaves the outer module where it is", "a.weight", (op, x) =>
        {
            var outer = op.At("a");
            outer.At("b");
            return op.Add(x[0], outer.Parameter("weight", 2, 3));
        }, Tensor.Zeros(2, 3), weight);

        OperationCase<T> Of(string operation, string what, string name, Func<ITensorOps<T>, T[], T> body, Tensor input, Tensor expected) =>
            Case(operation, what, [input], body, expected) with { Parameters = new Dictionary<string, Tensor> { [name] = weight } };
    }
}
