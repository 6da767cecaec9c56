using Google.Protobuf;
using static HoloZero.Exporter.Onnx.TensorProto.Types;

namespace HoloZero.Exporter.Onnx;

/// <summary>Writes a recorded graph as an .onnx file, with its weights inside or beside it.</summary>
internal static class OnnxFile
{
    /// <summary>IR version of the ONNX releases that brought opsets 17 and 18.</summary>
    private const int IrVersion = 8;

    /// <summary>Protocol buffers end at 2 GiB; the rest of the file needs a little of it.</summary>
    public const long MaxInlineBytes = int.MaxValue - (64L << 20);

    /// <summary>External data starts on page borders so that it can be mapped.</summary>
    private const int PageBytes = 4096;

    /// <summary>Tensors of at most this size stay in the .onnx file: shape inference reads the values of the small ones.</summary>
    private const int SmallTensorBytes = 1024;

    /// <summary>
    /// Writes <paramref name="graph"/>; both files appear complete or not at all only in so far as the caller's folder does.
    /// </summary>
    /// <param name="graph">The graph.</param>
    /// <param name="path">The .onnx file; external data goes to the same name with <c>.data</c> behind it.</param>
    /// <param name="opsets">Version by operator domain; "" is the standard one.</param>
    /// <param name="producer">Tool name and version.</param>
    /// <param name="maxInlineBytes">Weights beyond this total go to external data.</param>
    /// <returns>The names of the files written, and the bytes of all initializers in them.</returns>
    public static (IReadOnlyList<string> Files, long WeightBytes) Write(RecordedGraph graph, string path,
        IReadOnlyDictionary<string, int> opsets, (string Name, string Version) producer, long maxInlineBytes = MaxInlineBytes)
    {
        var outputs = graph.Outputs.Select(port => port.Value).ToArray();
        var nodes = graph.Recorder.NodesFor(outputs);
        var initializers = nodes.SelectMany(node => node.Inputs).OfType<InitializerValue>().Distinct().ToArray();
        var weightBytes = initializers.Sum(value => value.ByteCount);
        var external = weightBytes > maxInlineBytes;

        var proto = new GraphProto { Name = graph.Name };
        proto.Node.AddRange(nodes.Select(ToProto));
        proto.Input.AddRange(graph.Inputs.Select(ToProto));
        proto.Output.AddRange(graph.Outputs.Select(ToProto));
        var files = new List<string> { Path.GetFileName(path) };
        if (external)
        {
            var dataName = Path.GetFileName(path) + ".data";
            using var data = File.Create(path + ".data");
            proto.Initializer.AddRange(initializers.Select(value => External(value, data, dataName)));
            files.Add(dataName);
        }
        else
        {
            proto.Initializer.AddRange(initializers.Select(Inline));
        }

        var model = new ModelProto
        {
            IrVersion = IrVersion,
            ProducerName = producer.Name,
            ProducerVersion = producer.Version,
            Graph = proto,
            OpsetImport =
            {
                opsets.OrderBy(pair => pair.Key, StringComparer.Ordinal)
                    .Select(pair => new OperatorSetIdProto { Domain = pair.Key, Version = pair.Value }),
            },
        };
        using var file = File.Create(path);
        model.WriteTo(file);
        return (files, weightBytes);
    }

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

    private static TensorProto Header(InitializerValue value) => new()
    {
        Name = value.Name,
        DataType = value.Type,
        Dims = { value.Shape.Dimensions.Select(length => (long)length) },
    };

    private static TensorProto Inline(InitializerValue value)
    {
        var proto = Header(value);
        proto.RawData = UnsafeByteOperations.UnsafeWrap(value.Bytes());
        return proto;
    }

    private static TensorProto External(InitializerValue value, FileStream data, string dataName)
    {
        if (value.ByteCount <= SmallTensorBytes) return Inline(value);

        data.Write(new byte[(PageBytes - data.Position % PageBytes) % PageBytes]);
        var proto = Header(value);
        proto.DataLocation = DataLocation.External;
        proto.ExternalData.Add(Entry("location", dataName));
        proto.ExternalData.Add(Entry("offset", data.Position.ToString()));
        proto.ExternalData.Add(Entry("length", value.ByteCount.ToString()));
        data.Write(value.Bytes());
        return proto;

        static StringStringEntryProto Entry(string key, string value) => new() { Key = key, Value = value };
    }
}
