using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Models.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace HoloZero.TorchSharp;

/// <summary>
/// Training with TorchSharp's autograd, in float32 or with products in bfloat16 on either device. Thread-safe; what it starts is not.
/// </summary>
public sealed class TorchSharpTraining : ITrainingEngine
{
    private readonly ComputeDevice _device;

    /// <summary>An engine.</summary>
    /// <param name="device">What computes.</param>
    /// <exception cref="MissingCapabilityException">The device or the native library is not there.</exception>
    public TorchSharpTraining(ComputeDevice device)
    {
        TorchSharpRuntime.Open(device);
        _device = device;
    }

    /// <inheritdoc/>
    public string Name => $"{TorchSharpRuntime.Version} on {(_device == ComputeDevice.Cuda ? "CUDA" : "CPU")}";

    /// <inheritdoc/>
    public ITrainer Start(AsymDecConfig config, TrainingState state, TrainerOptions options)
    {
        if (options.Threads is { } count) TorchSharpRuntime.UseThreads(count);
        return new Trainer(new(config, state.Weights, new() { Device = _device, RequiresGrad = true }), state, options);
    }

    private sealed class Trainer : ITrainer
    {
        private readonly TorchSharpModel _model;
        private readonly AdamW _optimizer;
        private readonly string[] _names;
        private readonly Tensor[] _parameters;
        private readonly ScalarType _products;
        private readonly IDropout? _dropout;

        public Trainer(TorchSharpModel model, TrainingState state, TrainerOptions options)
        {
            (_model, _dropout) = (model, options.Dropout);
            _products = options.Precision == TrainingPrecision.Bfloat16 ? ScalarType.BFloat16 : ScalarType.Float32;
            _names = [.. model.StateDict.Keys.Order(StringComparer.Ordinal)];
            _parameters = [.. _names.Select(name => model.StateDict[name])];
            _optimizer = new(options.Optimizer, state.Step, _names.Select((name, i) => (_parameters[i],
                OptimizerOptions.Decays(state.Weights[name]), state.FirstMoments.GetValueOrDefault(name)?.Data,
                state.SecondMoments.GetValueOrDefault(name)?.Data)));
        }

        public StepResult Step(IReadOnlyList<WindowBatch> parts, double learningRate)
        {
            using var scope = NewDisposeScope();
            var targets = (double)parts.Sum(part => part.Targets.LongLength);
            var (value, gradients) = Gradients(parts[0], 0, parts[0].Targets.Length / targets);
            var done = parts[0].Rows;
            foreach (var part in parts.Skip(1))
            {
                using var inner = NewDisposeScope();
                var (more, added) = Gradients(part, done, part.Targets.Length / targets);
                value += more;
                done += part.Rows;
                foreach (var (sum, gradient) in gradients.Zip(added)) sum.add_(gradient, Scalars.One);
            }

            return new(value, double.IsFinite(value) ? _optimizer.Step(gradients, learningRate) : double.NaN);
        }

        /// <summary>
        /// The loss of a part, which begins with the step's row <paramref name="first"/>, and its gradients, both times the share of the
        /// step's targets that it has.
        /// </summary>
        private (double Loss, IList<Tensor> Gradients) Gradients(WindowBatch part, int first, double share)
        {
            using var scope = NewDisposeScope();
            var loss = Nats(part, _products, _dropout is null ? null : Dropping(_dropout, part.Rows, first)).mean();
            using var weight = share.ToScalar();
            var weighed = share == 1 ? loss : loss.mul(weight);
            var gradients = autograd.grad([weighed], _parameters);
            foreach (var gradient in gradients) gradient.MoveToOuterDisposeScope();
            return (weighed.cpu().item<float>(), gradients);
        }

        double ITrainer.Nats(WindowBatch batch)
        {
            using var scope = NewDisposeScope();
            using var untracked = no_grad();
            return Nats(batch, ScalarType.Float32).to_type(ScalarType.Float64).sum().cpu().item<double>();
        }

        public IReadOnlyDictionary<string, WeightTensor> Weights() => _model.Weights();

        public TrainingState State() => new(_optimizer.Steps, _model.Weights(), Moments(_optimizer.First), Moments(_optimizer.Second));

        public void Dispose()
        {
            _model.Dispose();
            _optimizer.Dispose();
        }

        /// <summary>Drops elements of rows from <paramref name="first"/> on, one place with each call.</summary>
        private Func<Tensor, Tensor> Dropping(IDropout dropout, int rows, int first)
        {
            var (step, place) = (_optimizer.Steps, 0);
            return x =>
            {
                var factors = new float[x.numel()];
                var length = factors.Length / rows;
                for (var i = 0; i < rows; i++) dropout.Fill(step, first + i, place, factors.AsSpan(i * length, length));
                place++;
                return x.mul(tensor(factors, x.shape, ScalarType.Float32, x.device));
            };
        }

        /// <summary>-ln of the probability given to each target, [B, L, 1].</summary>
        private Tensor Nats(WindowBatch batch, ScalarType products, Func<Tensor, Tensor>? dropout = null)
        {
            var logits = _model.Forward(_model.Bytes(batch.Prefix, batch.Rows), _model.Bytes(batch.Stream, batch.Rows), products, dropout)
                .Logits;
            var targets = tensor(batch.Targets, [batch.Rows, batch.Targets.Length / batch.Rows], ScalarType.Int64, logits.device);
            return logits.log_softmax(-1).gather(-1, targets.unsqueeze(-1)).neg();
        }

        private Dictionary<string, WeightTensor> Moments(IReadOnlyList<Tensor> moments) => _names.Zip(moments).ToDictionary(
            entry => entry.First,
            entry => TorchSharpTensors.ToWeight(entry.First, entry.Second));
    }
}
