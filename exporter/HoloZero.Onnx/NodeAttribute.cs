using Google.Protobuf;
using static HoloZero.Onnx.AttributeProto.Types;

namespace HoloZero.Onnx;

/// <summary>Makes the attributes of nodes. Stateless and thread-safe.</summary>
public static class NodeAttribute
{
    /// <summary>A whole number.</summary>
    public static AttributeProto Of(string name, long value) => new() { Name = name, Type = AttributeType.Int, I = value };

    /// <summary>A real number.</summary>
    public static AttributeProto Of(string name, float value) => new() { Name = name, Type = AttributeType.Float, F = value };

    /// <summary>A row of whole numbers.</summary>
    public static AttributeProto Of(string name, params long[] values) =>
        new() { Name = name, Type = AttributeType.Ints, Ints = { values } };

    /// <summary>A text.</summary>
    public static AttributeProto Of(string name, string value) =>
        new() { Name = name, Type = AttributeType.String, S = ByteString.CopyFromUtf8(value) };
}
