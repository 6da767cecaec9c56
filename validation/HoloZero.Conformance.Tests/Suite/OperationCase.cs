using HoloZero.Models.Ops;

namespace HoloZero.Conformance;

/// <summary>One use of one operation, with the truth about its result.</summary>
/// <param name="Operation">Member of <see cref="ITensorOps{T}"/>, or the element-wise function: what tolerances are kept by.</param>
/// <param name="What">What is special about this use.</param>
/// <param name="Inputs">What goes in.</param>
/// <param name="Body">The use.</param>
/// <param name="Expected">What has to come out, from a source that is none of our interpreters.</param>
internal sealed record OperationCase<T>(string Operation, string What, Tensor[] Inputs, Func<ITensorOps<T>, T[], T[]> Body,
    Tensor[] Expected)
{
    public string Name => $"{Operation}: {What}";

    /// <summary>Parameters by full name.</summary>
    public IReadOnlyDictionary<string, Tensor> Parameters { get; init; } = new Dictionary<string, Tensor>();

    /// <summary>
    /// Inputs at which a recording interpreter records, where they are not those that it runs with: nothing of them may stay in the graph.
    /// </summary>
    public Tensor[] RecordedWith { get; init; } = Inputs;

    public OperationCase<T> RecordedAt(params Tensor[] inputs) => this with { RecordedWith = inputs };
}

/// <summary>A use of an operation with shapes that do not fit together.</summary>
/// <param name="Operation">The operation that has to be named.</param>
/// <param name="What">What is wrong.</param>
/// <param name="Inputs">What goes in.</param>
/// <param name="Body">The use.</param>
/// <param name="Mentions">What a message in words has to contain besides the module and the operation.</param>
internal sealed record Refusal<T>(string Operation, string What, Tensor[] Inputs, Func<ITensorOps<T>, T[], T> Body, string[] Mentions)
{
    public const string Module = "some.module";

    public string Name => $"{Operation}: {What}";
}
