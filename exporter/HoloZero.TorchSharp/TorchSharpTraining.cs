using HoloZero.Models;
using HoloZero.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace HoloZero.TorchSharp;

/// <summary>Training with TorchSharp's autograd, in float32. Thread-safe; what it starts is not.</summary>
/// <param name="device">Where.</param>
public sealed class TorchSharpTraining(ComputeDevice device) : ITrainingEngine
{
    /// <inheritdoc/>
    public string Name => $"{TorchSharpRuntime.Version} float32 on {(device == ComputeDevice.Cuda ? "CUDA" : "CPU")}";

    /// <inheritdoc/>
    public ITrainer Start(AsymDecConfig config, TrainingState state, OptimizerOptions optimizer) =>
        new Trainer(new(config, state.Weights, new() { Device = device, RequiresGrad = true }), state, optimizer);

    /// <summary>AdamW as PyTorch defines it, with its state in the open: what TorchSharp saves of its own changes between versions.</summary>
    private sealed class Trainer : ITrainer
    {
        private readonly TorchSharpModel _model;
        private readonly OptimizerOptions _options;
        private readonly List<Slot> _slots = [];
        private long _step;

        public Trainer(TorchSharpModel model, TrainingState state, OptimizerOptions options)
        {
            (_model, _options, _step) = (model, options, state.Step);
            foreach (var (name, parameter) in model.StateDict.OrderBy(entry => entry.Key, StringComparer.Ordinal))
            {
                _slots.Add(new(name, parameter, OptimizerOptions.Decays(state.Weights[name]),
                    Moment(parameter, state.FirstMoments.GetValueOrDefault(name)),
                    Moment(parameter, state.SecondMoments.GetValueOrDefault(name))));
            }
        }

        public StepResult Step(WindowBatch batch, double learningRate)
        {
            using var scope = NewDisposeScope();
            var loss = Nats(batch, mean: true);
            var gradients = autograd.grad([loss], [.. _slots.Select(slot => slot.Parameter)]);
            using var untracked = no_grad();
            var squares = gradients.Select(gradient => (gradient * gradient).sum()).Aggregate((a, b) => a + b);
            var result = new StepResult(loss.cpu().item<float>(), Math.Sqrt(squares.cpu().item<float>()));
            if (!double.IsFinite(result.Loss) || !double.IsFinite(result.GradientNorm)) return result;

            _step++;
            var clip = Math.Min(1, _options.ClipNorm / (result.GradientNorm + 1e-6));
            for (var i = 0; i < _slots.Count; i++) Update(_slots[i], gradients[i] * clip, learningRate);
            return result;
        }

        public double Nats(WindowBatch batch)
        {
            using var scope = NewDisposeScope();
            using var untracked = no_grad();
            return Nats(batch, mean: false).to_type(ScalarType.Float64).cpu().item<double>();
        }

        public TrainingState State() => new(_step, _model.Weights(), Moments(slot => slot.First), Moments(slot => slot.Second));

        public void Dispose()
        {
            _model.Dispose();
            foreach (var slot in _slots)
            {
                slot.First.Dispose();
                slot.Second.Dispose();
            }
        }

        private Tensor Nats(WindowBatch batch, bool mean)
        {
            var logits = _model.Forward(_model.Bytes(batch.Prefix, batch.Rows), _model.Bytes(batch.Stream, batch.Rows)).Logits;
            var targets = _model.Bytes(batch.Targets, batch.Rows).to_type(ScalarType.Int64).unsqueeze(-1);
            var nats = -logits.log_softmax(-1).gather(-1, targets);                              // [B, L, 1]
            return mean ? nats.mean() : nats.to_type(ScalarType.Float64).sum();
        }

        private void Update(Slot slot, Tensor gradient, double learningRate)
        {
            var (beta1, beta2) = (_options.Beta1, _options.Beta2);
            if (slot.Decays) slot.Parameter.mul_(1 - learningRate * _options.WeightDecay);
            slot.First.mul_(beta1).add_(gradient * (1 - beta1));
            slot.Second.mul_(beta2).add_(gradient * gradient * (1 - beta2));
            var deviation = slot.Second.sqrt() / Math.Sqrt(1 - Math.Pow(beta2, _step)) + _options.Epsilon;
            slot.Parameter.sub_(slot.First / deviation * (learningRate / (1 - Math.Pow(beta1, _step))));
        }

        private static Tensor Moment(Tensor parameter, WeightTensor? saved)
        {
            using var scope = NewDisposeScope();
            return scope.Detach(saved is null ? zeros(parameter.shape, ScalarType.Float32, parameter.device)
                : tensor(saved.Data, parameter.shape, ScalarType.Float32, parameter.device));
        }

        private Dictionary<string, WeightTensor> Moments(Func<Slot, Tensor> moment) => _slots.ToDictionary(slot => slot.Name,
            slot => new WeightTensor(slot.Name, [.. slot.Parameter.shape.Select(length => (int)length)],
                TorchSharpTensors.ToFloats(moment(slot))));

        private sealed record Slot(string Name, Tensor Parameter, bool Decays, Tensor First, Tensor Second);
    }
}
