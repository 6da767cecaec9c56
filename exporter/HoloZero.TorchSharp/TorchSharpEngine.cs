using HoloZero.Artifacts;
using HoloZero.Models;
using static TorchSharp.torch;

namespace HoloZero.TorchSharp;

/// <summary>TorchSharp as an engine. Keeps the last model; dispose it. Not thread-safe.</summary>
public sealed class TorchSharpEngine : IReferenceEngine, IDisposable
{
    private readonly TorchSharpOptions _options;
    private (IReadOnlyDictionary<string, WeightTensor> Weights, TorchSharpModel Model)? _last;

    /// <summary>An engine.</summary>
    /// <param name="options">How to compute; null is the default.</param>
    /// <exception cref="MissingCapabilityException">The device or the native library is not there.</exception>
    public TorchSharpEngine(TorchSharpOptions? options = null)
    {
        _options = options ?? new();
        TorchSharpRuntime.Open(_options.Device);
    }

    /// <inheritdoc/>
    public string Name => $"{TorchSharpRuntime.Version} {(_options.DoublePrecision ? "float64" : "float32")} "
        + $"on {(_options.Device == ComputeDevice.Cuda ? "CUDA" : "CPU")}";

    /// <inheritdoc/>
    public double[] Logits(AsymDecConfig config, IReadOnlyDictionary<string, WeightTensor> weights, byte[] prefix, byte[] stream,
        CancellationToken cancellation)
    {
        if (_last?.Weights != weights || _last?.Model.Config != config)
        {
            _last?.Model.Dispose();
            _last = null;
            _last = (weights, new(config, weights, _options));
        }

        using var scope = NewDisposeScope();
        using var untracked = no_grad();
        var model = _last!.Value.Model;
        return TorchSharpTensors.ToDoubles(model.Forward(model.Bytes(prefix), model.Bytes(config.Stream(stream)),
            cancellation: cancellation).Logits);
    }

    /// <summary>Frees the last model.</summary>
    public void Dispose() => _last?.Model.Dispose();
}
