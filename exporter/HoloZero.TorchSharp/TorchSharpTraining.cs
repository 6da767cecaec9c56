using HoloZero.Models;
using HoloZero.Training;
using static TorchSharp.torch;

namespace HoloZero.TorchSharp;

/// <summary>Training with TorchSharp's autograd, in float32. Thread-safe; what it starts is not.</summary>
/// <param name="device">What computes.</param>
public sealed class TorchSharpTraining(ComputeDevice device) : ITrainingEngine
{
    /// <inheritdoc/>
    public string Name => $"{TorchSharpRuntime.Version} float32 on {(device == ComputeDevice.Cuda ? "CUDA" : "CPU")}";

    /// <inheritdoc/>
    public ITrainer Start(AsymDecConfig config, TrainingState state, OptimizerOptions optimizer) =>
        new Trainer(new(config, state.Weights, new() { Device = device, RequiresGrad = true }), state, optimizer);

    private sealed class Trainer : ITrainer
    {
        private readonly TorchSharpModel _model;
        private readonly AdamW _optimizer;
        private readonly string[] _names;
        private readonly Tensor[] _parameters;

        public Trainer(TorchSharpModel model, TrainingState state, OptimizerOptions options)
        {
            _model = model;
            _names = [.. model.StateDict.Keys.Order(StringComparer.Ordinal)];
            _parameters = [.. _names.Select(name => model.StateDict[name])];
            _optimizer = new(options, state.Step, _names.Select((name, i) => (_parameters[i],
                OptimizerOptions.Decays(state.Weights[name]), state.FirstMoments.GetValueOrDefault(name)?.Data,
                state.SecondMoments.GetValueOrDefault(name)?.Data)));
        }

        public StepResult Step(WindowBatch batch, double learningRate)
        {
            using var scope = NewDisposeScope();
            var loss = Nats(batch).mean();
            var gradients = autograd.grad([loss], _parameters);
            var value = loss.cpu().item<float>();
            return new(value, float.IsFinite(value) ? _optimizer.Step(gradients, learningRate) : double.NaN);
        }

        double ITrainer.Nats(WindowBatch batch)
        {
            using var scope = NewDisposeScope();
            using var untracked = no_grad();
            return Nats(batch).to_type(ScalarType.Float64).sum().cpu().item<double>();
        }

        public TrainingState State() => new(_optimizer.Steps, _model.Weights(), Moments(_optimizer.First), Moments(_optimizer.Second));

        public void Dispose()
        {
            _model.Dispose();
            _optimizer.Dispose();
        }

        /// <summary>-ln of the probability given to each target, [B, L, 1].</summary>
        private Tensor Nats(WindowBatch batch)
        {
            var logits = _model.Forward(_model.Bytes(batch.Prefix, batch.Rows), _model.Bytes(batch.Stream, batch.Rows)).Logits;
            var targets = _model.Bytes(batch.Targets, batch.Rows).to_type(ScalarType.Int64).unsqueeze(-1);
            return -logits.log_softmax(-1).gather(-1, targets);
        }

        private Dictionary<string, WeightTensor> Moments(IReadOnlyList<Tensor> moments) => _names.Zip(moments).ToDictionary(
            entry => entry.First,
            entry => TorchSharpTensors.ToWeight(entry.First, entry.Second));
    }
}
