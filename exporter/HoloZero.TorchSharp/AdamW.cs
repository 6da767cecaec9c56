using HoloZero.Training;
using static TorchSharp.torch;

namespace HoloZero.TorchSharp;

/// <summary>
/// AdamW with the gradients clipped, as PyTorch defines them, with its state in the open: what TorchSharp's own saves changes between
/// versions. Owns the moments, not the parameters: dispose it. Not thread-safe.
/// </summary>
internal sealed class AdamW : IDisposable
{
    private readonly OptimizerOptions _options;
    private readonly (Tensor Parameter, bool Decays)[] _parameters;

    /// <summary>Goes on after <paramref name="steps"/> steps.</summary>
    /// <param name="options">Its numbers.</param>
    /// <param name="steps">Steps done.</param>
    /// <param name="parameters">Each parameter, whether it decays, and its moments, row-major; null are zeros.</param>
    public AdamW(OptimizerOptions options, long steps,
        IEnumerable<(Tensor Parameter, bool Decays, float[]? First, float[]? Second)> parameters)
    {
        (_options, Steps) = (options, steps);
        var all = parameters.ToArray();
        _parameters = [.. all.Select(entry => (entry.Parameter, entry.Decays))];
        First = [.. all.Select(entry => Moment(entry.Parameter, entry.First))];
        Second = [.. all.Select(entry => Moment(entry.Parameter, entry.Second))];
    }

    /// <summary>Steps done.</summary>
    public long Steps { get; private set; }

    /// <summary>Running means of the gradients, in the order of the parameters.</summary>
    public IReadOnlyList<Tensor> First { get; }

    /// <summary>Running means of the squared gradients, in the order of the parameters.</summary>
    public IReadOnlyList<Tensor> Second { get; }

    /// <summary>One step.</summary>
    /// <param name="gradients">In the order of the parameters.</param>
    /// <param name="learningRate">Of this step.</param>
    /// <returns>The norm of all gradients together before clipping; where it is not finite, nothing was changed.</returns>
    public double Step(IList<Tensor> gradients, double learningRate)
    {
        using var scope = NewDisposeScope();
        using var untracked = no_grad();
        var norm = gradients.Select(gradient => (gradient * gradient).sum()).Aggregate((a, b) => a + b).sqrt().cpu().item<float>();
        if (!float.IsFinite(norm)) return norm;

        Steps++;
        var clip = Math.Min(1, _options.ClipNorm / (norm + 1e-6));
        for (var i = 0; i < _parameters.Length; i++) Update(i, gradients[i] * clip, learningRate);
        return norm;
    }

    /// <summary>Frees the moments.</summary>
    public void Dispose()
    {
        foreach (var moment in First.Concat(Second)) moment.Dispose();
    }

    private void Update(int i, Tensor gradient, double learningRate)
    {
        var (parameter, decays) = _parameters[i];
        if (decays) parameter.mul_(1 - learningRate * _options.WeightDecay);
        First[i].mul_(_options.Beta1).add_(gradient * (1 - _options.Beta1));
        Second[i].mul_(_options.Beta2).add_(gradient * gradient * (1 - _options.Beta2));
        var deviation = Second[i].sqrt() / Math.Sqrt(1 - Math.Pow(_options.Beta2, Steps)) + _options.Epsilon;
        parameter.sub_(First[i] / deviation * (learningRate / (1 - Math.Pow(_options.Beta1, Steps))));
    }

    private static Tensor Moment(Tensor parameter, float[]? saved)
    {
        using var scope = NewDisposeScope();
        return scope.Detach(saved is null ? zeros(parameter.shape, ScalarType.Float32, parameter.device)
            : tensor(saved, parameter.shape, ScalarType.Float32, parameter.device));
    }
}
