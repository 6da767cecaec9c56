using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace HoloZero.Graph.Tests;

/// <summary>An exported graph on ONNX Runtime with nothing of ours in between, so that batches can be run.</summary>
internal sealed class RawGraph(string path, ArtifactManifest.SignatureInfo signature) : IDisposable
{
    private readonly InferenceSession _session = new(path);

    public IReadOnlyList<string> Outputs { get; } = [signature.Logits.Name, .. signature.State.Select(state => state.Present.Name)];

    /// <summary>The state before the first call.</summary>
    public OrtValue[] Fresh(int rows) =>
    [
        .. signature.State.Select(state =>
        {
            long[] shape = [.. state.Past.Shape.Select(axis => axis.Length ?? (axis.Name == "batch" ? rows : 0))];
            var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, TypeOf(state.Past), shape);
            value.GetTensorMutableRawData().Clear();
            return value;
        }),
    ];

    /// <summary>Logits and state after a call; the caller disposes them.</summary>
    public OrtValue[] Run(byte[][] prefix, byte[][] stream, OrtValue[] state)
    {
        string[] inputs = [signature.Prefix.Name, signature.Stream.Name, .. signature.State.Select(s => s.Past.Name)];
        using var options = new RunOptions();
        using var prefixValue = Rows(prefix);
        using var streamValue = Rows(stream);
        return [.. _session.Run(options, inputs, [prefixValue, streamValue, .. state], Outputs)];
    }

    /// <summary>The elements of any tensor.</summary>
    public static double[] Widen(OrtValue value) => value.GetTensorTypeAndShape().ElementDataType switch
    {
        TensorElementType.Float => [.. value.GetTensorDataAsSpan<float>().ToArray().Select(v => (double)v)],
        TensorElementType.Int32 => [.. value.GetTensorDataAsSpan<int>().ToArray().Select(v => (double)v)],
        TensorElementType.Int64 => [.. value.GetTensorDataAsSpan<long>().ToArray().Select(v => (double)v)],
        _ => [.. value.GetTensorDataAsSpan<byte>().ToArray().Select(v => (double)v)],
    };

    public void Dispose() => _session.Dispose();

    private static TensorElementType TypeOf(ArtifactManifest.PortInfo port) => port.Type switch
    {
        "float32" => TensorElementType.Float,
        "uint8" => TensorElementType.UInt8,
        "int32" => TensorElementType.Int32,
        _ => TensorElementType.Int64,
    };

    private static OrtValue Rows(byte[][] rows)
    {
        var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, TensorElementType.UInt8,
            [rows.Length, rows[0].Length]);
        rows.SelectMany(row => row).ToArray().CopyTo(value.GetTensorMutableRawData());
        return value;
    }
}
