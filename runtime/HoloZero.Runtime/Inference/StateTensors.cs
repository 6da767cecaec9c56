using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace HoloZero.Runtime;

/// <summary>Makes the tensors of a state.</summary>
internal static class StateTensors
{
    /// <summary>Zeros for <paramref name="rows"/> sequences and growing axes of <paramref name="positions"/>. The caller disposes it.</summary>
    public static OrtValue Zeros(ArtifactManifest.PortInfo port, int rows, int positions)
    {
        long[] shape = [.. port.Shape.Select(axis => axis.Length ?? (axis.Name == ArtifactManifest.BatchAxis ? rows : positions))];
        var tensor = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, TensorTypeNames.Parse(port.Type), shape);
        tensor.GetTensorMutableRawData().Clear();
        return tensor;
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
