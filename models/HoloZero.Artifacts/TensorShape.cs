using System.Collections.Immutable;

namespace HoloZero.Artifacts;

/// <summary>Arithmetic on shapes that does not overflow silently. Stateless and thread-safe.</summary>
public static class TensorShape
{
    /// <summary>Counts elements; a scalar (an empty shape) has one. False where a dimension is negative or the count overflows.</summary>
    public static bool TryCount(ReadOnlySpan<long> shape, out long count)
    {
        (count, var empty) = (1, false);
        foreach (var dimension in shape)
        {
            if (dimension < 0) return false;
            empty |= dimension == 0;
        }
        if (empty)
        {
            count = 0;
            return true;
        }
        foreach (var dimension in shape)
        {
            if (dimension > long.MaxValue / count) return false;
            count *= dimension;
        }
        return true;
    }

    /// <summary>Counts bytes. False where a dimension is negative or the count overflows.</summary>
    public static bool TryCountBytes(ImmutableArray<long> shape, TensorType type, out long bytes)
    {
        var counted = TryCount(shape.AsSpan(), out var count) && count <= long.MaxValue / type.SizeInBytes();
        bytes = counted ? count * type.SizeInBytes() : 0;
        return counted;
    }

    /// <summary>The shape for a message, such as [192, 64]; long ones are cut.</summary>
    public static string Format(IReadOnlyCollection<long> shape) =>
        shape.Count <= 8 ? $"[{string.Join(", ", shape)}]" : $"[{string.Join(", ", shape.Take(8))}, ... {shape.Count} dimensions]";
}
