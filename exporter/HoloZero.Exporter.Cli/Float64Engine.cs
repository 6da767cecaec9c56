using HoloZero.Models;
using HoloZero.Reference;

namespace HoloZero.Exporter.Cli;

/// <summary>The float64 reference as the engine that computes an artifact's self-check.</summary>
internal sealed class Float64Engine : IReferenceEngine
{
    private (IReadOnlyDictionary<string, WeightTensor> Weights, ReferenceModel Model)? _last;

    public string Name => "HoloZero.Reference float64";

    public double[] Logits(AsymDecConfig config, IReadOnlyDictionary<string, WeightTensor> weights, byte[] prefix, byte[] stream)
    {
        if (_last?.Weights != weights || _last?.Model.Config != config) _last = (weights, new(config, weights));
        return _last!.Value.Model.Forward(prefix, stream).Logits.Data;
    }
}
