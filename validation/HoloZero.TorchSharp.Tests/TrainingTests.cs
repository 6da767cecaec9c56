using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Models.Checkpoints;
using HoloZero.Models.Training;
using HoloZero.Testing;
using HoloZero.Training;
using TorchSharp;

namespace HoloZero.TorchSharp.Tests;

/// <summary>Whole runs with autograd, on a tiny network.</summary>
public sealed class TrainingTests : IDisposable
{
    private static readonly AsymDecConfig Network = new(dim: 64, decLayers: 2, heads: 4, slotBytes: 2);

    private static readonly TrainingOptions Options = new()
    {
        Steps = 20,
        BatchSize = 4,
        PrefixSlots = 4,
        StreamBytes = 33,
        LearningRate = 3e-3,
        WarmUp = 5,
        HeldOutWindows = 8,
        EvaluateEvery = 10,
        SaveEvery = 10,
        Seed = 3,
    };

    private static readonly byte[] Text = File.ReadAllBytes(Repository.Golden("demo-heldout.txt"));
    private readonly TemporaryFolder _temporary;
    private readonly List<TrainingFolder> _folders = [];

    public TrainingTests()
    {
        TorchSharpHere.Require();
        _temporary = new();
    }

    public void Dispose()
    {
        Free();
        _temporary.Dispose();
    }

    [Fact]
    public void The_loss_falls_over_200_steps_in_bfloat16_as_in_float32()
    {
        var options = Options with { Steps = 200, EvaluateEvery = 50, SaveEvery = 200, WarmUp = 20 };
        var log = Begin(options, _temporary["run"]).Run();
        var rounded = Begin(options with { Precision = TrainingPrecision.Bfloat16 }, _temporary["rounded"]).Run();
        Assert.Equal(log.Entries[0].HeldOutBitsPerByte, rounded.Entries[0].HeldOutBitsPerByte);
        Assert.NotEqual(log.Entries[^1].HeldOutBitsPerByte, rounded.Entries[^1].HeldOutBitsPerByte);
        Assert.Equal(log.Entries[^1].HeldOutBitsPerByte, rounded.Entries[^1].HeldOutBitsPerByte, 0.03);

        // As many bits as symbols at first; the entropy of the bytes alone is 4.2, so it has learned from what precedes.
        Assert.InRange(log.Entries[0].HeldOutBitsPerByte, 7.8, 8.6);
        Assert.InRange(log.Entries[^1].HeldOutBitsPerByte, 0, 3.6);
        Assert.Equal([0L, 50, 100, 150, 200], log.Entries.Select(entry => entry.Step));
    }

    [Theory]
    [InlineData(TrainingPrecision.Float32, 0)]
    [InlineData(TrainingPrecision.Float32, 0.2)]
    [InlineData(TrainingPrecision.Bfloat16, 0)]
    public void A_run_that_was_stopped_and_resumed_is_the_run_that_was_not_bit_for_bit(TrainingPrecision precision, double dropout)
    {
        // Several threads, too, add in one order alone.
        var options = Options with { Threads = 2, Precision = precision, Dropout = dropout };
        Begin(options, _temporary["whole"]).Run();
        Assert.Equal(2, torch.get_num_threads());
        using (var cancellation = new CancellationTokenSource())
        {
            // Step 7 is neither the end of an entry nor of a save.
            var stop = new StopAt(7, cancellation);
            Assert.Throws<OperationCanceledException>(() => Begin(options, _temporary["parts"]).Run(stop, cancellation.Token));
        }

        Assert.Equal(7, TrainingFolder.Read(_temporary["parts"]).Log.Step);
        TorchSharpRuntime.UseThreads(1);
        Resume(_temporary["parts"]).Run();
        foreach (var file in Directory.GetFiles(_temporary["whole"]).Select(Path.GetFileName))
            Assert.True(File.ReadAllBytes(_temporary["whole", file!]).SequenceEqual(File.ReadAllBytes(_temporary["parts", file!])), file);
        Assert.Equal(7, Directory.GetFiles(_temporary["parts"]).Length);
    }

    [Fact]
    public void The_same_seed_gives_the_same_files_and_another_seed_others()
    {
        foreach (var (folder, seed) in ((string, ulong)[])[("a", 3), ("b", 3), ("c", 4)])
            Begin(Options with { Steps = 3, Seed = seed }, _temporary[folder]).Run();
        Assert.Equal(File.ReadAllBytes(_temporary["a", "model.pt"]), File.ReadAllBytes(_temporary["b", "model.pt"]));
        Assert.NotEqual(File.ReadAllBytes(_temporary["a", "model.pt"]), File.ReadAllBytes(_temporary["c", "model.pt"]));
    }

    [Fact]
    public void What_is_saved_are_checkpoints_with_the_trained_weights()
    {
        Begin(Options with { Steps = 2 }, _temporary["run"]).Run();
        using var pt = Checkpoint.Open(_temporary["run", "model.pt"]);
        using var safetensors = Checkpoint.Open(_temporary["run", "model.safetensors"]);
        var (a, b) = (pt.LoadWeights(AsymDec.ParameterShapes(Network)), safetensors.LoadWeights(AsymDec.ParameterShapes(Network)));
        var begun = FreshWeights.For(Network, Options.Seed);
        Assert.All(a.Values, weight => Assert.Equal(weight.Data, b[weight.Name].Data));
        Assert.All(a.Values, weight => Assert.NotEqual(weight.Data, begun[weight.Name].Data));
    }

    [Fact]
    public void Weights_that_overflow_end_the_run_in_words()
    {
        var state = FreshWeights.For(Network, 0).ToDictionary(entry => entry.Key, entry => entry.Value with
        {
            Data = [.. entry.Value.Data.Select(value => entry.Key == "norm.weight" ? 3e38f : value)],
        });
        var exception = Assert.Throws<UnsoundModelException>(() => Begin(Options, _temporary["run"], state).Run());
        Assert.DoesNotContain('\n', exception.Message);
        Assert.Contains("before anything is learned", exception.Message);
        Free();
        Assert.Empty(Directory.GetFileSystemEntries(_temporary.Path));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.3)]
    public void A_step_in_parts_is_the_step_in_one_but_for_the_order_of_sums(double dropout)
    {
        var options = Options with { Steps = 3, BatchSize = 5, Dropout = dropout };
        Begin(options, _temporary["whole"]).Run();
        Begin(options with { MicroBatch = 2 }, _temporary["parts"]).Run();
        var (whole, parts) = (TrainingFolder.Read(_temporary["whole"]), TrainingFolder.Read(_temporary["parts"]));
        foreach (var (one, other) in whole.Log.Entries.Zip(parts.Log.Entries))
        {
            Assert.Equal(one.HeldOutBitsPerByte, other.HeldOutBitsPerByte, 1e-4);
            Assert.Equal(one.GradientNorm ?? 0, other.GradientNorm ?? 0, 1e-4);
        }

        Assert.All(whole.State.Weights.Values, weight => Assert.All(weight.Data.Zip(parts.State.Weights[weight.Name].Data),
            pair => Assert.Equal(pair.First, pair.Second, 1e-3f)));
        Assert.Contains(whole.State.Weights.Values, weight => !weight.Data.SequenceEqual(parts.State.Weights[weight.Name].Data));
    }

    /// <summary>A network so small, trained so shortly, makes too little of its prefix to tell more; what is told must be right.</summary>
    [Theory]
    [InlineData("causal-continuous-bare", "stream-positions", "stream-origin")]
    [InlineData("bidirectional-restarted-zero", "stream-origin")]
    public void A_probe_finds_what_a_model_was_trained_as(string name, params string[] told)
    {
        var reading = Reading.All.Single(reading => $"{reading}" == name);
        Begin(Options with
        {
            Steps = 300,
            EvaluateEvery = 300,
            SaveEvery = 300,
            BatchSize = 8,
            PrefixSlots = 8,
            LearningRate = 5e-3,
            WarmUp = 20,
            Threads = 1,
            Reading = reading,
        }, _temporary["run"]).Run();
        var run = TrainingFolder.Read(_temporary["run"]);
        var result = Probe.Run(run.Config, run.State.Weights, Text.AsMemory(0, 24_000), new(PrefixSlots: 8, StreamBytes: 33, Stride: 32),
            new TorchSharpEngine());
        Assert.All(result.Answers, answer => Assert.True(answer.IsDecided ? name.Split('-').Contains(answer.Best)
            : !told.Contains(answer.Question), $"{answer}"));
    }

    [Fact]
    public void The_end_of_a_text_can_be_learned()
    {
        var options = Options with { Steps = 60, EndOfText = true, PrefixSlots = 1, StreamBytes = 9, WarmUp = 5, LearningRate = 1e-2 };
        byte[] text = [.. "abcdefghijklmnopqr"u8];
        using var folder = TrainingFolder.Begin(_temporary["run"]);
        var none = new Dictionary<string, WeightTensor>();
        var weights = FreshWeights.For(Network, 0);
        var log = new TrainingLog { Engine = "", Model = new(64, 2, 4, 2, "zero"), BeganWith = "", Options = options, Texts = [] };
        new TrainingRun(new TorchSharpTraining(ComputeDevice.Cpu), new(log, Network, new(0, weights, none, none), weights),
            new TrainingText([text], [text], options, Network.SlotBytes), folder).Run();
        var run = TrainingFolder.Read(_temporary["run"]);
        var logits = new TorchSharpEngine().Logits(run.Config, run.State.Weights, [.. "ij"u8], [.. "klmnopqr"u8], default);
        var last = logits[^AsymDecConfig.Vocabulary..];
        Assert.Equal(AsymDecConfig.EosId, Array.IndexOf(last, last.Max()));
    }

    [Fact]
    public void Training_leaves_no_tensors_behind()
    {
        var before = torch.Tensor.TotalCount;
        Begin(Options with { Steps = 3, MicroBatch = 3 }, _temporary["run"]).Run();
        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    /// <summary>A run whose folder is let go of with the test.</summary>
    private TrainingRun Begin(TrainingOptions options, string folder, IReadOnlyDictionary<string, WeightTensor>? weights = null)
    {
        var none = new Dictionary<string, WeightTensor>();
        var log = new TrainingLog
        {
            Engine = "",
            Model = new(Network.Dim, Network.DecLayers, Network.Heads, Network.SlotBytes, "zero"),
            BeganWith = "test",
            Options = options,
            Texts = [],
        };
        weights ??= FreshWeights.For(Network, options.Seed);
        _folders.Add(TrainingFolder.Begin(folder));
        return new(new TorchSharpTraining(ComputeDevice.Cpu), new(log, Network, new(0, weights, none, none), weights),
            new TrainingText([Text], [], options, Network.SlotBytes), _folders[^1]);
    }

    private TrainingRun Resume(string folder)
    {
        Free();
        _folders.Add(TrainingFolder.Open(folder));
        var run = TrainingFolder.Read(folder);
        return new(new TorchSharpTraining(ComputeDevice.Cpu), run,
            new TrainingText([Text], [], run.Log.Options, run.Config.SlotBytes), _folders[^1]);
    }

    private void Free()
    {
        foreach (var folder in _folders) folder.Dispose();
        _folders.Clear();
    }

    private sealed class StopAt(long step, CancellationTokenSource cancellation) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Step == step) cancellation.Cancel();
        }
    }
}
