using Google.Protobuf;
using HoloZero.Onnx;
using static HoloZero.Onnx.AttributeProto.Types;

namespace HoloZero.Exporter.Recording;

/// <summary>Node attributes.</summary>
internal static class NodeAttribute
{
    public static AttributeProto Of(string name, long value) => new() { Name = name, Type = AttributeType.Int, I = value };

    public static AttributeProto Of(string name, float value) => new() { Name = name, Type = AttributeType.Float, F = value };

    public static AttributeProto Of(string name, params long[] values) =>
        new() { Name = name, Type = AttributeType.Ints, Ints = { values } };

    public static AttributeProto Of(string name, string value) =>
        new() { Name = name, Type = AttributeType.String, S = ByteString.CopyFromUtf8(value) };
}
