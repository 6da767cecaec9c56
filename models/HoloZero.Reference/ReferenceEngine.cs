using HoloZero.Models;

namespace HoloZero.Reference;

/// <summary>The float64 reference as an engine. Keeps the last weights widened; not thread-safe.</summary>
public sealed class ReferenceEngine : IReferenceEngine
{
    private (IReadOnlyDictionary<string, WeightTensor> Weights, ReferenceModel Model)? _last;

    /// <inheritdoc/>
    public string Name => "HoloZero.Reference float64";

    /// <inheritdoc/>
    public double[] Logits(AsymDecConfig config, IReadOnlyDictionary<string, WeightTensor> weights, byte[] prefix, byte[] stream,
        CancellationToken cancellation)
    {
        if (_last?.Weights != weights || _last?.Model.Config != config) _last = (weights, new(config, weights));
        return _last!.Value.Model.Forward(prefix, config.Stream(stream), cancellation: cancellation).Logits.Data;
    }
}
