using System.Runtime.InteropServices;
using HoloZero.Models.Ops;
using HoloZero.Onnx;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Exporter.Recording;

/// <summary>An operator: its name, and the domain that defines it, "" for the standard.</summary>
internal readonly record struct OnnxOperator(string Type, string Domain = "")
{
    /// <summary>The domain of ONNX Runtime's own operators.</summary>
    public const string ContribDomain = "com.microsoft";

    /// <summary>One of ONNX Runtime's own.</summary>
    public static OnnxOperator Contrib(string type) => new(type, ContribDomain);
}

/// <summary>A recorded node; an output that is null is one that nobody asks for.</summary>
internal sealed record GraphNode(string Name, OnnxOperator Operator, IReadOnlyList<GraphValue?> Inputs,
    IReadOnlyList<GraphValue?> Outputs, IReadOnlyList<AttributeProto> Attributes);

/// <summary>An output that a node is to have.</summary>
/// <param name="Name">What is put behind the node's name.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Its shape at the example sizes.</param>
internal sealed record OutputPort(string Name, DataType Type, Shape Shape);

/// <summary>Collects the nodes and initializers of one graph, and names them by module.</summary>
internal sealed class GraphRecorder
{
    private readonly List<GraphNode> _nodes = [];
    private readonly Dictionary<string, InitializerValue> _initializers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _uses = new(StringComparer.Ordinal);

    /// <summary>Nodes in the order of recording, which is a topological order.</summary>
    public IReadOnlyList<GraphNode> Nodes => _nodes;

    /// <summary>Records a node with one output.</summary>
    public GraphValue Node(string path, string opType, DataType type, Shape shape, IReadOnlyList<GraphValue?> inputs,
        params AttributeProto[] attributes) =>
        Node(path, new(opType), [new("", type, shape)], inputs, attributes)[0]!;

    /// <summary>Records a node with any number of outputs, some of which may be left out.</summary>
    public IReadOnlyList<GraphValue?> Node(string path, OnnxOperator op, IReadOnlyList<OutputPort?> outputs,
        IReadOnlyList<GraphValue?> inputs, params AttributeProto[] attributes)
    {
        var name = UniqueName(path, op.Type);
        GraphValue?[] values = [.. outputs.Select(port =>
            port is null ? null : new GraphValue(port.Name.Length == 0 ? name : $"{name}.{port.Name}", port.Type, port.Shape))];
        _nodes.Add(new(name, op, inputs, values, attributes));
        return values;
    }

    /// <summary>An initializer; asking again for the same name gives the same one.</summary>
    /// <param name="name">Name in the file.</param>
    /// <param name="type">Element type.</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="bytes">Little-endian elements.</param>
    /// <param name="parameter">The parameter that it holds, if any.</param>
    /// <param name="table">The table that it is, if any.</param>
    /// <exception cref="InvalidOperationException">Another one has that name.</exception>
    public InitializerValue Initializer(string name, DataType type, Shape shape, Func<byte[]> bytes, StoredParameter? parameter = null,
        string? table = null)
    {
        if (!_initializers.TryGetValue(name, out var known))
            return (_initializers[name] = new(name, type, shape, bytes)).As(parameter, table);

        var same = known.Type == type && known.Shape.Dimensions.AsSpan().SequenceEqual(shape.Dimensions)
            && known.Bytes().AsSpan().SequenceEqual(bytes());
        return same ? known.As(parameter, table) : throw new InvalidOperationException($"two different constants are called {name}");
    }

    /// <summary>A row of whole numbers, named by its content: axes, starts, shapes.</summary>
    public InitializerValue Integers(params long[] values) =>
        Initializer($"int64[{string.Join(",", values)}]", DataType.Int64, new([values.Length]),
            () => MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    /// <summary>The nodes that the outputs need, in order.</summary>
    public IReadOnlyList<GraphNode> NodesFor(IEnumerable<GraphValue> outputs)
    {
        var needed = new HashSet<GraphValue>(outputs, ReferenceEqualityComparer.Instance);
        var kept = new List<GraphNode>();
        foreach (var node in Enumerable.Reverse(_nodes).Where(IsNeeded))
        {
            kept.Add(node);
            foreach (var input in node.Inputs.OfType<GraphValue>()) needed.Add(input);
        }

        kept.Reverse();
        return kept;

        bool IsNeeded(GraphNode node) => node.Outputs.Any(output => output is not null && needed.Contains(output));
    }

    private string UniqueName(string path, string opType)
    {
        var name = $"{path}/{opType}";
        var use = _uses[name] = _uses.GetValueOrDefault(name) + 1;
        return use == 1 ? name : $"{name}.{use}";
    }
}
