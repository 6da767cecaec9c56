using System.Buffers.Binary;

namespace HoloZero.Artifacts;

/// <summary>Turns stored little-endian elements into numbers. Stateless and thread-safe.</summary>
public static class TensorConversion
{
    /// <summary>Converts to float32: float16 and bfloat16 exactly, float64 to the nearest (ties to even; too large is infinity).</summary>
    /// <param name="type">The stored type, a floating-point one.</param>
    /// <param name="source">The stored elements.</param>
    /// <param name="target">One float32 an element.</param>
    /// <exception cref="ArgumentException">The type is not floating-point, or the lengths do not match.</exception>
    public static void ToFloat32(TensorType type, ReadOnlySpan<byte> source, Span<float> target)
    {
        RequireMatch(type, source.Length, target.Length);
        switch (type)
        {
            case TensorType.Float32:
                for (var i = 0; i < target.Length; i++) target[i] = BinaryPrimitives.ReadSingleLittleEndian(source[(i * 4)..]);
                break;
            case TensorType.Float64:
                for (var i = 0; i < target.Length; i++) target[i] = (float)BinaryPrimitives.ReadDoubleLittleEndian(source[(i * 8)..]);
                break;
            case TensorType.Float16:
                for (var i = 0; i < target.Length; i++) target[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(source[(i * 2)..]);
                break;
            case TensorType.BFloat16:
                for (var i = 0; i < target.Length; i++)
                {
                    target[i] = BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadInt16LittleEndian(source[(i * 2)..]) << 16);
                }
                break;
            default:
                throw new ArgumentException($"{type} is not a floating-point type", nameof(type));
        }
    }

    /// <summary>Converts numbers and conditions to float64: exactly, but for whole numbers of more than 53 bits, to the nearest.</summary>
    /// <param name="type">The stored type.</param>
    /// <param name="source">The stored elements.</param>
    /// <param name="target">One float64 an element.</param>
    /// <exception cref="ArgumentException">The lengths do not match.</exception>
    public static void ToFloat64(TensorType type, ReadOnlySpan<byte> source, Span<double> target)
    {
        RequireMatch(type, source.Length, target.Length);
        if (type == TensorType.Float64)
        {
            for (var i = 0; i < target.Length; i++) target[i] = BinaryPrimitives.ReadDoubleLittleEndian(source[(i * 8)..]);
            return;
        }

        if (!type.IsFloatingPoint())
        {
            var bytes = type.SizeInBytes();
            for (var i = 0; i < target.Length; i++) target[i] = Whole(type, source[(i * bytes)..]);
            return;
        }

        Span<float> narrow = stackalloc float[512];
        var size = type.SizeInBytes();
        for (var done = 0; done < target.Length; done += narrow.Length)
        {
            var part = narrow[..Math.Min(narrow.Length, target.Length - done)];
            ToFloat32(type, source.Slice(done * size, part.Length * size), part);
            for (var i = 0; i < part.Length; i++) target[done + i] = part[i];
        }
    }

    private static double Whole(TensorType type, ReadOnlySpan<byte> source) => type switch
    {
        TensorType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(source),
        TensorType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(source),
        TensorType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(source),
        TensorType.Int8 => (sbyte)source[0],
        TensorType.UInt64 => BinaryPrimitives.ReadUInt64LittleEndian(source),
        TensorType.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(source),
        TensorType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(source),
        TensorType.UInt8 or TensorType.Boolean => source[0],
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };

    private static void RequireMatch(TensorType type, int bytes, int elements)
    {
        if (bytes != (long)elements * type.SizeInBytes())
        {
            throw new ArgumentException($"{bytes} bytes are not {elements} elements of {type}");
        }
    }
}
