using HoloZero.Models.Ops;

namespace HoloZero.Conformance;

/// <summary>Every case of every operation, the same for all kinds of tensor.</summary>
internal static partial class OperationCases<T>
{
    public static IReadOnlyList<OperationCase<T>> All { get; } =
    [
        .. Unary(), .. Binary(), .. ElementTypes(), .. Selection(), .. Products(), .. Reductions(), .. Joining(), .. Cutting(),
            .. Counting(),
        .. Regrouping(), .. Parameters(), .. Rotary(), .. Blocks(), .. AttentionCases(), .. MemoryCases(),
        .. Features(), .. Substrates(), .. Positions(), .. Restarting(), .. Splitting(),
    ];

    private static OperationCase<T> Case(string operation, string what, Tensor[] inputs, Func<ITensorOps<T>, T[], T> body,
        Tensor expected) =>
        new(operation, what, inputs, (op, x) => [body(op, x)], [expected]);

    private static string Text(params Tensor[] tensors) => string.Join(" and ", tensors.Select(t => $"[{string.Join(", ", t.Shape)}]"));
}
