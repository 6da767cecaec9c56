using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using HoloZero.Artifacts;
using HoloZero.Onnx;
using static HoloZero.Onnx.AttributeProto.Types;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Validation;

/// <summary>An exported graph as text that people review and diff: everything but the weights.</summary>
public static class GraphText
{
    private const int LongestConstant = 16;

    /// <summary>Describes the model in <paramref name="path"/>. The same graph gives the same text, whatever its weights.</summary>
    /// <param name="path">An .onnx file.</param>
    /// <exception cref="BadInputException">The file cannot be read, is no ONNX model, or does not say what is in it.</exception>
    public static string Of(string path)
    {
        var model = OnnxReader.Read(path);
        var graph = model.Graph;
        var contents = GraphContents.Require(model, path);
        // Of whole numbers, scales and zero points are weights as well.
        var weights = graph.Node.Where(node => node.OpType is "MatMulNBits" or "MatMulIntegerToFloat").SelectMany(node => node.Input)
            .Concat(contents.Parameters.Select(parameter => parameter.Initializer)).ToHashSet(StringComparer.Ordinal);
        var text = new StringBuilder();
        var opsets = model.OpsetImport.Select(opset => $"{(opset.Domain.Length == 0 ? "ai.onnx" : opset.Domain)} {opset.Version}");
        text.Append(CultureInfo.InvariantCulture, $"{graph.Name}: IR version {model.IrVersion}, opset {string.Join(", ", opsets)}\n");

        Section("inputs", graph.Input.Select(Port));
        Section("outputs", graph.Output.Select(Port));
        Section("initializers", graph.Initializer.Select(initializer => Initializer(initializer, path, weights)));
        Section("parameters", contents.Parameters.Select(Parameter));
        Section("tables", contents.Tables.Select(table => $"{table.Name} = {table.Initializer}"));
        text.Append("\nnodes\n");
        var module = "";
        foreach (var node in graph.Node)
        {
            if (ModuleOf(node) is var current && current != module) text.Append($"  {module = current}\n");
            text.Append($"    {Node(node)}\n");
        }

        return text.ToString();

        void Section(string title, IEnumerable<string> lines)
        {
            text.Append($"\n{title}\n");
            foreach (var line in lines) text.Append($"  {line}\n");
        }
    }

    /// <summary>For people, who read the nodes of a module under one heading: nodes are named <c>module path/operator</c>.</summary>
    private static string ModuleOf(NodeProto node) => node.Name.LastIndexOf('/') is >= 0 and var slash ? node.Name[..slash] : "";

    private static string Port(ValueInfoProto port)
    {
        var tensor = port.Type.TensorType;
        var axes = tensor.Shape.Dim.Select(axis => axis.HasDimParam ? axis.DimParam : Invariant(axis.DimValue));
        return $"{port.Name}: {ElementTypes.NameOf(tensor.ElemType)} [{string.Join(", ", axes)}]";
    }

    private static string Parameter(StoredParameter parameter)
    {
        var gate = parameter.ScaledByTanhOf is { } name ? $", scaled by tanh({name})" : "";
        var ones = parameter.Ones is var (first, group, extra)
            ? string.Create(CultureInfo.InvariantCulture, $", from row {first} on {extra} rows of ones after every {group}") : "";
        var powers = parameter.Exponents is null ? "" : ", times powers of 2";
        return $"{parameter.Name} = {parameter.Initializer}, {parameter.Layout.ToString().ToLowerInvariant()}{gate}{ones}{powers}";
    }

    private static string Initializer(TensorProto tensor, string path, HashSet<string> weights)
    {
        var shape = string.Join(", ", tensor.Dims.Select(length => Invariant(length)));
        var header = $"{tensor.Name}: {ElementTypes.NameOf(tensor.DataType)} [{shape}]";
        return weights.Contains(tensor.Name) || tensor.Dims.Aggregate(1L, (count, length) => count * length) > LongestConstant
            ? header : $"{header} = {string.Join(", ", Values(tensor, OnnxReader.Data(tensor, path).Span))}";
    }

    private static IEnumerable<string> Values(TensorProto tensor, ReadOnlySpan<byte> data) => tensor.DataType switch
    {
        DataType.Float => [.. MemoryMarshal.Cast<byte, float>(data).ToArray().Select(value => Invariant(value))],
        DataType.Float16 => [.. MemoryMarshal.Cast<byte, Half>(data).ToArray().Select(value => Invariant(value))],
        DataType.Int64 => [.. MemoryMarshal.Cast<byte, long>(data).ToArray().Select(value => Invariant(value))],
        DataType.Int32 => [.. MemoryMarshal.Cast<byte, int>(data).ToArray().Select(value => Invariant(value))],
        _ => [.. data.ToArray().Select(value => Invariant(value))],
    };

    private static string Node(NodeProto node)
    {
        var inputs = string.Join(", ", node.Input.Select(input => input.Length == 0 ? "-" : input));
        var attributes = string.Join(", ", node.Attribute.OrderBy(attribute => attribute.Name, StringComparer.Ordinal)
            .Select(attribute => $"{attribute.Name}={Value(attribute)}"));
        var operation = node.Domain.Length == 0 ? node.OpType : $"{node.Domain}.{node.OpType}";
        return $"{string.Join(", ", node.Output)} = {operation}({inputs}{(attributes.Length == 0 ? "" : $"; {attributes}")})";
    }

    private static string Value(AttributeProto attribute) => attribute.Type switch
    {
        AttributeType.Int => Invariant(attribute.I),
        AttributeType.Float => Invariant(attribute.F),
        AttributeType.Ints => $"[{string.Join(", ", attribute.Ints.Select(value => Invariant(value)))}]",
        AttributeType.String => $"\"{attribute.S.ToStringUtf8()}\"",
        _ => throw new NotSupportedException($"attribute {attribute.Name} has type {attribute.Type}, which no exporter here writes"),
    };

    private static string Invariant(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
