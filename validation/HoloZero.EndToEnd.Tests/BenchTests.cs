using System.Text.Json;
using System.Text.RegularExpressions;
using HoloZero.Testing;
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
        Assert.Equal(("tiny.pt", "fp32", 150_404L), (root.GetProperty("model").GetProperty("source").GetString(),
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
    public async Task Bench_serves_many_in_turn_with_one()
    {
        string[] bench = ["bench", "--model", exported.Tiny, "--rounds", "1", "--bytes", "16", "--threads", "1", "--sessions", "4"];
        var result = await HoloZeroAsync([.. bench, "--json"]);
        Assert.Equal((0, ""), (result.ExitCode, result.StandardError));
        using var json = JsonDocument.Parse(result.StandardOutput);
        var measured = json.RootElement.GetProperty("measured");
        foreach (var path in (string[])["bytes_per_second", "one_session_bytes_per_second", "ratio", "first_byte.median_milliseconds",
            "first_byte.p99_milliseconds", "per_byte.median_milliseconds", "per_byte.p99_milliseconds"])
        {
            var value = path.Split('.').Aggregate(measured, (element, name) => element.GetProperty(name)).GetDouble();
            Assert.True(double.IsFinite(value) && value > 0, $"{path} is {value}");
        }

        // The fourth prompt is that of the third.
        Assert.Equal((1, 4), (measured.GetProperty("cache_hits").GetInt64(), measured.GetProperty("cache_misses").GetInt64()));
        var without = await HoloZeroAsync([.. bench, "--no-prefix-cache"]);
        Assert.Equal((0, ""), (without.ExitCode, without.StandardError));
        Assert.Matches(@"prefix cache +0 prompts found there, 0 not\n", without.Text);

        RequireRefusal(await HoloZeroAsync([.. bench, "--sessions", "0"]), 2, "sessions");
        RequireRefusal(await HoloZeroAsync([.. bench, "--latency-only"]), 2, "--latency-only");
        RequireRefusal(await HoloZeroAsync([.. bench, "--rows", "4"]), 2, "--rows");
        RequireRefusal(await HoloZeroAsync("bench", "--model", exported.Tiny, "--no-prefix-cache"), 2, "--no-prefix-cache");
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
    public async Task The_contest_with_two_peers_comes_out_as_tables_and_their_data()
    {
        using var temporary = new TemporaryFolder();
        // It tells its arguments in turn: model, threads, tokens, prefill, rounds.
        var result = await ContestAsync(temporary, """
            echo '{"median_milliseconds": 1000000, "batch_tokens_per_second": 0.001, "prefill_tokens_per_second": 0.002,
                   "software": {"lib": "9.9"}, "arguments": "'"$*"'"}'
            """);
        Assert.True(result.ExitCode == 0, result.StandardError);

        var page = Assert.Single(Directory.GetFiles(temporary["results"], "*.md"));
        Assert.Equal(File.ReadAllText(page), result.Text);
        Assert.Contains("- genai: lib 9.9\n- llama.cpp: lib 9.9\n", result.Text);
        Assert.Contains("| variant | precision | genai | llama.cpp | ours | against genai | against llama.cpp | floor | ours / floor |",
            result.Text);
        var rows = Regex.Matches(result.Text,
            @"\| fp32 \| float32 \| (\S+) \(1\) \| \1 \(1\) \| (\S+) \(1\) \| (\S+) \(\S+\) \| \3 ");
        Assert.Equal(["1000000.000", "0", "0"], rows.Select(row => row.Groups[1].Value));
        // But for the digits that are not printed.
        Assert.InRange(double.Parse(rows[0].Groups[2].Value) * double.Parse(rows[0].Groups[3].Value), 950_000, 1_050_000);

        using var data = JsonDocument.Parse(File.ReadAllText(Path.ChangeExtension(page, ".json")));
        var variant = Assert.Single(data.RootElement.GetProperty("variants").EnumerateArray());
        var against = variant.GetProperty("ours_against").GetProperty("llama.cpp");
        Assert.Equal(double.Parse(rows[0].Groups[3].Value), against.GetProperty("step").GetDouble(), 0.01);
        var round = Assert.Single(variant.GetProperty("rounds").EnumerateArray());
        var ours = Assert.Single(round.GetProperty("ours").EnumerateArray()).GetProperty("measured");
        Assert.Equal(64, ours.GetProperty("prefill").GetProperty("stream_bytes").GetInt32());
        var batch = Assert.Single(ours.GetProperty("batches").EnumerateArray());
        Assert.Equal(16, batch.GetProperty("rows").GetInt32());
        Assert.Equal(batch.GetProperty("bytes_per_second").GetDouble() / 0.001, against.GetProperty("batch").GetDouble(), 1.0);
        Assert.Equal([$"{temporary.Path}/float32.genai 1 16 64 2", $"{temporary.Path}/float32.gguf 1 16 64 2"],
            round.GetProperty("peers").EnumerateObject().Select(peer => peer.Value[0].GetProperty("arguments").GetString()));
        Assert.Equal("test", data.RootElement.GetProperty("commit").GetString());
    }

    [Fact]
    public async Task The_contest_without_peers_has_our_column_alone()
    {
        using var temporary = new TemporaryFolder();
        var result = await ContestAsync(temporary);
        Assert.True(result.ExitCode == 0, result.StandardError);
        Assert.Contains("- no peers\n", result.Text);
        Assert.Contains("| variant | precision | ours | floor | ours / floor |", result.Text);
    }

    [Fact]
    public async Task A_peer_that_fails_is_told_in_one_line()
    {
        using var temporary = new TemporaryFolder();
        RequireRefusal(await ContestAsync(temporary, "echo no such model >&2; exit 5"), 1, "exit code 5", "no such model");
        RequireRefusal(await ContestAsync(temporary, "echo hello"), 1, "no JSON");
        RequireRefusal(await ContestAsync(temporary, "echo '{}'"), 1, "median_milliseconds");
        RequireRefusal(await ContestAsync(temporary, "--genai", temporary["nowhere"], "--peer-models", temporary.Path), 3,
            "does not start");
        RequireRefusal(await ContestAsync(temporary, "--genai", temporary["nowhere"]), 2, "--peer-models", "--llamasharp");
        Assert.False(Directory.Exists(temporary["results"]));
    }

    private Task<ProgramResult> ContestAsync(TemporaryFolder temporary, string peer)
    {
        // A script stands in for both peers.
        File.WriteAllText(temporary["peer"], $"#!/bin/sh\n{peer}");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(temporary["peer"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return ContestAsync(temporary, "--llamasharp", temporary["peer"], "--genai", temporary["peer"], "--peer-models", temporary.Path);
    }

    private Task<ProgramResult> ContestAsync(TemporaryFolder temporary, params string[] peers) =>
        RunAsync("HoloZero.Benchmarks", "holozero-benchmarks", ["--program", PathOf("HoloZero.Cli", "holozero"),
            "--model", exported.Tiny, "--results", temporary["results"], "--rounds", "1", "--bytes", "16", "--threads", "1",
            "--commit", "test", .. peers]);

    [Fact]
    public async Task Bench_refuses_what_is_out_of_range()
    {
        RequireRefusal(await HoloZeroAsync("bench", "--model", exported.Tiny, "--rounds", "0"), 2, "--rounds", "1 to 100");
        RequireRefusal(await HoloZeroAsync("bench", "--model", exported.Tiny, "--bytes", "8"), 2, "--bytes", "16 to 4,096");
        RequireRefusal(await HoloZeroAsync("bench", "--model", exported.Tiny, "--prefill-bytes", "8"), 2, "--prefill-bytes", "16 to 4,096");
        RequireRefusal(await HoloZeroAsync("bench", "--model", exported.Tiny, "--rows", "16,0"), 2, "--rows", "1 to 1,024");
        RequireRefusal(await HoloZeroAsync("bench", "--model", exported.Tiny, "--rows", "many"), 2, "--rows", "'many'");
        RequireRefusal(await HoloZeroAsync("bench", "--model", exported.Tiny, "--variant", "fastest"), 2, "'fastest'");
    }
}
