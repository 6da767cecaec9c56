using HoloZero.Models;
using HoloZero.Models.Training;

namespace HoloZero.Training.Tests;

/// <summary>An engine that computes nothing, says what it is told to say, and remembers what it was given.</summary>
internal sealed class RecordingEngine : ITrainingEngine, ITrainer
{
    private TrainingState? _state;

    public List<(WindowBatch Batch, double LearningRate)> Steps { get; } = [];

    public AsymDecConfig? Config { get; private set; }

    public TrainerOptions? Given { get; private set; }

    public List<int> Parts { get; } = [];

    public long? NanAt { get; init; }

    public Func<long, double> HeldOutBits { get; init; } = _ => 1;

    public Action OnStep { get; init; } = () => { };

    public (long Step, CancellationTokenSource Source)? CancelAt { get; init; }

    public string Name => "recorder";

    private long Done => _state!.Step + Steps.Count;

    public ITrainer Start(AsymDecConfig config, TrainingState state, TrainerOptions options)
    {
        (Config, _state, Given) = (config, state, options);
        return this;
    }

    public StepResult Step(IReadOnlyList<WindowBatch> parts, double learningRate)
    {
        if (Done == NanAt) return new(double.NaN, 1);
        OnStep();
        Steps.Add((parts[0], learningRate));
        Parts.Add(parts.Count);
        if (Done == CancelAt?.Step) CancelAt.Value.Source.Cancel();
        return new(Done, 0.5);
    }

    public double Nats(WindowBatch batch) => batch.Targets.Length * Math.Log(2) * HeldOutBits(Done);

    public IReadOnlyDictionary<string, WeightTensor> Weights() => Filled(Done);

    public TrainingState State() => new(Done, Filled(Done), Filled(Done + 1), Filled(Done + 2));

    public void Dispose()
    {
    }

    private Dictionary<string, WeightTensor> Filled(float value) => AsymDec.ParameterShapes(Config!).ToDictionary(
        entry => entry.Key, entry => new WeightTensor(entry.Key, [.. entry.Value],
            [.. Enumerable.Repeat(value, entry.Value.Aggregate(1, (a, b) => a * b))]));
}
