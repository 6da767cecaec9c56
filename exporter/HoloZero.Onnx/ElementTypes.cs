using HoloZero.Artifacts;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Onnx;

/// <summary>ONNX's element types as <see cref="TensorType"/>, which says everything else about them. Stateless and thread-safe.</summary>
public static class ElementTypes
{
    private static readonly Dictionary<DataType, TensorType> Known = new()
    {
        [DataType.Float] = TensorType.Float32,
        [DataType.Double] = TensorType.Float64,
        [DataType.Float16] = TensorType.Float16,
        [DataType.Int64] = TensorType.Int64,
        [DataType.Int32] = TensorType.Int32,
        [DataType.Int8] = TensorType.Int8,
        [DataType.Uint8] = TensorType.UInt8,
        [DataType.Bool] = TensorType.Boolean,
    };

    /// <summary>The same type in this code's own words.</summary>
    /// <param name="type">A type of numbers or conditions.</param>
    /// <param name="known">What it is.</param>
    /// <returns>False where our graphs have no such type.</returns>
    public static bool TryGet(DataType type, out TensorType known) => Known.TryGetValue(type, out known);

    /// <summary>The same type in this code's own words.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Our graphs have no such type.</exception>
    public static TensorType Of(DataType type) => TryGet(type, out var known) ? known
        : throw new ArgumentOutOfRangeException(nameof(type), type, null);

    /// <summary>Its name in a manifest; a type that our graphs do not have under ONNX's own name.</summary>
    public static string NameOf(DataType type) => TryGet(type, out var known) ? known.Name() : $"{type}".ToLowerInvariant();
}
