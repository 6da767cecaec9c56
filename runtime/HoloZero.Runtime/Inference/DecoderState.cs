using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace HoloZero.Runtime;

/// <summary>
/// The tensors that a sequence carries from call to call, in the manifest's order. Never written to once made, so sessions and
/// snapshots share them freely; the last one to release them frees them. Thread-safe.
/// </summary>
internal sealed class DecoderState
{
    private readonly OrtValue[] _tensors;
    private int _holders = 1;

    /// <summary>Takes over <paramref name="tensors"/>, held once.</summary>
    public DecoderState(OrtValue[] tensors) => _tensors = tensors;

    public IReadOnlyList<OrtValue> Tensors => _tensors;

    /// <summary>The state before the first call: zeros, with growing axes of length 0.</summary>
    public static DecoderState Fresh(ArtifactManifest.SignatureInfo signature) =>
        new([.. signature.State.Select(state => Zeros(state.Past))]);

    /// <summary>Holds it once more.</summary>
    public DecoderState Share()
    {
        Interlocked.Increment(ref _holders);
        return this;
    }

    /// <summary>Lets go of it once.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) > 0) return;
        foreach (var tensor in _tensors) tensor.Dispose();
    }

    private static OrtValue Zeros(ArtifactManifest.PortInfo port)
    {
        long[] shape = [.. port.Shape.Select(axis => axis.Length ?? (axis.Name == ArtifactManifest.BatchAxis ? 1 : 0))];
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
