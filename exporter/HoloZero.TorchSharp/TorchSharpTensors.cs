using HoloZero.Models;
using static TorchSharp.torch;

namespace HoloZero.TorchSharp;

/// <summary>Tensors to host arrays, whatever device and layout they have.</summary>
internal static class TorchSharpTensors
{
    public static WeightTensor ToWeight(string name, Tensor x) =>
        new(name, [.. x.shape.Select(length => (int)length)], Read<float>(x, ScalarType.Float32));

    public static long[] ToLongs(Tensor x) => Read<long>(x, ScalarType.Int64);

    public static double[] ToDoubles(Tensor x) => Read<double>(x, ScalarType.Float64);

    private static T[] Read<T>(Tensor x, ScalarType type) where T : unmanaged
    {
        // TorchSharp cannot read an empty tensor.
        if (x.numel() == 0) return [];
        using var scope = NewDisposeScope();
        using var untracked = no_grad();
        return x.detach().to_type(type).cpu().contiguous().data<T>().ToArray();
    }
}
