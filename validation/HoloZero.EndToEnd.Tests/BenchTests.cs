using System.Text.Json;
using static HoloZero.EndToEnd.Tests.Programs;

namespace HoloZero.EndToEnd.Tests;

public sealed class BenchTests(ExportedModels exported)
{
    [Fact]
    public async Task Bench_measures_everything_and_says_on_what()
    {
        var result = await HoloZeroAsync("bench", "--model", exported.Tiny, "--rounds", "1", "--bytes", "16", "--threads", "1", "--json");
        Assert.Equal((0, ""), (result.ExitCode, result.StandardError));
        using var json = JsonDocument.Parse(result.StandardOutput);
        var root = json.RootElement;
        Assert.Equal(("tiny.pt", "portable", 150_404L), (root.GetProperty("model").GetProperty("source").GetString(),
            root.GetProperty("model").GetProperty("variant").GetString(), root.GetProperty("model").GetProperty("parameters").GetInt64()));
        Assert.Equal(("cpu", 1), (root.GetProperty("provider").GetString(), root.GetProperty("threads").GetInt32()));
        Assert.NotEqual("", root.GetProperty("machine").GetProperty("cpu_model").GetString());
        Assert.StartsWith("1.", root.GetProperty("machine").GetProperty("onnx_runtime_version").GetString());
        Assert.StartsWith(".NET", root.GetProperty("machine").GetProperty("dotnet_version").GetString());
        foreach (var path in (string[])["model.file_bytes", "measured.latency.median_milliseconds", "measured.latency.p99_milliseconds",
            "measured.latency.mean_milliseconds", "measured.memory_floor.weight_bytes", "measured.memory_floor.median_milliseconds",
            "measured.memory_floor.gigabytes_per_second", "measured.latency_to_floor_ratio", "measured.peak_resident_bytes",
            "measured.prefill.stream_bytes_per_second", "measured.prefill.prefix_bytes_per_second", "measured.sampling.greedy_microseconds",
            "measured.sampling.nucleus_microseconds", "start_up.median_milliseconds"])
        {
            var value = path.Split('.').Aggregate(root, (element, name) => element.GetProperty(name)).GetDouble();
            Assert.True(double.IsFinite(value) && value > 0, $"{path} is {value}");
        }

        Assert.True(root.GetProperty("measured").GetProperty("latency").GetProperty("allocated_bytes_per_step").GetDouble() >= 0);
        Assert.All(root.GetProperty("measured").GetProperty("batches").EnumerateArray(),
            batch => Assert.True(batch.GetProperty("bytes_per_second").GetDouble() > 0));
    }

    [Fact]
    public async Task Bench_prints_a_table_for_people()
    {
        var result = await HoloZeroAsync("bench", "--model", exported.Tiny, "--rounds", "1", "--bytes", "16", "--latency-only");
        Assert.Equal((0, ""), (result.ExitCode, result.StandardError));
        var names = result.Text.Split('\n').Select(line => line.Length > 15 ? line[..15].Trim() : "").Where(name => name.Length > 0);
        Assert.Equal(["model", "machine", "software", "file", "latency", "memory floor", "ratio", "allocated", "peak memory"], names);
    }

    [Fact]
    public async Task Bench_refuses_what_is_out_of_range()
    {
        RequireRefusal(await HoloZeroAsync("bench", "--model", exported.Tiny, "--rounds", "0"), 2, "--rounds", "1 to 100");
        RequireRefusal(await HoloZeroAsync("bench", "--model", exported.Tiny, "--bytes", "8"), 2, "--bytes", "16 to 4,096");
        RequireRefusal(await HoloZeroAsync("bench", "--model", exported.Tiny, "--variant", "fastest"), 2, "'fastest'");
    }
}
