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
        Reading = new(PrefixAttention.Bidirectional),
    };

    private readonly TemporaryFolder _temporary = new();
    private readonly List<TrainingFolder> _folders = [];

    public void Dispose()
    {
        foreach (var folder in _folders) folder.Dispose();
        _temporary.Dispose();
    }

    [Fact]
    public void Every_step_has_its_windows_and_learning_rate_and_the_log_tells_it()
    {
        var engine = new RecordingEngine();
        var log = Begin(engine, Options).Run();
        Assert.Equal(Enumerable.Range(0, 10).Select(step => Options.LearningRateAt(step)), engine.Steps.Select(step => step.LearningRate));
        var text = Text(Options);
        Assert.All(engine.Steps.Index(), step =>
            Assert.Equal(text.Batch(Options, Network.SlotBytes, step.Index).Stream, step.Item.Batch.Stream));
        Assert.Equal((PrefixAttention.Bidirectional, 3), (engine.Config!.PrefixAttention, engine.Given!.Threads));

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
        var written = Begin(new(), Options).Run();
        var (log, config, state, best) = TrainingFolder.Read(_temporary["run"]);
        Assert.Equal((10, Network with { PrefixAttention = PrefixAttention.Bidirectional }), (log.Step, config));
        Assert.Equal(Options, log.Options);
        Assert.Equal("recorder", log.Engine);
        Assert.All(state.Weights.Keys, name => Assert.Equal(
            (10f, 11f, 12f), (state.Weights[name].Data[0], state.FirstMoments[name].Data[0], state.SecondMoments[name].Data[0])));
        // All entries are equally good: the first is the best.
        Assert.All(best.Values, weight => Assert.Equal(Fresh[weight.Name].Data, weight.Data));
        Assert.Equal(File.ReadAllText(_temporary["run", TrainingLog.FileName]), log.ToJson());
        Assert.Equal(written.ToJson(), log.ToJson());
        Free();
        Assert.Equal([_temporary["run"]], Directory.GetFileSystemEntries(_temporary.Path));
    }

    [Fact]
    public void The_weights_that_predict_held_out_text_best_are_kept()
    {
        // 8, 5, 3, 9 bits/byte after 0, 4, 8, 10 steps.
        var log = Begin(new() { HeldOutBits = step => step switch { 0 => 8, 4 => 5, 8 => 3, _ => 9 } }, Options).Run();
        Assert.Equal(8, log.Best!.Step);
        Assert.True(log.IsWorseThanItBegan);
        var (read, _, state, best) = TrainingFolder.Read(_temporary["run"]);
        Assert.Equal(8, read.Best!.Step);
        Assert.All(best.Values, weight => Assert.Equal(8f, weight.Data[0]));
        Assert.All(state.Weights.Values, weight => Assert.Equal(10f, weight.Data[0]));

        // A run that goes on compares with what it had.
        Free();
        Resume(new() { HeldOutBits = _ => 4 }, 20).Run();
        Assert.All(TrainingFolder.Read(_temporary["run"]).BestWeights.Values, weight => Assert.Equal(8f, weight.Data[0]));
        Free();
        Assert.False(Resume(new() { HeldOutBits = _ => 2 }, 30).Run().IsWorseThanItBegan);
        Assert.All(TrainingFolder.Read(_temporary["run"]).BestWeights.Values, weight => Assert.Equal(24f, weight.Data[0]));
    }

    [Fact]
    public void A_cancelled_run_is_saved_where_it_is_and_goes_on_there()
    {
        using var cancellation = new CancellationTokenSource();
        var stopped = Begin(new() { CancelAt = (3, cancellation) }, Options);
        Assert.Throws<OperationCanceledException>(() => stopped.Run(null, cancellation.Token));
        Free();
        Assert.Equal(3, TrainingFolder.Read(_temporary["run"]).Log.Step);

        var engine = new RecordingEngine();
        var resumed = Resume(engine).Run();
        Assert.Equal((7, 3), (engine.Steps.Count, engine.Given!.Threads));
        Assert.Equal(Begin(new(), Options, "whole").Run().ToJson(), resumed.ToJson());
        foreach (var file in Directory.GetFiles(_temporary["whole"]).Select(Path.GetFileName))
            Assert.Equal(File.ReadAllBytes(_temporary["whole", file!]), File.ReadAllBytes(_temporary["run", file!]));
    }

    [Fact]
    public void A_finished_run_can_be_given_another_end_and_says_so()
    {
        Begin(new(), Options).Run();
        Free();
        var engine = new RecordingEngine();
        var log = Resume(engine, 25).Run();
        Assert.Equal((25, 15), (log.Step, engine.Steps.Count));
        var options = Options with { Steps = 25 };
        Assert.Equal(Enumerable.Range(10, 15).Select(step => options.LearningRateAt(step)), engine.Steps.Select(step => step.LearningRate));
        Assert.Equal([new(10, 10)], TrainingFolder.Read(_temporary["run"]).Log.Extensions);
        Assert.Equal([0L, 4, 8, 10, 12, 16, 20, 24, 25], log.Entries.Select(entry => entry.Step));
        Assert.Equal("steps", Assert.Throws<BadInputException>(() => log.WithSteps(25 - 1)).Where);
        Assert.Same(log, log.WithSteps(25));
        Assert.Equal("steps", Assert.Throws<BadInputException>(() => log.WithSteps(1_000_000_000)).Where);
    }

    [Fact]
    public void The_table_grows_with_every_entry_and_is_brought_back_to_where_a_run_goes_on()
    {
        var options = Options with { EvaluateEvery = 1, SaveEvery = 100 };
        using var cancellation = new CancellationTokenSource();
        var seen = new List<int>();
        Begin(new(), options).Run(new Each(_ => seen.Add(Table().Length)));
        // The heading and an entry at first, and another one with each step, saved or not.
        Assert.Equal(Enumerable.Range(2, 11), seen);
        Assert.Equal("step,bits_per_byte,held_out_bits_per_byte,learning_rate,gradient_norm", Table()[0]);
        Assert.Equal(["10", "14.426950408889635", "1", $"{options.LearningRateAt(9):R}", "0.5"], Table()[^1].Split(','));
        Assert.StartsWith("<svg ", File.ReadAllText(_temporary["run", "training.svg"]));
        Free();

        File.AppendAllText(_temporary["run", "training.csv"], "11,1,1,1,1\n12,1,");
        var tables = new List<string[]>();
        Resume(new(), 12).Run(new Each(_ => tables.Add(Table())));
        Assert.Equal(12, tables[0].Length);
        Assert.Equal(14, Table().Length);

        string[] Table() => File.ReadAllLines(_temporary["run", "training.csv"]);
    }

    [Fact]
    public void The_first_save_comes_before_the_first_step_and_others_when_their_minutes_are_over()
    {
        var clock = new Clock();
        var saved = new List<long>();
        var engine = new RecordingEngine { OnStep = () => clock.Now += TimeSpan.FromMinutes(2) };
        using var folder = TrainingFolder.Begin(_temporary["run"]);
        var run = new TrainingRun(engine, NewRun(Options with { SaveEvery = 1000, SaveMinutes = 6 }), Text(Options), folder, clock);
        run.Run(new Each(_ => saved.Add(TrainingLog.Read(_temporary["run", TrainingLog.FileName]).Step)));
        Assert.Equal([0, 0, 0, 3, 3, 3, 6, 6, 6, 9, 10], saved);
    }

    [Fact]
    public void As_many_saves_as_asked_for_keep_weights_of_their_own()
    {
        var log = Begin(new(), Options with { SaveEvery = 3, KeptSaves = 2 }).Run();
        Assert.Equal([9L, 10], log.Kept);
        string[] kept = [.. Directory.GetFiles(_temporary["run"], "step-*").Select(file => Path.GetFileName(file)).Order()];
        Assert.Equal(["step-000000009.safetensors", "step-000000010.safetensors"], kept);
        using (var checkpoint = Models.Checkpoints.Checkpoint.Open(_temporary["run", kept[0]]))
            Assert.All(checkpoint.LoadWeights(AsymDec.ParameterShapes(Network)).Values, weight => Assert.Equal(9f, weight.Data[0]));

        // One that somebody took away is missed no more.
        File.Delete(_temporary["run", kept[1]]);
        Free();
        Assert.Equal([12L], Resume(new(), 12).Run().Kept.TakeLast(1));
        Assert.Single(Directory.GetFiles(_temporary["run"], "step-*"));
    }

    [Fact]
    public void A_step_is_computed_in_parts_where_that_is_asked_for()
    {
        var engine = new RecordingEngine();
        Begin(engine, Options with { BatchSize = 5, MicroBatch = 2 }).Run();
        Assert.All(engine.Parts, parts => Assert.Equal(3, parts));
    }

    [Fact]
    public void A_loss_that_is_not_finite_ends_the_run_and_leaves_what_was_before()
    {
        var exception = Assert.Throws<UnsoundModelException>(() => Begin(new() { NanAt = 7 }, Options).Run());
        Assert.Contains("the loss is NaN", exception.Message);
        Assert.Contains("at step 8", exception.Message);
        Assert.Contains("holds step 7, and as best.safetensors step 0 with 1.00000 bits/byte", exception.Message);
        Assert.Contains("lower learning rate", exception.Message);
        Assert.DoesNotContain('\n', exception.Message);
        Assert.Equal(7, TrainingFolder.Read(_temporary["run"]).Log.Step);
    }

    [Fact]
    public void Held_out_text_that_is_not_finite_ends_the_run_and_leaves_the_best()
    {
        var exception = Assert.Throws<UnsoundModelException>(() =>
            Begin(new() { HeldOutBits = step => step switch { 0 => 8, 4 => 5, _ => double.PositiveInfinity } }, Options).Run());
        Assert.Contains("at step 8", exception.Message);
        // The weights that computed it are of no use: the last save stays.
        Assert.Contains("holds step 5, and as best.safetensors step 4 with 5.00000 bits/byte", exception.Message);
        Assert.Equal(5, TrainingFolder.Read(_temporary["run"]).Log.Step);
        Assert.All(TrainingFolder.Read(_temporary["run"]).BestWeights.Values, weight => Assert.Equal(4f, weight.Data[0]));
    }

    [Fact]
    public void Weights_that_compute_no_numbers_are_told_from_a_learning_rate_that_is_too_high()
    {
        foreach (var engine in (RecordingEngine[])[new() { NanAt = 0 }, new() { HeldOutBits = _ => double.NaN }])
        {
            var exception = Assert.Throws<UnsoundModelException>(() => Begin(engine, Options).Run());
            Assert.Contains("before anything is learned", exception.Message);
            Assert.DoesNotContain("learning rate", exception.Message);
            Free();
            if (Directory.Exists(_temporary["run"])) Directory.Delete(_temporary["run"], recursive: true);
        }
    }

    [Fact]
    public void Measuring_changes_nothing()
    {
        var engine = new RecordingEngine();
        var (bits, bytes) = TrainingRun.Measure(engine, Network, Fresh, Text(Options), Options);
        Assert.Equal((1, 24L), (Math.Round(bits, 9), bytes));
        Assert.Equal((0, PrefixAttention.Bidirectional), (engine.Steps.Count, engine.Config!.PrefixAttention));
        Assert.Empty(Directory.GetFileSystemEntries(_temporary.Path));
    }

    [Fact]
    public void An_older_run_is_replaced_by_demand_alone()
    {
        Begin(new(), Options).Run();
        Free();
        var before = File.ReadAllBytes(_temporary["run", "training.json"]);
        var exception = Assert.Throws<BadInputException>(() => TrainingFolder.Begin(_temporary["run"]));
        Assert.Contains("it holds a run, 10 of 10 steps", exception.Message);
        Assert.Equal(before, File.ReadAllBytes(_temporary["run", "training.json"]));
        using (var folder = TrainingFolder.Begin(_temporary["run"], overwrite: true))
        {
            Assert.Equal(before, File.ReadAllBytes(_temporary["run", "training.json"]));
            new TrainingRun(new RecordingEngine(), NewRun(Options with { Steps = 1 }), Text(Options), folder).Run();
        }

        Assert.Equal(1, TrainingFolder.Read(_temporary["run"]).Log.Step);
    }

    [Fact]
    public void Two_trainers_do_not_share_a_folder_whatever_they_call_it()
    {
        var run = Begin(new(), Options);
        Refused(() => TrainingFolder.Begin(_temporary["run"]));
        run.Run();
        Refused(() => TrainingFolder.Open(_temporary["run"]));
        Refused(() => TrainingFolder.Begin(_temporary["run"] + "/", overwrite: true));
        Directory.CreateSymbolicLink(_temporary["link"], _temporary["run"]);
        Refused(() => TrainingFolder.Open(_temporary["link"]));
        Free();
        TrainingFolder.Open(_temporary["run"]).Dispose();

        static void Refused(Func<TrainingFolder> take) =>
            Assert.Contains("another process trains in it", Assert.Throws<BadInputException>(take).Message);
    }

    [Fact]
    public void What_a_killed_process_left_is_gone_once_a_run_goes_on_or_begins_anew()
    {
        Begin(new(), Options).Run();
        Free();
        Leave();
        TrainingFolder.Open(_temporary["run"]).Dispose();
        Assert.Equal([_temporary["run"]], Directory.GetFileSystemEntries(_temporary.Path));
        Leave();
        TrainingFolder.Begin(_temporary["run"], overwrite: true).Dispose();
        Assert.Equal([_temporary["run"]], Directory.GetFileSystemEntries(_temporary.Path));

        void Leave()
        {
            Directory.CreateDirectory(_temporary[".run.abcdefgh.ijk.partial"]);
            File.WriteAllText(_temporary[".run.abcdefgh.ijk.partial", "model.pt"], "half");
            File.WriteAllText(_temporary[".run.lock"], "");
        }
    }

    [Fact]
    public void Nothing_stays_where_nothing_was_written()
    {
        TrainingFolder.Begin(_temporary["new", "deep", "run"]).Dispose();
        Assert.Empty(Directory.GetFileSystemEntries(_temporary.Path));
    }

    [Fact]
    public void A_folder_of_something_else_is_left_alone()
    {
        Directory.CreateDirectory(_temporary["run"]);
        File.WriteAllText(_temporary["run", "mine"], "mine");
        Assert.Throws<BadInputException>(() => TrainingFolder.Begin(_temporary["run"]));
        Assert.Throws<BadInputException>(() => TrainingFolder.Begin(_temporary["run"], overwrite: true));
        Assert.Throws<BadInputException>(() => TrainingFolder.Open(_temporary["run"]));
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
        RequireRefusal(() => Edit("\"format_version\": 3", "\"format_version\": 1"), "format version is 1");
        RequireRefusal(() => Edit("\"format_version\": 3", "\"format_version\": 4"), "format version is 4");
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
    public void Dropout_reaches_the_engine_as_the_masks_of_the_runs_seed()
    {
        var engine = new RecordingEngine();
        Begin(engine, Options, "none").Run();
        Assert.Null(engine.Given!.Dropout);

        engine = new();
        Begin(engine, Options with { Dropout = 0.5 }, "some").Run();
        var (given, expected) = (new float[100], new float[100]);
        engine.Given!.Dropout!.Fill(1, 2, 3, given);
        new DropoutMasks(0.5, Options.Seed).Fill(1, 2, 3, expected);
        Assert.Equal(expected, given);
    }

    [Fact]
    public void A_log_of_the_release_before_trains_on_in_float32_and_is_written_anew()
    {
        var options = Options with { Precision = TrainingPrecision.Bfloat16 };
        Begin(new(), options).Run();
        Free();
        var (path, engine) = (_temporary["run", TrainingLog.FileName], new RecordingEngine());
        var text = File.ReadAllText(path);
        Assert.Contains("\n    \"precision\": \"bfloat16\",\n", text);
        Resume(engine, 11).Run();
        Assert.Equal(TrainingPrecision.Bfloat16, engine.Given!.Precision);
        Free();
        File.WriteAllText(path, File.ReadAllText(path).Replace("\n    \"precision\": \"bfloat16\",\n", "\n")
            .Replace("\"format_version\": 3", "\"format_version\": 2"));
        Resume(engine, 12).Run();
        Assert.Equal(TrainingPrecision.Float32, engine.Given.Precision);
        Assert.Contains("\"format_version\": 3", File.ReadAllText(path));
    }

    [Theory]
    [InlineData("optimizer.safetensors")]
    [InlineData("model.safetensors")]
    [InlineData("best.safetensors")]
    public void A_file_of_another_run_of_the_same_network_is_refused(string file)
    {
        Begin(new() { HeldOutBits = step => 9 - step / 3.0 }, Options with { Steps = 9 }, "other").Run();
        RequireRefusal(() => File.Copy(_temporary["other", file], _temporary["run", file], overwrite: true),
            "it is not the file that this run wrote");
    }

    [Fact]
    public void A_reading_that_is_not_that_of_the_weights_is_refused() => RequireRefusal(() =>
    {
        var log = TrainingLog.Read(_temporary["run", TrainingLog.FileName]);
        File.WriteAllText(_temporary["run", TrainingLog.FileName], (log with { Options = Options with { Reading = new() } }).ToJson());
    }, "prefix-attention: causal contradicts");

    private void RequireRefusal(Action damage, string problem)
    {
        Free();
        if (Directory.Exists(_temporary["run"])) Directory.Delete(_temporary["run"], recursive: true);
        Begin(new(), Options).Run();
        damage();
        var exception = Assert.Throws<BadInputException>(() => TrainingFolder.Read(_temporary["run"]));
        Assert.Contains(problem, exception.Message);
        Assert.DoesNotContain('\n', exception.Message);
    }

    private static readonly IReadOnlyDictionary<string, WeightTensor> Fresh = FreshWeights.For(Network, 0);

    private TrainingRun Begin(RecordingEngine engine, TrainingOptions options, string folder = "run")
    {
        _folders.Add(TrainingFolder.Begin(_temporary[folder]));
        return new(engine, NewRun(options), Text(options), _folders[^1]);
    }

    private TrainingRun Resume(RecordingEngine engine, long? steps = null)
    {
        _folders.Add(TrainingFolder.Open(_temporary["run"]));
        var run = TrainingFolder.Read(_temporary["run"]);
        if (steps is { } other) run = run with { Log = run.Log.WithSteps(other) };
        return new(engine, run, Text(run.Log.Options), _folders[^1]);
    }

    /// <summary>Ends what trains, as far as the folders know.</summary>
    private void Free()
    {
        foreach (var folder in _folders) folder.Dispose();
        _folders.Clear();
    }

    private static SavedRun NewRun(TrainingOptions options)
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
        return new(log, Network, new(0, Fresh, none, none), Fresh);
    }

    private static TrainingText Text(TrainingOptions options) =>
        new([[.. Enumerable.Range(0, 100).Select(i => (byte)i)]], [], options, Network.SlotBytes);

    private sealed class Each(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(value);
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
