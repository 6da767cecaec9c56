namespace HoloZero.Artifacts;

/// <summary>The element types that this code stores and reads. All are little-endian on disk.</summary>
public enum TensorType
{
    /// <summary>IEEE 754 binary64 (safetensors F64).</summary>
    Float64,

    /// <summary>IEEE 754 binary32 (safetensors F32).</summary>
    Float32,

    /// <summary>IEEE 754 binary16 (safetensors F16).</summary>
    Float16,

    /// <summary>The upper half of a binary32 (safetensors BF16).</summary>
    BFloat16,

    /// <summary>Signed, 64 bits (safetensors I64).</summary>
    Int64,

    /// <summary>Signed, 32 bits (safetensors I32).</summary>
    Int32,

    /// <summary>Signed, 16 bits (safetensors I16).</summary>
    Int16,

    /// <summary>Signed, 8 bits (safetensors I8).</summary>
    Int8,

    /// <summary>Unsigned, 64 bits (safetensors U64).</summary>
    UInt64,

    /// <summary>Unsigned, 32 bits (safetensors U32).</summary>
    UInt32,

    /// <summary>Unsigned, 16 bits (safetensors U16).</summary>
    UInt16,

    /// <summary>Unsigned, 8 bits (safetensors U8).</summary>
    UInt8,

    /// <summary>One byte, 0 or 1 (safetensors BOOL).</summary>
    Boolean,
}

/// <summary>What follows from a <see cref="TensorType"/>.</summary>
public static class TensorTypes
{
    private static readonly Dictionary<string, TensorType> BySafetensorsName =
        Enum.GetValues<TensorType>().ToDictionary(SafetensorsName);

    private static readonly Dictionary<string, TensorType> ByName = Enum.GetValues<TensorType>().ToDictionary(Name);

    /// <summary>Bytes of an element.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type is not one of the enumeration.</exception>
    public static int SizeInBytes(this TensorType type) => type switch
    {
        TensorType.Float64 or TensorType.Int64 or TensorType.UInt64 => 8,
        TensorType.Float32 or TensorType.Int32 or TensorType.UInt32 => 4,
        TensorType.Float16 or TensorType.BFloat16 or TensorType.Int16 or TensorType.UInt16 => 2,
        TensorType.Int8 or TensorType.UInt8 or TensorType.Boolean => 1,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };

    /// <summary>Whether the elements are floating-point numbers.</summary>
    public static bool IsFloatingPoint(this TensorType type) =>
        type is TensorType.Float64 or TensorType.Float32 or TensorType.Float16 or TensorType.BFloat16;

    /// <summary>The name in a safetensors header, such as F32.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type is not one of the enumeration.</exception>
    public static string SafetensorsName(this TensorType type) => type switch
    {
        TensorType.Float64 => "F64",
        TensorType.Float32 => "F32",
        TensorType.Float16 => "F16",
        TensorType.BFloat16 => "BF16",
        TensorType.Int64 => "I64",
        TensorType.Int32 => "I32",
        TensorType.Int16 => "I16",
        TensorType.Int8 => "I8",
        TensorType.UInt64 => "U64",
        TensorType.UInt32 => "U32",
        TensorType.UInt16 => "U16",
        TensorType.UInt8 => "U8",
        TensorType.Boolean => "BOOL",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };

    /// <summary>The name in a manifest and in messages, such as float32.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The type is not one of the enumeration.</exception>
    public static string Name(this TensorType type) => type switch
    {
        TensorType.Boolean => "bool",
        _ when Enum.IsDefined(type) => type.ToString().ToLowerInvariant(),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };

    /// <summary>Finds a type by its name in a safetensors header.</summary>
    public static bool TryParse(string safetensorsName, out TensorType type) => BySafetensorsName.TryGetValue(safetensorsName, out type);

    /// <summary>Finds a type by its <see cref="Name"/>.</summary>
    public static bool TryParseName(string name, out TensorType type) => ByName.TryGetValue(name, out type);
}
