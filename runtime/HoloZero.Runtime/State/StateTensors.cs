using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace HoloZero.Runtime;

/// <summary>Makes tensors in host memory, which no model owns. The caller disposes them.</summary>
internal static class StateTensors
{
    /// <summary>Zeros for <paramref name="rows"/> sequences and growing axes of <paramref name="positions"/>.</summary>
    /// <exception cref="MissingCapabilityException">Memory is too small.</exception>
    public static OrtValue Zeros(ArtifactManifest.PortInfo port, int rows, int positions)
    {
        long[] shape = [.. port.Shape.Select(axis => axis.Length ?? (axis.Name == ArtifactManifest.BatchAxis ? rows : positions))];
        var tensor = Allocate(TensorTypeNames.Parse(port.Type), shape);
        tensor.GetTensorMutableRawData().Clear();
        return tensor;
    }

    /// <summary>One row of bytes, [1, n].</summary>
    /// <exception cref="MissingCapabilityException">Memory is too small.</exception>
    public static OrtValue Row(ReadOnlySpan<byte> bytes)
    {
        var row = Allocate(TensorElementType.UInt8, [1, bytes.Length]);
        bytes.CopyTo(row.GetTensorMutableRawData());
        return row;
    }

    /// <summary>Memory with whatever is in it.</summary>
    /// <exception cref="MissingCapabilityException">Memory is too small.</exception>
    public static OrtValue Allocate(TensorElementType type, long[] shape)
    {
        try
        {
            return OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, type, shape);
        }
        catch (OnnxRuntimeException e)
        {
            // Its shape and type are sound: only memory is left to fail.
            throw new MissingCapabilityException($"memory is too small for a tensor [{string.Join(", ", shape)}] of {type}",
                "use fewer prefix slots, shorter sequences or smaller batches", e);
        }
    }
}

/// <summary>ONNX Runtime's element types as <see cref="TensorType"/>, which says everything else about them.</summary>
internal static class TensorTypeNames
{
    private static readonly Dictionary<TensorType, TensorElementType> Known = new()
    {
        [TensorType.Float32] = TensorElementType.Float,
        [TensorType.Float16] = TensorElementType.Float16,
        [TensorType.Int64] = TensorElementType.Int64,
        [TensorType.Int32] = TensorElementType.Int32,
        [TensorType.Int8] = TensorElementType.Int8,
        [TensorType.UInt8] = TensorElementType.UInt8,
    };

    /// <summary>The type of that name in the manifest.</summary>
    /// <exception cref="BadInputException">No tensor of ours has such elements.</exception>
    public static TensorElementType Parse(string name) =>
        TensorTypes.TryParseName(name, out var type) && Known.TryGetValue(type, out var known) ? known
            : throw new BadInputException(ArtifactManifest.FileName, $"element type {Untrusted.Quote(name)} is unknown",
                "export the model again");

    /// <summary>The same type in this code's own words.</summary>
    /// <returns>False where no tensor of ours has such elements.</returns>
    public static bool TryGet(TensorElementType known, out TensorType type)
    {
        foreach (var pair in Known)
        {
            if (pair.Value != known) continue;
            type = pair.Key;
            return true;
        }

        type = default;
        return false;
    }
}
