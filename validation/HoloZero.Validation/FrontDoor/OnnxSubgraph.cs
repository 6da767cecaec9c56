using Google.Protobuf;
using HoloZero.Artifacts;
using HoloZero.Onnx;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Validation;

/// <summary>
/// The model of a file, and smaller models cut out of it: the very nodes and initializers that lie in the file. Thread-safe.
/// </summary>
internal sealed class OnnxSubgraph
{
    private readonly ModelProto _model;
    private readonly Dictionary<string, NodeProto> _producers;

    private OnnxSubgraph(string path, ModelProto model)
    {
        (Path, _model, Contents) = (path, model, GraphContents.Require(model, path));
        // An output without a name is one that nobody asks for.
        _producers = model.Graph.Node
            .SelectMany(node => node.Output.Where(output => output.Length > 0).Select(output => (output, node)))
            .ToDictionary(StringComparer.Ordinal);
    }

    /// <summary>The .onnx file.</summary>
    public string Path { get; }

    /// <summary>What its initializers hold.</summary>
    public GraphContents Contents { get; }

    /// <summary>Everything in it.</summary>
    public GraphProto Graph => _model.Graph;

    /// <summary>Reads a model.</summary>
    /// <exception cref="BadInputException">The file cannot be read, is no ONNX model, or does not say what is in it.</exception>
    public static OnnxSubgraph Read(string path) => new(path, OnnxReader.Read(path));

    /// <summary>The node that makes <paramref name="value"/>; null for inputs and initializers.</summary>
    public NodeProto? ProducerOf(string value) => _producers.GetValueOrDefault(value);

    /// <summary>The elements of an initializer as they lie in the file.</summary>
    public ReadOnlySpan<byte> Data(TensorProto initializer) => OnnxReader.Data(initializer, Path).Span;

    /// <summary>
    /// A model of its own, weights inside, that computes <paramref name="output"/>, with those inputs alone that it takes.
    /// </summary>
    public byte[] Extract(string output)
    {
        var needed = new HashSet<string>(StringComparer.Ordinal) { output };
        var nodes = new List<NodeProto>();
        foreach (var node in Graph.Node.Reverse().Where(node => node.Output.Any(needed.Contains)))
        {
            nodes.Add(node);
            needed.UnionWith(node.Input.Where(input => input.Length > 0));
        }

        nodes.Reverse();
        var cut = new ModelProto
        {
            IrVersion = _model.IrVersion,
            Graph = new GraphProto
            {
                Name = $"{Graph.Name}: {output}",
                Node = { nodes },
                Input = { Graph.Input.Where(input => needed.Contains(input.Name)) },
                Output = { new ValueInfoProto { Name = output, Type = new() { TensorType = new() { ElemType = DataType.Float } } } },
                Initializer = { Graph.Initializer.Where(initializer => needed.Contains(initializer.Name)).Select(Inline) },
            },
            OpsetImport = { _model.OpsetImport },
        };
        return cut.ToByteArray();
    }

    private TensorProto Inline(TensorProto initializer) => new()
    {
        Name = initializer.Name,
        DataType = initializer.DataType,
        Dims = { initializer.Dims },
        RawData = OnnxReader.Data(initializer, Path),
    };
}
