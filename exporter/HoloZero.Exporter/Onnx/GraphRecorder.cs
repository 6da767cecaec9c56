using System.Runtime.InteropServices;
using HoloZero.Models.Ops;
using static HoloZero.Exporter.Onnx.TensorProto.Types;

namespace HoloZero.Exporter.Onnx;

/// <summary>A recorded node.</summary>
internal sealed record GraphNode(string Name, string OpType, IReadOnlyList<GraphValue?> Inputs,
    IReadOnlyList<GraphValue> Outputs, IReadOnlyList<AttributeProto> Attributes);

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
        params AttributeProto[] attributes)
    {
        var name = UniqueName(path, opType);
        var output = new GraphValue(name, type, shape);
        _nodes.Add(new(name, opType, inputs, [output], attributes));
        return output;
    }

    /// <summary>An initializer; asking again for the same name gives the same one.</summary>
    public InitializerValue Initializer(string name, DataType type, Shape shape, Func<byte[]> bytes)
    {
        if (!_initializers.TryGetValue(name, out var known)) return _initializers[name] = new(name, type, shape, bytes);
        var same = known.Type == type && known.Shape.Dimensions.AsSpan().SequenceEqual(shape.Dimensions)
            && known.Bytes().AsSpan().SequenceEqual(bytes());
        return same ? known : throw new InvalidOperationException($"two different constants are called {name}");
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
        foreach (var node in Enumerable.Reverse(_nodes).Where(node => node.Outputs.Any(needed.Contains)))
        {
            kept.Add(node);
            foreach (var input in node.Inputs.OfType<GraphValue>()) needed.Add(input);
        }

        kept.Reverse();
        return kept;
    }

    private string UniqueName(string path, string opType)
    {
        var name = $"{path}/{opType}";
        var use = _uses[name] = _uses.GetValueOrDefault(name) + 1;
        return use == 1 ? name : $"{name}.{use}";
    }
}
