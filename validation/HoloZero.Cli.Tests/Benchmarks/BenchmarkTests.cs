using HoloZero.Artifacts;
using HoloZero.Cli.Benchmarks;
using HoloZero.Models;
using HoloZero.Runtime;
using HoloZero.Testing;

[assembly: AssemblyFixture(typeof(TinyArtifacts))]

namespace HoloZero.Cli.Tests.Benchmarks;

/// <summary>What a benchmark reports, on a clock that ticks a millisecond whenever it is read: units and counts, never speed.</summary>
public sealed class BenchmarkTests(TinyArtifacts tiny)
{
    [Fact]
    public void Times_come_out_in_the_units_that_their_names_say()
    {
        using var model = Load();
        var report = Benchmark.Run(model, new() { Rounds = 3, Bytes = 32 }, new Ticking());

        Assert.Equal((32, 1.0, 1.0, 1.0), (report.Latency.Bytes, report.Latency.MedianMilliseconds, report.Latency.P99Milliseconds,
            Math.Round(report.Latency.MeanMilliseconds, 9)));
        Assert.Equal((32, 32_000, 32, 32_000), (report.Prefill!.StreamBytes, Math.Round(report.Prefill.StreamBytesPerSecond),
            report.Prefill.PrefixBytes, Math.Round(report.Prefill.PrefixBytesPerSecond)));
        Assert.Equal((5, 5), (Math.Round(report.Sampling!.GreedyMicroseconds, 9), Math.Round(report.Sampling.NucleusMicroseconds, 9)));
        Assert.All(report.Batches, batch => Assert.Equal((batch.Rows * 32_000, 1 / 32.0),
            (Math.Round(batch.BytesPerSecond), Math.Round(batch.StepMilliseconds, 9))));
        Assert.Contains(report.Batches, batch => batch.Rows == 1);

        // One tick for the 50 passes that make up 0.05 s at one tick each.
        Assert.Equal((1, 0.02), (report.MemoryFloor!.Threads, Math.Round(report.MemoryFloor.MedianMilliseconds, 9)));
        Assert.Equal(report.MemoryFloor.WeightBytes / 0.02e-3 / 1e9, report.MemoryFloor.GigabytesPerSecond, 1e-6);
        Assert.Equal(1 / 0.02, report.LatencyToFloorRatio!.Value, 1e-6);
        Assert.InRange(report.PeakResidentBytes, 10_000_000, 100_000_000_000);
    }

    [Fact]
    public void Latency_alone_leaves_the_rest_out()
    {
        using var model = Load();
        var report = Benchmark.Run(model, new() { Rounds = 1, Bytes = 16, LatencyOnly = true }, new Ticking());
        Assert.Equal((null, null), (report.Prefill, report.Sampling));
        Assert.Empty(report.Batches);
        Assert.Equal(16, report.Latency.Bytes);
    }

    [Fact]
    public void The_floor_reads_the_weights_that_the_manifest_counts_all_parameters_and_the_tables()
    {
        using var model = Load();
        var report = Benchmark.Run(model, new() { Rounds = 1, Bytes = 16, LatencyOnly = true }, new Ticking());
        var weights = report.MemoryFloor!.WeightBytes;
        Assert.Equal(model.Variant.WeightBytes, weights);
        // Float32 parameters; the file has nothing else of their size but rotary and value tables.
        var file = new FileInfo(tiny.Graph(PrefixAttention.Causal, "fp32"));
        Assert.InRange(weights, 4 * model.Artifact.Manifest.Model.Parameters, file.Length);
    }

    [Fact]
    public void Without_the_weights_bytes_there_is_no_floor_and_the_rest_is_measured()
    {
        using var folder = new TemporaryFolder();
        using var model = LoadWith(folder, weightBytes: null);
        var report = Benchmark.Run(model, new() { Rounds = 1, Bytes = 16, LatencyOnly = true }, new Ticking());
        Assert.Equal((null, null, 16), (report.MemoryFloor, report.LatencyToFloorRatio, report.Latency.Bytes));
    }

    [Fact]
    public void More_weights_than_the_files_hold_are_refused_before_memory_is_taken_for_them()
    {
        using var folder = new TemporaryFolder();
        using var model = LoadWith(folder, weightBytes: long.MaxValue);
        Assert.Contains("weight_bytes", Assert.Throws<BadInputException>(() => Benchmark.Run(model, new(), new Ticking())).Message);
    }

    private HoloZeroModel LoadWith(TemporaryFolder folder, long? weightBytes)
    {
        var source = tiny.Folder(PrefixAttention.Causal);
        foreach (var file in Directory.GetFiles(source)) File.Copy(file, folder[Path.GetFileName(file)]);
        var manifest = ArtifactManifest.Read(folder[ArtifactManifest.FileName]);
        File.WriteAllText(folder[ArtifactManifest.FileName],
            (manifest with { Variants = [.. manifest.Variants.Select(variant => variant with { WeightBytes = weightBytes })] }).ToJson());
        return HoloZeroModel.Load(folder.Path, new() { Threads = 1 });
    }

    [Theory]
    [InlineData(0, 440)]
    [InlineData(101, 440)]
    [InlineData(5, 15)]
    [InlineData(5, 4097)]
    public void Options_out_of_range_are_refused(int rounds, int bytes)
    {
        using var model = Load();
        Assert.Throws<BadInputException>(() => Benchmark.Run(model, new() { Rounds = rounds, Bytes = bytes }, new Ticking()));
    }

    [Fact]
    public void A_cancelled_benchmark_stops()
    {
        using var model = Load();
        using var cancellation = new CancellationTokenSource();
        var progress = new CancelAtFirst(cancellation);
        Assert.Throws<OperationCanceledException>(() => Benchmark.Run(model, new(), new Ticking(), progress, cancellation.Token));
        Assert.Equal(["warming up"], progress.Steps);
    }

    private HoloZeroModel Load() => HoloZeroModel.Load(tiny.Folder(PrefixAttention.Causal), new() { Threads = 1 });

    private sealed class Ticking : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => 1000;

        public override long GetTimestamp() => Interlocked.Increment(ref _now);
    }

    private sealed class CancelAtFirst(CancellationTokenSource cancellation) : IProgress<string>
    {
        public List<string> Steps { get; } = [];

        public void Report(string value)
        {
            Steps.Add(value);
            cancellation.Cancel();
        }
    }
}
