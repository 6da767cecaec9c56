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

/// <summary>Element types by their names in the manifest.</summary>
internal static class TensorTypeNames
{
    public static TensorElementType Parse(string name) => name switch
    {
        "float32" => TensorElementType.Float,
        "float16" => TensorElementType.Float16,
        "int64" => TensorElementType.Int64,
        "int32" => TensorElementType.Int32,
        "uint8" => TensorElementType.UInt8,
        _ => throw new BadInputException(ArtifactManifest.FileName, $"element type {Untrusted.Quote(name)} is unknown",
            "export the model again"),
    };
}
