using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Models.Training;
using HoloZero.Testing;

namespace HoloZero.Training.Tests;

/// <summary>The loop and the folder, with a trainer that writes down what it is asked instead of learning.</summary>
public sealed class TrainingRunTests : IDisposable
{
    private static readonly AsymDecConfig Network = new(dim: 64, decLayers: 1, heads: 4, slotBytes: 2);

    private static readonly TrainingOptions Options = new()
    {
        Steps = 10,
        BatchSize = 2,
        PrefixSlots = 2,
        StreamBytes = 9,
        WarmUp = 2,
        EvaluateEvery = 4,
        SaveEvery = 5,
        HeldOutWindows = 3,
        HeldOutShare = 0.5,
        Threads = 3,
        PrefixAttention = PrefixAttention.Bidirectional,
    };

    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void Every_step_has_its_windows_and_learning_rate_and_the_log_tells_it()
    {
        var engine = new Recorder();
        var log = Begin(engine, Options).Run();
        Assert.Equal(Enumerable.Range(0, 10).Select(step => Options.LearningRateAt(step)), engine.Steps.Select(step => step.LearningRate));
        var text = Text(Options);
        Assert.All(engine.Steps.Index(), step =>
            Assert.Equal(text.Batch(Options, Network.SlotBytes, step.Index).Stream, step.Item.Batch.Stream));
        Assert.Equal((PrefixAttention.Bidirectional, 3), (engine.Config!.PrefixAttention, engine.Threads));

        // The recorder's loss is the step's number in nats, and ln 2 a byte on held-out text.
        Assert.Equal([0L, 4, 8, 10], log.Entries.Select(entry => entry.Step));
        Assert.Equal([null, 2.5, 6.5, 9.5], log.Entries.Select(entry => entry.BitsPerByte * Math.Log(2)).Select(Rounded));
        Assert.All(log.Entries, entry => Assert.Equal(1, entry.HeldOutBitsPerByte, 1e-12));
        Assert.Equal([null, 0.5, 0.5, 0.5], log.Entries.Select(entry => entry.GradientNorm));

        static double? Rounded(double? value) => value is { } number ? Math.Round(number, 9) : null;
    }

    [Fact]
    public void What_was_saved_is_read_back_whole()
    {
        Begin(new(), Options).Run();
        var (log, config, state) = TrainingFolder.Read(_temporary["run"]);
        Assert.Equal((10, Network with { PrefixAttention = PrefixAttention.Bidirectional }), (log.Step, config));
        Assert.Equal(Options, log.Options);
        Assert.Equal("recorder", log.Engine);
        Assert.All(state.Weights.Keys, name => Assert.Equal(
            (10f, 11f, 12f), (state.Weights[name].Data[0], state.FirstMoments[name].Data[0], state.SecondMoments[name].Data[0])));
        Assert.Equal(File.ReadAllText(_temporary["run", TrainingLog.FileName]), log.ToJson());
        Assert.Single(Directory.GetFileSystemEntries(_temporary.Path));
    }

    [Fact]
    public void A_cancelled_run_is_saved_where_it_is_and_goes_on_there()
    {
        using var cancellation = new CancellationTokenSource();
        var stopped = Begin(new() { CancelAt = (3, cancellation) }, Options);
        Assert.Throws<OperationCanceledException>(() => stopped.Run(null, cancellation.Token));
        var (log, config, state) = TrainingFolder.Read(_temporary["run"]);
        Assert.Equal(3, log.Step);

        var engine = new Recorder();
        var resumed = new TrainingRun(engine, config, state, log, Text(Options), _temporary["run"]).Run();
        Assert.Equal((7, 3), (engine.Steps.Count, engine.Threads));
        Assert.Equal(Begin(new(), Options, "whole").Run().ToJson(), resumed.ToJson());
    }

    [Fact]
    public void A_loss_that_is_not_finite_ends_the_run_and_leaves_the_last_folder()
    {
        var exception = Assert.Throws<UnsoundModelException>(() => Begin(new() { NanAt = 7 }, Options).Run());
        Assert.Contains("the loss is NaN", exception.Message);
        Assert.Contains("at step 8", exception.Message);
        Assert.Contains("holds step 5", exception.Message);
        Assert.DoesNotContain('\n', exception.Message);
        Assert.Equal(5, TrainingFolder.Read(_temporary["run"]).Log.Step);
    }

    [Fact]
    public void A_folder_of_something_else_is_left_alone()
    {
        Directory.CreateDirectory(_temporary["run"]);
        File.WriteAllText(_temporary["run", "mine"], "mine");
        Assert.Throws<BadInputException>(() => TrainingFolder.RequireWritable(_temporary["run"]));
        Assert.Throws<BadInputException>(() => Begin(new(), Options).Run());
        Assert.Equal("mine", File.ReadAllText(_temporary["run", "mine"]));
    }

    [Theory]
    [InlineData("{", "not a sound training log")]
    [InlineData("{}", "not a sound training log")]
    [InlineData("null", "its format is not")]
    public void A_damaged_log_is_refused_in_one_line(string json, string problem) => RequireRefusal(() =>
        File.WriteAllText(_temporary["run", TrainingLog.FileName], json), problem);

    [Fact]
    public void A_log_of_another_version_or_out_of_range_is_refused()
    {
        RequireRefusal(() => Edit("\"format_version\": 1", "\"format_version\": 2"), "format version is 2");
        RequireRefusal(() => Edit("\"step\": 10", "\"step\": 11"), "step 11 is not within 0 to 10");
        RequireRefusal(() => Edit("\"batch_size\": 2", "\"batch_size\": 0"), "batch: 0");

        void Edit(string what, string by)
        {
            var text = File.ReadAllText(_temporary["run", TrainingLog.FileName]);
            var at = text.IndexOf(what + ",", StringComparison.Ordinal);
            Assert.True(at > 0);
            File.WriteAllText(_temporary["run", TrainingLog.FileName], text[..at] + by + text[(at + what.Length)..]);
        }
    }

    [Fact]
    public void Moments_of_another_network_are_refused() => RequireRefusal(() =>
        new SafetensorsWriter().Write(_temporary["run", "optimizer.safetensors"]), "it has no exp_avg.");

    private void RequireRefusal(Action damage, string problem)
    {
        if (Directory.Exists(_temporary["run"])) Directory.Delete(_temporary["run"], recursive: true);
        Begin(new(), Options).Run();
        damage();
        var exception = Assert.Throws<BadInputException>(() => TrainingFolder.Read(_temporary["run"]));
        Assert.Contains(problem, exception.Message);
        Assert.DoesNotContain('\n', exception.Message);
    }

    private TrainingRun Begin(Recorder engine, TrainingOptions options, string folder = "run")
    {
        var none = new Dictionary<string, WeightTensor>();
        var log = new TrainingLog
        {
            Engine = "",
            Model = new(Network.Dim, Network.DecLayers, Network.Heads, Network.SlotBytes, "zero"),
            BeganWith = "nothing",
            Options = options,
            Texts = [],
        };
        return new(engine, Network, new(0, FreshWeights.For(Network, 0), none, none), log, Text(options), _temporary[folder]);
    }

    private static TrainingText Text(TrainingOptions options) =>
        new([.. Enumerable.Range(0, 100).Select(i => (byte)i)], null, options, Network.SlotBytes);

    private sealed class Recorder : ITrainingEngine, ITrainer
    {
        private TrainingState? _state;

        public List<(WindowBatch Batch, double LearningRate)> Steps { get; } = [];

        public AsymDecConfig? Config { get; private set; }

        public int? Threads { get; private set; }

        public long? NanAt { get; init; }

        public (long Step, CancellationTokenSource Source)? CancelAt { get; init; }

        public string Name => "recorder";

        private long Done => _state!.Step + Steps.Count;

        public ITrainer Start(AsymDecConfig config, TrainingState state, OptimizerOptions optimizer, int? threads)
        {
            (Config, _state, Threads) = (config, state, threads);
            return this;
        }

        public StepResult Step(WindowBatch batch, double learningRate)
        {
            if (Done == NanAt) return new(double.NaN, 1);
            Steps.Add((batch, learningRate));
            if (Done == CancelAt?.Step) CancelAt.Value.Source.Cancel();
            return new(Done, 0.5);
        }

        public double Nats(WindowBatch batch) => batch.Targets.Length * Math.Log(2);

        public TrainingState State() => new(Done, Filled(Done), Filled(Done + 1), Filled(Done + 2));

        public void Dispose()
        {
        }

        private static Dictionary<string, WeightTensor> Filled(float value) => AsymDec.ParameterShapes(Network).ToDictionary(
            entry => entry.Key, entry => new WeightTensor(entry.Key, [.. entry.Value],
                [.. Enumerable.Repeat(value, entry.Value.Aggregate(1, (a, b) => a * b))]));
    }
}
