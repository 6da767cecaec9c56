using HoloZero.Models.Ops;

namespace HoloZero.Conformance;

internal static partial class OperationCases<T>
{
    private const double Epsilon = 1e-5;

    private static IEnumerable<OperationCase<T>> Rotary()
    {
        foreach (var (width, rows) in new[] { (8, PublishedRotary.Width8), (6, PublishedRotary.Width6) })
        {
            yield return new("RopeTables", $"published rows of width {width}",
                [Tensor.Build([rows.Length, 1], i => rows[i[0]].Position).As(Element.Whole)],
                (op, x) => op.RopeTables(x[0], width, 10000) is var (cos, sin) ? [cos, sin] : [],
                [Tensor.Build([rows.Length, width / 2], i => rows[i[0]].Cos[i[1]]),
                    Tensor.Build([rows.Length, width / 2], i => rows[i[0]].Sin[i[1]])])
            { RecordedWith = [Tensor.Zeros(2, 1).As(Element.Whole)] };
        }

        yield return new("RopeTables", "no positions", [Tensor.Zeros(0, 1).As(Element.Whole)],
            (op, x) => op.RopeTables(x[0], 4, 10000) is var (cos, sin) ? [cos, sin] : [], [Tensor.Zeros(0, 2), Tensor.Zeros(0, 2)]);
        yield return new("RopeTables", "of a range", [Tensor.Whole(125)],
            (op, x) => op.RopeTables(op.Range(x[0], op.Scalar("three", 3)), 8, 10000) is var (cos, sin) ? [cos, sin] : [],
            [
                Tensor.Build([3, 4], i => PublishedRotary.Width8.Single(row => row.Position == 125 + i[0]).Cos[i[1]]),
                Tensor.Build([3, 4], i => PublishedRotary.Width8.Single(row => row.Position == 125 + i[0]).Sin[i[1]]),
            ]);

        yield return Case("Rope", "a quarter turn by hand: the halves rotate, not the neighbours",
            [Tensor.Of([1, 1, 1, 4], 1, 2, 3, 4), Tensor.Of([1, 2], 0, 1), Tensor.Of([1, 2], 1, 0)],
            (op, x) => op.Rope(x[0], 4, x[1], x[2]), Tensor.Of([1, 1, 1, 4], -3, 2, 1, 4));
        foreach (int[] shape in (int[][])[[2, 3, 4, 6], [1, 1, 1, 2], [2, 1, 1, 8], [1, 2, 0, 4]])
        {
            var x = Tensor.Pattern(21, shape);
            var (cos, sin) = Truth.Rotation(shape[2], shape[3], first: 3);
            yield return Case("Rope", $"of {Text(x)}", [x, cos, sin], (op, t) => op.Rope(t[0], shape[3], t[1], t[2]),
                Truth.Rope(x, cos, sin))
                .RecordedAt(Tensor.Zeros(shape[0] + 1, shape[1], shape[2] + 2, shape[3]), Tensor.Zeros(shape[2] + 2, shape[3] / 2),
                    Tensor.Zeros(shape[2] + 2, shape[3] / 2));
        }
    }

    private static IEnumerable<OperationCase<T>> Blocks()
    {
        yield return Linear("by hand", Tensor.Of([1, 2], 1, 2), Tensor.Of([3, 2], 1, 0, 0, 1, 3, 4), Tensor.Row(0.5, 0, -1),
            Tensor.Of([1, 3], 1.5, 2, 10));
        foreach (var (shape, outputs) in new (int[], int)[] { ([2, 3, 4], 5), ([1, 1, 1], 1), ([1, 0, 4], 3), ([2, 3, 64], 7),
            ([5, 2], 3) })
        {
            var (x, weight, bias) = (Tensor.Pattern(22, shape), Tensor.Pattern(23, outputs, shape[^1]), Tensor.Pattern(24, outputs));
            yield return Linear($"{Text(x)} to {outputs}", x, weight, bias,
                Tensor.Build([.. shape[..^1], outputs], i => bias[i[^1]] + Truth.Sum(shape[^1], j =>
                    x[[.. i[..^1], j]] * weight[i[^1], j])));
        }

        yield return LayerNorm("by hand", Tensor.Of([1, 2], 1, 3), Tensor.Row(2, 10), Tensor.Row(0.5, 0),
            Tensor.Of([1, 2], 0.5 - 2 / Math.Sqrt(1 + Epsilon), 10 / Math.Sqrt(1 + Epsilon)));
        yield return LayerNorm("of equal elements: epsilon keeps the division whole", Tensor.Of([2, 4], 3, 3, 3, 3, 0, 0, 0, 0),
            Tensor.Row(1, 2, 3, 4), Tensor.Row(5, 6, 7, 8),
            Tensor.Of([2, 4], 5, 6, 7, 8, 5, 6, 7, 8));
        yield return LayerNorm("of small differences, where epsilon counts", Tensor.Of([1, 2], 1.0 / 256, -1.0 / 256), Tensor.Row(1, 1),
            Tensor.Row(0, 0),
            Tensor.Of([1, 2], 1 / Math.Sqrt(1 + Epsilon * 65536), -1 / Math.Sqrt(1 + Epsilon * 65536)));
        yield return LayerNorm("far from zero", Tensor.Of([1, 4], 1024, 1026, 1028, 1030), Tensor.Row(1, 1, 1, 1), Tensor.Row(0, 0, 0, 0),
            Tensor.Of([1, 4], [.. new double[] { -3, -1, 1, 3 }.Select(x => x / Math.Sqrt(5 + Epsilon))]));
        foreach (int[] shape in (int[][])[[2, 3, 8], [1, 64], [1, 1, 1], [2, 1, 5]])
        {
            var (x, weight, bias) = (Tensor.Pattern(25, shape), Tensor.Pattern(26, shape[^1]), Tensor.Pattern(27, shape[^1]));
            yield return LayerNorm($"of {Text(x)}", x, weight, bias, Truth.LayerNorm(x, weight, bias, Epsilon));
        }

        yield return LayerNorm("of no rows", Tensor.Zeros(1, 0, 4), Tensor.Row(1, 2, 3, 4), Tensor.Row(1, 1, 1, 1), Tensor.Zeros(1, 0, 4));

        // Python 3.11: 0.5 * x * math.erfc(-x / math.sqrt(2)).
        yield return Case("Gelu", "published definition, both tails",
            [Tensor.Row(-1e4, -20, -6, -5.5, -3, -2, -1, -0.5, -0.125, 0, 0.125, 0.5, 1, 2, 3, 5.5, 6, 20, 1e4)], (op, x) => op.Gelu(x[0]),
            Tensor.Row(0, 0, -5.919525870226207e-09, -1.0444259356238256e-07, -0.004049694094890287, -0.04550026389635844,
                -0.15865525393145707,
                -0.15426876936299344, -0.056282721896235885, 0, 0.06871727810376412, 0.34573123063700656, 0.8413447460685429,
                    1.9544997361036416,
                2.99595030590511, 5.499999895557407, 5.999999994080474, 20, 1e4));
        yield return Case("Gelu", "of nothing", [Tensor.Zeros(2, 0, 3)], (op, x) => op.Gelu(x[0]), Tensor.Zeros(2, 0, 3));

        yield return Case("Phi", "both sides and extremes", [Tensor.Row(-1e4, -30, -1, -0.0625, 0, 0.0625, 1, 30, 1e4)],
            (op, x) => op.Phi(x[0]),
            Tensor.Row(0, 9.357622968840175e-14, 0.36787944117144233, 0.9394130628134758, 1, 1.0625, 2, 31, 10001));
        yield return Case("Phi", "of rank 4", [Tensor.Pattern(28, 2, 3, 1, 4)], (op, x) => op.Phi(x[0]),
            Tensor.Pattern(28, 2, 3, 1, 4).Select(Truth.Phi));
        yield return Case("Phi", "of nothing", [Tensor.Zeros(2, 0, 3)], (op, x) => op.Phi(x[0]), Tensor.Zeros(2, 0, 3));

        static OperationCase<T> Linear(string what, Tensor x, Tensor weight, Tensor bias, Tensor expected) =>
            Affine(weight, bias, Case("Linear", what, [x], (op, t) => op.At("m").Linear(t[0], weight.Shape[1], weight.Shape[0]), expected));

        static OperationCase<T> LayerNorm(string what, Tensor x, Tensor weight, Tensor bias, Tensor expected) =>
            Affine(weight, bias, Case("LayerNorm", what, [x], (op, t) => op.At("m").LayerNorm(t[0], weight.Shape[0], Epsilon), expected));

        static OperationCase<T> Affine(Tensor weight, Tensor bias, OperationCase<T> test) =>
            test with { Parameters = new Dictionary<string, Tensor> { ["m.weight"] = weight, ["m.bias"] = bias } };
    }
}
