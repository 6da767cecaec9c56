using HoloZero.Artifacts;
using HoloZero.Exporter.Recording;
using HoloZero.Models;
using HoloZero.Models.Ops;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Exporter;

/// <summary>A piece of state: what goes in, and what comes out to go in with the next call, into the same memory if need be.</summary>
/// <param name="Past">The input.</param>
/// <param name="Presents">After each row in a graph that checks drafts, otherwise after the last alone.</param>
/// <param name="InPlace">Whether what comes out may be written over what went in.</param>
internal sealed record StatePort(GraphPort Past, IReadOnlyList<GraphPort> Presents, bool InPlace)
{
    /// <summary>The output after the last row.</summary>
    public GraphPort Present => Presents[^1];
}

/// <summary>The output of the door or of a block, within the graph.</summary>
internal sealed record TracePort(string Module, GraphPort Output);

/// <summary>A recorded AsymDec: bytes and state in, logits and state out.</summary>
internal sealed record AsymDecGraph(GraphRecorder Recorder, GraphPort Prefix, GraphPort Stream, GraphPort Logits,
    IReadOnlyList<StatePort> State, IReadOnlyList<TracePort> Trace)
    : RecordedGraph("AsymDec", Recorder,
        [Prefix, Stream, .. State.Select(state => state.Past)],
        [Logits, .. State.SelectMany(state => state.Presents)])
{
    private const string Batch = AsymDecState.Batch, Rows = "rows", PrefixBytes = "prefix_bytes", StreamBytes = "stream_bytes",
        Present = "present";

    /// <summary>Runs the architecture over graph values.</summary>
    /// <param name="config">The hyper-parameters.</param>
    /// <param name="interpreter">Makes the recording operations over a fresh recorder.</param>
    /// <param name="layout">What the state consists of in this graph.</param>
    /// <param name="checkedRows">The stream bytes of every call, without any prefix; null where calls are of any length.</param>
    public static AsymDecGraph Record(AsymDecConfig config, Func<GraphRecorder, ITensorOps<GraphValue>> interpreter,
        AsymDecState<GraphState?> layout, int? checkedRows = null)
    {
        // Example lengths, all different, stand for the symbolic ones while shapes are followed.
        const int batch = 2, past = 7;
        var (slots, streamBytes) = checkedRows is { } rows ? (0, rows) : (3, 5);
        Dimension streamAxis = checkedRows is { } length ? length : StreamBytes;
        var recorder = new GraphRecorder();
        var prefix = Input("prefix", DataType.Uint8, new([batch, slots * config.SlotBytes]), [Batch, PrefixBytes]);
        var stream = Input("stream", DataType.Uint8, new([batch, streamBytes]), [Batch, streamAxis]);
        var state = layout.Select(piece => piece is null ? null
            : Input($"past.{piece.Tensor.Name}", piece.Type, piece.Tensor.ShapeFor(batch, past), [.. piece.Tensor.Axes]));

        var output = AsymDec.Forward(interpreter(recorder), config, prefix.Value, stream.Value,
            state.Select(port => port?.Value ?? GraphValue.Absent));
        var logits = output.Logits.Record();
        logits.Name = "logits";
        var ports = layout.Tensors.Zip(state.Tensors, output.State.Tensors)
            .Where(piece => piece.First is not null)
            .Select(piece => Carry(piece.First!, piece.Second!, checkedRows is { } each ? EachRow(recorder, piece.Third!, each)
                : piece.Third!))
            .ToArray();
        var trace = output.Trace
            .Select(block => new TracePort(block.Module, new(block.Output.Record(), [Batch, Rows, config.Dim]))).ToArray();
        return new(recorder, prefix, stream, new(logits, [Batch, streamAxis, AsymDecConfig.Vocabulary]), ports, trace);

        static GraphPort Input(string name, DataType type, Shape example, Dimension[] axes) => new(new(name, type, example), axes);
    }

    /// <summary>
    /// The nodes that compute of lengths and positions alone, by name: ONNX Runtime runs these on the processor whatever runs the others,
    /// as the shapes of a call are known there.
    /// </summary>
    public IReadOnlyList<string> HostNodes()
    {
        // Constants of more elements it keeps on the device, and what they go into.
        const int mostElements = 100;
        // These take a length from the processor and give whole tensors to the device.
        string[] filling = ["Range", "Expand", "ConstantOfShape"];
        var known = new HashSet<GraphValue>(ReferenceEqualityComparer.Instance);
        var names = new List<string>();
        foreach (var node in Recorder.NodesFor(Outputs.Select(port => port.Value)))
        {
            var inputs = node.Inputs.OfType<GraphValue>().ToArray();
            var isComputed = !filling.Contains(node.Operator.Type) && inputs.Any(known.Contains)
                && inputs.All(input => known.Contains(input)
                    || (input is InitializerValue && input.Shape.Dimensions.Aggregate(1L, (all, n) => all * n) <= mostElements)
                    || State.Any(state => state.Past.Value == input && input.Type == DataType.Int64));
            if (isComputed) names.Add(node.Name);
            if (isComputed || node.Operator.Type == "Shape") known.UnionWith(node.Outputs.OfType<GraphValue>());
        }

        return names;
    }

    /// <summary>A piece of state after each row; one that rows leave as it is, is the same after each.</summary>
    private static GraphValue EachRow(GraphRecorder recorder, GraphValue present, int rows) => present is RowwiseValue ? present
        : new RowwiseValue([.. Enumerable.Range(0, rows).Select(_ =>
            recorder.Node("state", "Identity", present.Type, present.Shape, [present.Record()]))]);

    /// <summary>The outputs that replace <paramref name="past"/>: same axes, except that a growing one has a new name.</summary>
    private static StatePort Carry(GraphState state, GraphPort past, GraphValue present)
    {
        Dimension[] axes = [.. past.Axes.Select(axis => axis.Name == AsymDecState.Past ? Present : axis)];
        var name = $"present.{state.Tensor.Name}";
        return present is RowwiseValue each
            ? new(past, [.. each.Rows.Select((row, i) => Named(row, $"{name}.{i}"))], state.InPlace)
            : new(past, [Named(present, name)], state.InPlace);

        GraphPort Named(GraphValue value, string called)
        {
            value = value.Record();
            value.Name = called;
            return new(value, axes);
        }
    }
}
