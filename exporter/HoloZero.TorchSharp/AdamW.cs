using HoloZero.Models.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace HoloZero.TorchSharp;

/// <summary>
/// AdamW with the gradients clipped, as PyTorch defines them, with its state in the open, to be saved and resumed bit for bit. Owns the
/// moments, not the parameters: dispose it. Not thread-safe.
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
        var squares = gradients.Select(gradient => gradient.mul(gradient).sum()).Aggregate((a, b) => a.add(b, Scalars.One));
        var norm = squares.sqrt().cpu().item<float>();
        if (!float.IsFinite(norm)) return norm;

        Steps++;
        using var clip = Math.Min(1, _options.ClipNorm / (norm + 1e-6)).ToScalar();
        using var step = new StepScalars(_options, Steps, learningRate);
        for (var i = 0; i < _parameters.Length; i++) Update(i, gradients[i].mul(clip), step);
        return norm;
    }

    /// <summary>Frees the moments.</summary>
    public void Dispose()
    {
        foreach (var moment in First.Concat(Second)) moment.Dispose();
    }

    private void Update(int i, Tensor gradient, StepScalars step)
    {
        var (parameter, decays) = _parameters[i];
        if (decays) parameter.mul_(step.Kept);
        First[i].mul_(step.Beta1).add_(gradient, step.OneLessBeta1);
        Second[i].mul_(step.Beta2).addcmul_(gradient, gradient, step.OneLessBeta2);
        var deviation = Second[i].sqrt().div_(step.SecondBias).add_(step.Epsilon, Scalars.One);
        parameter.addcdiv_(First[i], deviation, step.Move);
    }

    private static Tensor Moment(Tensor parameter, float[]? saved)
    {
        using var scope = NewDisposeScope();
        return scope.Detach(saved is null ? zeros(parameter.shape, ScalarType.Float32, parameter.device)
            : tensor(saved, parameter.shape, ScalarType.Float32, parameter.device));
    }

    /// <summary>The numbers of one step, as TorchSharp takes them.</summary>
    private sealed class StepScalars(OptimizerOptions options, long steps, double learningRate) : IDisposable
    {
        public Scalar Kept { get; } = (1 - learningRate * options.WeightDecay).ToScalar();

        public Scalar Beta1 { get; } = options.Beta1.ToScalar();

        public Scalar OneLessBeta1 { get; } = (1 - options.Beta1).ToScalar();

        public Scalar Beta2 { get; } = options.Beta2.ToScalar();

        public Scalar OneLessBeta2 { get; } = (1 - options.Beta2).ToScalar();

        public Scalar SecondBias { get; } = Math.Sqrt(1 - Math.Pow(options.Beta2, steps)).ToScalar();

        public Scalar Epsilon { get; } = options.Epsilon.ToScalar();

        public Scalar Move { get; } = (-learningRate / (1 - Math.Pow(options.Beta1, steps))).ToScalar();

        public void Dispose()
        {
            foreach (var scalar in (Scalar[])[Kept, Beta1, OneLessBeta1, Beta2, OneLessBeta2, SecondBias, Epsilon, Move]) scalar.Dispose();
        }
    }
}
