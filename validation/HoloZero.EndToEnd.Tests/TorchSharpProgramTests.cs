using System.Diagnostics;
using System.Text.Json;
using HoloZero.Testing;
using static HoloZero.EndToEnd.Tests.Programs;

namespace HoloZero.EndToEnd.Tests;

/// <summary>What the programs do with TorchSharp where this build carries it, and what they say where it does not.</summary>
public sealed class TorchSharpProgramTests(ExportedModels exported) : IDisposable
{
    private static readonly string HeldOut = Repository.Golden("demo-heldout.txt");
    private readonly TemporaryFolder _temporary = new();

    private string[] Training => TrainingOf("4");

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public async Task Doctor_says_whether_the_engine_is_there()
    {
        var lines = (await HoloZeroAsync("doctor")).Text.Split('\n');
        var line = Assert.Single(lines, text => text.StartsWith("TorchSharp ", StringComparison.Ordinal));
        Assert.Equal($"TorchSharp     {TorchSharpBuild.Status}", line);
        var json = JsonDocument.Parse((await HoloZeroAsync("doctor", "--json")).StandardOutput);
        Assert.Equal(TorchSharpBuild.Status, json.RootElement.GetProperty("torch_sharp").GetString());
    }

    [Fact]
    public async Task Without_it_every_use_is_refused_in_one_line_with_the_reason()
    {
        Assert.SkipWhen(TorchSharpBuild.Available, "this build carries TorchSharp");
        string[] export = ["--checkpoint", GoldenSuite.Tiny.CheckpointPath, "--output", _temporary["out"], "--engine", "torchsharp"];
        RequireRefusal(await ExportAsync(export), 3, TorchSharpBuild.Status, "--engine reference", "make setup");
        RequireRefusal(await ExportAsync(Training), 3, TorchSharpBuild.Status, "make setup");
        RequireRefusal(await ExportAsync("probe", GoldenSuite.Tiny.CheckpointPath, "--text", HeldOut, "--engine", "torchsharp"), 3,
            TorchSharpBuild.Status);
        Assert.Empty(Directory.GetFileSystemEntries(_temporary.Path));
    }

    [Fact]
    public async Task The_validator_lists_it()
    {
        var result = await RunAsync("HoloZero.Validation.Cli", "holozero-validate", "--model", exported.Tiny, "--golden",
            Repository.Golden(), "--json");
        Assert.Equal((0, ""), (result.ExitCode, result.StandardError));
        var report = JsonDocument.Parse(result.StandardOutput).RootElement;
        var engines = report.GetProperty("checks").EnumerateArray()
            .Where(check => check.GetProperty("check").GetString() == "engine").ToArray();
        if (TorchSharpBuild.Available)
            Assert.StartsWith("TorchSharp", Assert.Single(engines).GetProperty("scope").GetString());
        else
        {
            Assert.Empty(engines);
            var missing = report.GetProperty("not_checked").EnumerateArray().Select(item =>
                (item.GetProperty("subject").GetString(), item.GetProperty("reason").GetString()));
            Assert.Contains(("TorchSharp", TorchSharpBuild.Status), missing);
        }
    }

    [Fact]
    public async Task The_self_check_is_computed_with_it_and_the_manifest_names_both_engines()
    {
        TorchSharpBuild.Require();
        var result = await ExportAsync("--checkpoint", GoldenSuite.Tiny.CheckpointPath, "--output", _temporary["out"],
            "--engine", "torchsharp");
        Assert.Equal((0, ""), (result.ExitCode, result.StandardError));
        var manifest = JsonDocument.Parse(File.ReadAllBytes(_temporary["out", "holozero.json"])).RootElement;
        var engines = manifest.GetProperty("golden").GetProperty("engines").EnumerateArray()
            .Select(engine => engine.GetString()!).ToArray();
        Assert.Equal(2, engines.Length);
        Assert.Matches(@"^TorchSharp \d+\.\d+\.\d+ \(for libtorch [\d.]+\) float64 on CPU$", engines[0]);
        Assert.Equal("HoloZero.Reference float64", engines[1]);
        var doctor = await HoloZeroAsync("doctor", "--model", _temporary["out"]);
        Assert.Contains("the model is sound on this machine", doctor.Text);
    }

    [Fact]
    public async Task A_device_for_an_engine_without_one_is_refused() =>
        RequireRefusal(await ExportAsync("--checkpoint", GoldenSuite.Tiny.CheckpointPath, "--output", _temporary["out"],
            "--device", "cuda"), 2, "--device", "--engine torchsharp");

    [Fact]
    public async Task Probe_measures_both_readings_and_says_what_it_found()
    {
        string[] arguments = ["probe", GoldenSuite.Demo.CheckpointPath, "--text", HeldOut, "--max-bytes", "600"];
        var result = await ExportAsync([.. arguments, "--engine", "reference"]);
        Assert.Equal((0, ""), (result.ExitCode, result.StandardError));
        Assert.Matches(@"^384 bytes in 3 windows of 24 prefix slots and 129 stream bytes, computed with HoloZero.Reference float64\n\n"
            + @"prefix attention   bits/byte\ncausal +1\.\d{5}.*\nbidirectional +1\.\d{5}.*\n\nverdict: [^\n]+\n$", result.Text);

        // Whatever engine is the fastest here finds the same.
        var (slow, fast) = (await JsonAsync([.. arguments, "--engine", "reference"]), await JsonAsync(arguments));
        Assert.Equal(TorchSharpBuild.Available, fast.GetProperty("engine").GetString()!.StartsWith("TorchSharp", StringComparison.Ordinal));
        foreach (var reading in (string[])["causal", "bidirectional"])
        {
            Assert.Equal(slow.GetProperty("bits_per_byte").GetProperty(reading).GetDouble(),
                fast.GetProperty("bits_per_byte").GetProperty(reading).GetDouble(), 1e-5);
        }

        static async Task<JsonElement> JsonAsync(string[] command) =>
            JsonDocument.Parse((await ExportAsync([.. command, "--json"])).StandardOutput).RootElement;
    }

    [Fact]
    public async Task Probe_refuses_what_it_cannot_measure_in_one_line()
    {
        string[] probe = ["probe", GoldenSuite.Tiny.CheckpointPath, "--text"];
        File.WriteAllText(_temporary["short"], "short");
        RequireRefusal(await ExportAsync([.. probe, _temporary["short"]]), 2, "--text", "too few");
        RequireRefusal(await ExportAsync([.. probe, _temporary["none"]]), 2, "no such file");
        RequireRefusal(await ExportAsync([.. probe, HeldOut, "--prefix-slots", "1"]), 2, "--prefix-slots");
        RequireRefusal(await ExportAsync([.. probe, HeldOut, "--max-bytes", "0"]), 2, "--max-bytes");
        RequireRefusal(await ExportAsync([.. probe, HeldOut, "--stride", "0"]), 2, "--stride");
    }

    [Fact]
    public async Task A_run_trains_says_what_it_has_and_goes_on()
    {
        TorchSharpBuild.Require();
        var result = await ExportAsync(Training);
        Assert.Equal((0, ""), (result.ExitCode, result.StandardError));
        var lines = result.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("parameters: 150,404 (door: 0, self_blocks: 99,968, mem_blocks: 33,538, norm: 128, head: 16,770)", lines[0]);
        Assert.Matches(@"^4 steps: held-out text from \d\.\d{5} to \d\.\d{5} bits/byte, saved in ", lines[1]);
        foreach (var file in (string[])["model.pt", "model.safetensors"])
            Assert.Equal(0, (await ExportAsync("--checkpoint", _temporary["run", file], "--output", _temporary[file])).ExitCode);

        // It is at its end: to resume it changes nothing.
        var before = File.ReadAllBytes(_temporary["run", "training.json"]);
        Assert.Equal(0, (await ExportAsync("train", "--resume", _temporary["run"])).ExitCode);
        Assert.Equal(before, File.ReadAllBytes(_temporary["run", "training.json"]));
        RequireRefusal(await ExportAsync("train", "--resume", _temporary["run"], "--steps", "9"), 2, "--steps", "leave it out");
        RequireRefusal(await ExportAsync("train", "--resume", _temporary["run"], "--text", Path.Combine(Repository.Root, "README.md")), 2,
            "README.md", "not the text that the run began with");
    }

    [Fact]
    public async Task An_interrupted_run_is_saved_and_says_so()
    {
        TorchSharpBuild.Require();
        using var process = Start("HoloZero.Exporter.Cli", "holozero-export", [.. TrainingOf("1000000"), "--save-every", "1"]);
        while (!process.HasExited && !File.Exists(_temporary["run", "training.json"])) await Task.Delay(20);
        using (var kill = Process.Start("kill", ["-INT", $"{process.Id}"])) await kill.WaitForExitAsync();
        var result = await FinishAsync(process);
        Assert.Equal((130, "holozero-export: interrupted\n"), (result.ExitCode, result.StandardError));
        var log = JsonDocument.Parse(File.ReadAllBytes(_temporary["run", "training.json"])).RootElement;
        Assert.True(log.GetProperty("step").GetInt64() > 0);
        Assert.Single(Directory.GetFileSystemEntries(_temporary.Path));
    }

    [Fact]
    public async Task What_cannot_be_trained_is_refused_in_one_line()
    {
        TorchSharpBuild.Require();
        string[] text = ["--text", HeldOut, "--steps", "2", "--output", _temporary["run"]];
        RequireRefusal(await ExportAsync(["train", .. text]), 2, "--checkpoint", "--new CONFIG");
        RequireRefusal(await ExportAsync(["train", "--new", "tiny", "--checkpoint", "x", .. text]), 2, "--new", "contradicts");
        RequireRefusal(await ExportAsync(["train", "--new", _temporary["none.json"], .. text]), 2, "no such file");
        RequireRefusal(await ExportAsync(["train", "--new", "tiny", .. text, "--learning-rate", "-1"]), 2, "--learning-rate");
        RequireRefusal(await ExportAsync("train", "--new", "tiny", "--steps", "2", "--output", _temporary["run"]), 2, "--text");
        RequireRefusal(await ExportAsync("train", "--resume", _temporary["none"]), 2, "no such folder");
        File.WriteAllText(_temporary["mine"], "mine");
        RequireRefusal(await ExportAsync("train", "--new", "tiny", "--text", HeldOut, "--steps", "2", "--output", _temporary.Path), 2,
            "not a training run");
    }

    private string[] TrainingOf(string steps) => ["train", "--new", "tiny", "--text", HeldOut, "--steps", steps, "--batch", "2",
        "--prefix-slots", "2", "--stream-bytes", "17", "--held-out-windows", "2", "--output", _temporary["run"]];
}
