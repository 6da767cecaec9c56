using HoloZero.Models.Ops;

namespace HoloZero.Conformance;

internal static partial class OperationCases<T>
{
    private const double MemoryEpsilon = 1e-6;

    private static IEnumerable<OperationCase<T>> AttentionCases()
    {
        foreach (var (b, h, t, past, k, prefix, what) in new (int, int, int, int, int, int, string)[]
        {
            (2, 3, 4, 0, 6, 0, "causal, nothing before"), (2, 3, 4, 5, 6, 0, "causal, after 5 rows"),
            (1, 2, 1, 0, 4, 0, "one row, nothing before"),
            (1, 2, 1, 7, 4, 0, "one row after 7"), (2, 3, 5, 0, 4, 3, "bidirectional over 3 rows"),
            (1, 1, 3, 2, 2, 4, "bidirectional, after 2 rows"),
        })
        {
            Tensor[] qkv = [Tensor.Pattern(30, b, t, h * k), Tensor.Pattern(31, b, t, h * k), Tensor.Pattern(32, b, t, h * k)];
            var (cos, sin) = Truth.Rotation(t, k, past);
            var visible = Tensor.Build([t, past + t], i => i[1] <= Math.Max(past + i[0], prefix - 1) ? 1 : 0).As(Element.Condition);
            Tensor[] cache = [Tensor.Pattern(33, b, h, past, k), Tensor.Pattern(34, b, h, past, k)];
            yield return new("Attention", what, [.. qkv, cos, sin, visible, .. cache], (op, x) =>
            {
                var (output, present) = op.Attention(Packed(op, x), h * k, h, new(x[3], x[3], x[4], x[5], x[5], x[3]), new(x[6], x[7]));
                return [output, present.Keys, present.Values];
            }, Truth.Attention(qkv, h, cos, sin, visible, cache))
            {
                RecordedWith =
                [
                    .. Enumerable.Repeat(Tensor.Zeros(b + 1, t + 2, h * k), 3), Tensor.Zeros(t + 2, k / 2), Tensor.Zeros(t + 2, k / 2),
                    Tensor.Zeros(t + 2, past + t + 5).As(Element.Condition), Tensor.Zeros(b + 1, h, past + 3, k),
                        Tensor.Zeros(b + 1, h, past + 3, k),
                ],
            };
        }
    }

    private static IEnumerable<OperationCase<T>> MemoryCases()
    {
        foreach (var (b, h, t, k, fresh, what) in new (int, int, int, int, bool, string)[]
        {
            (2, 3, 4, 5, true, "fresh"), (2, 3, 4, 5, false, "with a state"), (1, 2, 1, 4, true, "one row, fresh"),
            (2, 2, 1, 4, false, "one row, with a state"),
            (1, 1, 7, 1, false, "one narrow head"),
        })
        {
            Tensor[] qkv = [Tensor.Pattern(40, b, t, h * k), Tensor.Pattern(41, b, t, h * k), Tensor.Pattern(42, b, t, h * k)];
            var earlier = Tensor.Build([t, t], i => i[1] <= i[0] ? 1 : 0).As(Element.Condition);

            // z is a sum of positive numbers.
            var (s, z) = fresh ? (Tensor.Zeros(b, h, k, k), Tensor.Zeros(b, h, k, 1))
                : (Tensor.Pattern(43, b, h, k, k), Tensor.Pattern(44, b, h, k, 1).Select(value => Math.Abs(value) + 0.5));
            yield return new("FastWeightRead", what, [.. qkv, earlier, s, z], (op, x) =>
            {
                var (output, present) = op.FastWeightRead(Packed(op, x), h * k, h, MemoryEpsilon,
                    new(x[3], x[3], x[3], x[3], x[3], x[3]), new(x[4], x[5]));
                return [output, present.S, present.Z];
            }, Truth.FastWeightRead(qkv, h, s, z, MemoryEpsilon))
            {
                RecordedWith =
                [
                    .. Enumerable.Repeat(Tensor.Zeros(b + 1, t + 2, h * k), 3), Tensor.Zeros(t + 2, t + 2).As(Element.Condition),
                    Tensor.Zeros(b + 1, h, k, k), Tensor.Zeros(b + 1, h, k, 1),
                ],
            };
        }

        // With q and k so negative that phi is 0, epsilon alone is below the fraction.
        var far = Tensor.Build([1, 2, 2], _ => -1000);
        yield return new("FastWeightRead", "where only epsilon is below the fraction",
            [far, far, Tensor.Pattern(45, 1, 2, 2), Tensor.Of([2, 2], 1, 0, 1, 1).As(Element.Condition), Tensor.Zeros(1, 1, 2, 2),
                Tensor.Zeros(1, 1, 2, 1)],
            (op, x) => [op.FastWeightRead(Packed(op, x), 2, 1, MemoryEpsilon, new(x[3], x[3], x[3], x[3], x[3], x[3]),
                new(x[4], x[5])).Output], [Tensor.Zeros(1, 2, 2)]);
    }

    /// <summary>q, k and v side by side.</summary>
    private static T Packed(ITensorOps<T> op, T[] qkv) => op.Concat(2, op.Concat(2, qkv[0], qkv[1]), qkv[2]);
}
