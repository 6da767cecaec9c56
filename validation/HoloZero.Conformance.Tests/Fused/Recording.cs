using HoloZero.Exporter;
using HoloZero.Exporter.Recording;
using HoloZero.Models;
using HoloZero.Models.Ops;

namespace HoloZero.Conformance.Fused;

/// <summary>A use of operations over inputs; written once, recorded with derived and with fused operations.</summary>
internal delegate GraphValue[] Use(ITensorOps<GraphValue> op, GraphValue[] x);

/// <summary>Records uses of operations.</summary>
internal static class Recording
{
    /// <summary>With the interface's own definitions over standard operators.</summary>
    public static GraphRun Derived(Tensor[] inputs, Use use, IReadOnlyDictionary<string, Tensor>? parameters = null) =>
        new(Record(GraphVariant.Portable, inputs, (op, x) => use(new DerivedOps<GraphValue>(op), x), parameters),
            GraphVariant.Portable.Opsets);

    /// <summary>For uses and variants that round no activations by fixed scales.</summary>
    public static Func<string, ActivationRange> NoRanges { get; } = module => throw new InvalidOperationException($"{module} has no range");

    /// <summary>With the operators of a variant.</summary>
    public static GraphRun Fused(GraphVariant variant, Tensor[] inputs, Use use, IReadOnlyDictionary<string, Tensor>? parameters = null,
        Func<string, ActivationRange>? ranges = null) =>
        new(Record(variant, inputs, use, parameters, ranges), variant.Opsets);

    /// <summary>The operators that a use comes to, in order.</summary>
    public static string[] Operators(GraphVariant variant, Tensor[] inputs, Use use, IReadOnlyDictionary<string, Tensor> parameters)
    {
        var graph = Record(variant, inputs, use, parameters);
        return [.. graph.Recorder.NodesFor(graph.Outputs.Select(port => port.Value)).Select(node => node.Operator.Type)];
    }

    /// <summary>Weight and bias of a Linear, the weights in the range of trained ones.</summary>
    public static IEnumerable<KeyValuePair<string, Tensor>> Linear(string module, int seed, int inputs, int outputs) =>
    [
        new($"{module}.weight", Tensor.Pattern(seed, outputs, inputs).Select(value => value / Math.Sqrt(inputs))),
        new($"{module}.bias", Tensor.Pattern(seed + 1, outputs)),
    ];

    /// <summary>Weight and bias of a norm.</summary>
    public static IEnumerable<KeyValuePair<string, Tensor>> Norm(string module, int seed, int width) =>
        [new($"{module}.weight", Tensor.Pattern(seed, width)), new($"{module}.bias", Tensor.Pattern(seed + 1, width))];

    private static RecordedGraph Record(GraphVariant variant, Tensor[] inputs, Use use, IReadOnlyDictionary<string, Tensor>? parameters,
        Func<string, ActivationRange>? ranges = null)
    {
        var recorder = new GraphRecorder();
        GraphPort[] ports = [.. inputs.Select(GraphRun.Input)];
        var op = variant.Interpreter(recorder, name => [.. parameters![name].Values.Select(value => (float)value)], ranges ?? NoRanges);
        var outputs = use(op, [.. ports.Select(port => port.Value)]);
        return new("use", recorder, ports, [.. outputs.Select(output => GraphRun.Port(output.Record()))]);
    }
}
