using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using HoloZero.Artifacts;
using HoloZero.Exporter.Recording;
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
    /// <exception cref="BadInputException">The file cannot be read or is no ONNX model.</exception>
    public static string Of(string path)
    {
        var model = OnnxReader.Read(path);
        var graph = model.Graph;
        var text = new StringBuilder();
        var opsets = model.OpsetImport.Select(opset => $"{(opset.Domain.Length == 0 ? "ai.onnx" : opset.Domain)} {opset.Version}");
        text.Append(CultureInfo.InvariantCulture, $"{graph.Name}: IR version {model.IrVersion}, opset {string.Join(", ", opsets)}\n");

        Section("inputs", graph.Input.Select(Port));
        Section("outputs", graph.Output.Select(Port));
        Section("initializers", graph.Initializer.Select(initializer => Initializer(initializer, path)));
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

    /// <summary>Nodes are named <c>module path/operator</c>.</summary>
    private static string ModuleOf(NodeProto node) => node.Name.LastIndexOf('/') is >= 0 and var slash ? node.Name[..slash] : "";

    private static string Port(ValueInfoProto port)
    {
        var tensor = port.Type.TensorType;
        var axes = tensor.Shape.Dim.Select(axis => axis.HasDimParam ? axis.DimParam : Invariant(axis.DimValue));
        return $"{port.Name}: {ElementTypes.NameOf(tensor.ElemType)} [{string.Join(", ", axes)}]";
    }

    private static string Initializer(TensorProto tensor, string path)
    {
        var header = $"{tensor.Name}: {ElementTypes.NameOf(tensor.DataType)} [{string.Join(", ", tensor.Dims.Select(length => Invariant(length)))}]";
        return IsWeight(tensor) || tensor.Dims.Aggregate(1L, (count, length) => count * length) > LongestConstant
            ? header : $"{header} = {string.Join(", ", Values(tensor, OnnxReader.Data(tensor, path).Span))}";
    }

    /// <summary>Weights have a module path for a name; what the exporter adds has a slash or brackets in it.</summary>
    private static bool IsWeight(TensorProto tensor) => tensor.Name.AsSpan().IndexOfAny('/', '[') < 0;

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
