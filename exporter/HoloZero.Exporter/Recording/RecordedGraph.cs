using HoloZero.Artifacts;
using HoloZero.Onnx;

namespace HoloZero.Exporter.Recording;

/// <summary>A graph input or output with its symbolic shape.</summary>
internal sealed record GraphPort(GraphValue Value, IReadOnlyList<Dimension> Axes);

/// <summary>Recorded nodes with the inputs that they read and the outputs that someone wants of them.</summary>
/// <param name="Name">What the graph is called in the file.</param>
/// <param name="Recorder">The nodes; those that no output needs are not written.</param>
/// <param name="Inputs">Every input, in order.</param>
/// <param name="Outputs">Every output, in order.</param>
internal record RecordedGraph(string Name, GraphRecorder Recorder, IReadOnlyList<GraphPort> Inputs, IReadOnlyList<GraphPort> Outputs)
{
    /// <summary>The constants that the outputs need.</summary>
    public IReadOnlyList<OnnxInitializer> Initializers() =>
        [.. Needed().SelectMany(node => node.Inputs).OfType<InitializerValue>().Distinct().Select(ToOnnx)];

    /// <summary>The nodes that the outputs need, with inputs and outputs; the constants are apart.</summary>
    public GraphProto ToProto()
    {
        var proto = new GraphProto { Name = Name };
        proto.Node.AddRange(Needed().Select(ToProto));
        proto.Input.AddRange(Inputs.Select(ToProto));
        proto.Output.AddRange(Outputs.Select(ToProto));
        return proto;
    }

    private IReadOnlyList<GraphNode> Needed() => Recorder.NodesFor(Outputs.Select(port => port.Value));

    private static OnnxInitializer ToOnnx(InitializerValue value) =>
        new(value.Name, value.Type, [.. value.Shape.Dimensions.Select(length => (long)length)], value.Bytes)
        {
            Parameter = value.Parameter,
            Table = value.Table,
        };

    private static NodeProto ToProto(GraphNode node)
    {
        var proto = new NodeProto
        {
            Name = node.Name,
            OpType = node.Operator.Type,
            Input = { node.Inputs.Select(input => input?.Name ?? "") },
            Output = { node.Outputs.Select(output => output?.Name ?? "") },
            Attribute = { node.Attributes },
        };
        if (node.Operator.Domain.Length > 0) proto.Domain = node.Operator.Domain;
        return proto;
    }

    private static ValueInfoProto ToProto(GraphPort port)
    {
        var shape = new TensorShapeProto();
        foreach (var axis in port.Axes)
        {
            shape.Dim.Add(axis.Length is { } length
                ? new TensorShapeProto.Types.Dimension { DimValue = length }
                : new TensorShapeProto.Types.Dimension { DimParam = axis.Name! });
        }

        return new()
        {
            Name = port.Value.Name,
            Type = new() { TensorType = new() { ElemType = port.Value.Type, Shape = shape } },
        };
    }
}
