using System.Text.Json;
using HoloZero.Testing;
using static HoloZero.EndToEnd.Tests.Programs;

namespace HoloZero.EndToEnd.Tests;

/// <summary>ci/gpu without a card: all that it does there, on the processor.</summary>
public sealed class GpuScriptTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public async Task Pieces_are_packed_carried_and_run_and_a_damaged_one_is_told()
    {
        // The programs as they are here instead of a copy of several hundred megabytes.
        var programs = Directory.CreateDirectory(_temporary["programs"]).FullName;
        File.CreateSymbolicLink(Path.Combine(programs, "holozero"), PathOf("HoloZero.Cli", "holozero"));
        File.CreateSymbolicLink(Path.Combine(programs, "holozero-validate"), PathOf("HoloZero.Validation.Cli", "holozero-validate"));
        Assert.Equal(0, (await ExportAsync("--checkpoint", Repository.Golden("tiny.pt"), "--output", _temporary["model"],
            "--variant", "cuda", "--variant", "fp32", "--accept-any-quality")).ExitCode);

        var packed = await ScriptAsync("PIECE_BYTES=400000", "pack.sh", "--programs", programs, "--checkpoint",
            Repository.Golden("tiny.pt"), _temporary["packed"], _temporary["model"]);
        Assert.True(packed.ExitCode == 0, packed.StandardError);
        string[] pieces = [.. Directory.GetFiles(_temporary["packed"], "bundle.*").Order(StringComparer.Ordinal)];
        Assert.InRange(pieces.Length, 2, 999);
        Assert.All(pieces, piece => Assert.InRange(new FileInfo(piece).Length, 1, 400_000));

        var run = await RehearseAsync("cpu");
        Assert.True(run.ExitCode == 0, run.Text + run.StandardError);
        Assert.Equal(["passed      doctor-model-cpu", "passed      validate-model-cpu", "passed      bench-model-cpu"], Summary()[..3]);
        RequirePyTorch(Summary()[3]);
        Assert.Contains("the model is sound", File.ReadAllText(_temporary["report", "doctor-model-cpu.txt"]));
        Assert.True(File.Exists(_temporary["report", "validate-model-cpu", "report.json"]));
        Assert.NotEqual("", File.ReadAllText(_temporary["report", "machine.txt"]));

        // A step that fails ends none of the others.
        File.AppendAllText(_temporary["unpacked", "models", "model", "model.fp32.onnx"], "damaged");
        run = await RehearseAsync("cpu");
        Assert.Equal(1, run.ExitCode);
        Assert.Equal(["FAILED 1    doctor-model-cpu", "FAILED 1    validate-model-cpu"], Summary()[..2]);
        Assert.Equal(4, Summary().Length);

        var bytes = File.ReadAllBytes(pieces[1]);
        bytes[100] ^= 1;
        File.WriteAllBytes(pieces[1], bytes);
        Directory.Delete(_temporary["unpacked"], recursive: true);
        run = await RehearseAsync("cpu");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("copy them again", run.StandardError);
    }

    /// <summary>PyTorch, where a python3 here has it, computed the artifact's logits before it was measured.</summary>
    private void RequirePyTorch(string line)
    {
        if (line == "NOT RUN     pytorch-model: no python3 here has PyTorch for cpu")
        {
            TestContext.Current.AddWarning("NOT RUN: pytorch.py, as no python3 here has PyTorch");
            return;
        }

        Assert.Equal("passed      pytorch-model", line);
        using var json = JsonDocument.Parse(File.ReadAllText(_temporary["report", "pytorch-model.json"]));
        Assert.InRange(json.RootElement.GetProperty("logits").GetProperty("float64").GetDouble(), 0, 1e-6);
        Assert.InRange(json.RootElement.GetProperty("logits").GetProperty("float32").GetDouble(), 0, 1e-4);
        string[] measured = [.. json.RootElement.GetProperty("measured").EnumerateArray().Select(entry =>
            $"{entry.GetProperty("what")} {entry.GetProperty("mode")} {entry.GetProperty("rows")}")];
        Assert.Equal(["step eager 1", "step eager 2", "prefill eager 1"], measured);
        // Of one and of two rows, the prefill, and the memory's floor.
        Assert.Equal(["eager", "eager", "eager", "memory floor"], json.RootElement.GetProperty("ratios").EnumerateArray()
            .Select(ratio => ratio.GetProperty("against").GetString()));
        Assert.All(json.RootElement.GetProperty("ratios").EnumerateArray(), ratio =>
            Assert.InRange(ratio.GetProperty("ratio").GetDouble(), double.Epsilon, double.MaxValue));
    }

    private Task<ProgramResult> RehearseAsync(string provider) => FinishAsync(Start("/usr/bin/env",
        ["BENCH=--rounds 1 --bytes 16 --rows 2", "BENCH_SESSIONS=none",
            "BENCH_PYTORCH=--rows 1,2 --steps 4 --warm 2 --rounds 1 --prefill 16 --copy-bytes 1000000", _temporary["packed", "run.sh"],
            "--provider", provider, "--unpacked", _temporary["unpacked"], _temporary["report"]]));

    private string[] Summary() => File.ReadAllLines(_temporary["report", "summary.txt"]);

    private static Task<ProgramResult> ScriptAsync(string variable, string script, params string[] arguments) =>
        FinishAsync(Start("/usr/bin/env", [variable, Path.Combine(Repository.Root, "ci", "gpu", script), .. arguments]));
}
