using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Models.Training;
using HoloZero.Testing;

namespace HoloZero.Training.Tests;

/// <summary>The arms of an ablation, with a trainer that counts instead of learning.</summary>
public sealed class AblationTests : IDisposable
{
    private static readonly AsymDecConfig Network = new(dim: 64, decLayers: 1, heads: 4, slotBytes: 2);

    private static readonly TrainingOptions Options = new()
    {
        Steps = 4,
        BatchSize = 2,
        PrefixSlots = 2,
        StreamBytes = 9,
        EvaluateEvery = 2,
        HeldOutWindows = 3,
        HeldOutShare = 0.5,
        Seed = 5,
    };

    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void Every_arm_is_trained_with_every_seed_and_the_table_says_how_well()
    {
        var engine = new Counter();
        var report = Run(engine);
        Assert.Equal(["zero-5", "projection-5", "random-5", "zero-6", "projection-6", "random-6"], report.Runs.Select(run => run.Folder));
        Assert.Equal(6 * 4, engine.Steps);
        Assert.Equal([0L, 81 * 64 + 2 * 64, 0], report.Rows.Select(row => row.DoorParameters));
        Assert.Equal([5u, 6], engine.Doors.Where(door => door.Substrate == SubstrateKind.Random).Select(door => door.Seed).Distinct());
        // The counter's figure of a run is its number of door parameters, in bits a byte.
        Assert.All(report.Rows, row => Assert.Equal(1 + row.DoorParameters / 1000.0, row.Text!.Mean, 1e-9));
        Assert.All(report.Rows, row => Assert.Equal(0, row.Text!.Spread!.Value, 1e-9));
        var table = File.ReadAllText(_temporary["out", "ablation.md"]);
        Assert.Contains("| projection | 6.3120 ± 0.0000 | - | - | 5,312 | 2 |", table);
        Assert.Contains("<polyline", File.ReadAllText(_temporary["out", "ablation.svg"]));
        Assert.Equal(report.Table(), AblationReport.ReadIfThere(_temporary["out"])!.Table());
    }

    [Fact]
    public void What_is_done_is_not_done_again_and_what_was_stopped_goes_on()
    {
        var stopped = new Counter { StopAfter = 6 };
        Assert.Throws<OperationCanceledException>(() => Run(stopped));
        Assert.Equal(6, stopped.Steps);
        var resumed = new Counter();
        var report = Run(resumed);
        Assert.Equal(6 * 4 - 6, resumed.Steps);
        var again = new Counter();
        Assert.Equal(report.Table(), Run(again).Table());
        Assert.Equal((0, 0), (again.Steps, again.Measured));
    }

    [Fact]
    public void A_folder_of_other_runs_is_refused()
    {
        Run(new());
        Assert.Contains("other options", Assert.Throws<BadInputException>(() => Run(new(), Options with { LearningRate = 0.1 })).Message);
        Assert.Contains("another network", Assert.Throws<BadInputException>(() => Run(new(), network: new(64, 1, 4, 1))).Message);
        Assert.Contains("other texts", Assert.Throws<BadInputException>(() => Run(new(), texts: [new("b", 1, "b")])).Message);
        File.WriteAllText(_temporary["out", "ablation.json"], "[]");
        Assert.Contains("not a sound ablation report", Assert.Throws<BadInputException>(() => Run(new())).Message);
    }

    [Fact]
    public void A_figure_is_the_mean_of_its_seeds_with_their_deviation()
    {
        Assert.Equal(new AblationFigure(2, Math.Sqrt(2)), AblationFigure.Of([1, 3, null]));
        Assert.Equal(new AblationFigure(1, null), AblationFigure.Of([1]));
        Assert.Null(AblationFigure.Of([null]));
    }

    [Fact]
    public void Captions_cost_what_the_rest_of_the_window_does_not()
    {
        // Windows of 8 bytes: sound at 2 and 3, caption at 5 and 6; the counter's nats are the sum of the targets' values.
        const int bytes = 8;
        var place = new CaptionPlace(2, 2, 5, 2);
        byte[] films = [.. Enumerable.Range(0, 12).SelectMany(i =>
            (byte[])[0, 0, (byte)i, (byte)i, 0, (byte)(10 * i), (byte)(10 * i), 99])];
        var options = Options with { Windows = new(bytes), HeldOutWindows = int.MaxValue };
        var windows = new TrainingWindows(films, options);
        var measure = TrainingRun.MeasureCaptions(new Counter { OfTargets = true }, Network, FreshWeights.For(Network, 1), windows, place,
            options);
        // Windows 6 to 11 are held out.
        Assert.Equal((6, 10 * 8.5 / Math.Log(2)), (measure.Windows, Math.Round(measure.BitsPerByte, 9)), Close);
        // What the counter sums before the caption is the same on both sides, so that the gap of one that looks nothing up is none.
        Assert.Equal(0, measure.BindingGap!.Value, 1e-9);

        var swapped = windows.Captions(options with { BatchSize = 100 }, 2, place, swapped: true, onlyPartnered: true).Single();
        Assert.Equal([7, 8, 9, 10, 11, 6], swapped.ThroughCaption.Stream.Chunk(6).Select(row => (int)row[2]));
        Assert.Equal([60, 70, 80, 90, 100, 110], swapped.ThroughCaption.Targets.Chunk(6).Select(row => (int)row[5]));
        Assert.Equal(4, swapped.BeforeIt.Targets.Length / 6);

        static bool Close((int, double) one, (int, double) other) => one.Item1 == other.Item1 && Math.Abs(one.Item2 - other.Item2) < 1e-6;
    }

    [Fact]
    public void Captions_that_are_all_alike_have_no_gap()
    {
        var options = Options with { Windows = new(8), HeldOutWindows = int.MaxValue };
        var windows = new TrainingWindows([.. Enumerable.Range(0, 96).Select(i => (byte)(i % 8))], options);
        var measure = TrainingRun.MeasureCaptions(new Counter(), Network, FreshWeights.For(Network, 1), windows, new(2, 2, 5, 2), options);
        Assert.Null(measure.BindingGap);
    }

    private AblationReport Run(Counter engine, TrainingOptions? options = null, AsymDecConfig? network = null,
        IReadOnlyList<TextSource>? texts = null)
    {
        var plan = new AblationPlan
        {
            Network = network ?? Network,
            Arms = [.. AblationArm.All.Where(arm => arm.Name is "zero" or "projection" or "random")],
            Seeds = 2,
            Options = options ?? Options,
            Texts = texts ?? [new("a", 1, "a")],
        };
        var bytes = Enumerable.Range(0, 400).Select(i => (byte)i).ToArray();
        return new Ablation(engine, plan, Data, _temporary["out"]).Run(cancellation: engine.Cancellation.Token);

        AblationData Data(TrainingOptions run)
        {
            var text = new TrainingText([bytes], [], run, 2);
            return new(text, text, null);
        }
    }

    private sealed class Counter : ITrainingEngine
    {
        public CancellationTokenSource Cancellation { get; } = new();

        public int? StopAfter { get; init; }

        public bool OfTargets { get; init; }

        public int Steps { get; private set; }

        public int Measured { get; private set; }

        public List<DoorConfig> Doors { get; } = [];

        public string Name => "counter";

        public ITrainer Start(AsymDecConfig config, TrainingState state, TrainerOptions options)
        {
            Doors.Add(config.Door);
            return new Trainer(this, config, state);
        }

        private sealed class Trainer(Counter counter, AsymDecConfig config, TrainingState state) : ITrainer
        {
            private long _step = state.Step;

            public StepResult Step(IReadOnlyList<WindowBatch> parts, double learningRate)
            {
                _step++;
                if (++counter.Steps == counter.StopAfter) counter.Cancellation.Cancel();
                return new(1, 1);
            }

            public double Nats(WindowBatch batch)
            {
                counter.Measured++;
                return counter.OfTargets ? batch.Targets.Sum(target => (double)target)
                    : Math.Log(2) * (1 + AsymDec.DoorParameters(config) / 1000.0) * batch.Targets.Length;
            }

            public IReadOnlyDictionary<string, WeightTensor> Weights() => state.Weights;

            public TrainingState State() => new(_step, state.Weights, state.Weights, state.Weights);

            public void Dispose()
            {
            }
        }
    }
}
