using HoloZero.Artifacts;
using HoloZero.Testing;
using static HoloZero.EndToEnd.Tests.Programs;

namespace HoloZero.EndToEnd.Tests;

public sealed class ValidateProgramTests(ExportedModels exported) : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public async Task A_sound_artifact_passes_and_leaves_a_report()
    {
        var result = await ValidateAsync("--model", exported.Tiny, "--golden", Repository.Golden(), "--report", _temporary["report"]);
        Assert.Equal((0, ""), (result.ExitCode, result.StandardError));
        Assert.Contains("compared with published PyTorch code", result.Text);
        Assert.Contains("PASSED", result.Text);
        Assert.Equal(["report.html", "report.json"],
            Directory.GetFiles(_temporary["report"]).Select(path => Path.GetFileName(path)).Order());
    }

    [Fact]
    public async Task An_artifact_of_other_weights_fails_with_every_check_that_sees_it()
    {
        // Rounded weights under the name of the exact ones: hashes agree, only the numbers can tell.
        Assert.Equal(0, (await ExportAsync("--checkpoint", Repository.Golden("tiny-fp16.pt"), "--output", _temporary["model"])).ExitCode);
        var manifest = _temporary["model", ArtifactManifest.FileName];
        File.WriteAllText(manifest, File.ReadAllText(manifest)
            .Replace(FileHash.Sha256(Repository.Golden("tiny-fp16.pt")), FileHash.Sha256(GoldenSuite.Tiny.CheckpointPath)));

        var result = await ValidateAsync("--model", _temporary["model"], "--golden", Repository.Golden());
        Assert.Equal((1, ""), (result.ExitCode, result.StandardError));
        Assert.Matches("logits .* FAILED", result.Text);
        Assert.Matches("reference .* FAILED", result.Text);
        Assert.Matches(@"korean_serve.*\[\d+, \d+\]", result.Text);
    }

    [Fact]
    public async Task Bad_input_is_refused_in_one_line()
    {
        foreach (var file in Directory.GetFiles(Repository.Golden())) File.Copy(file, _temporary[Path.GetFileName(file)]);
        await using (var golden = File.OpenWrite(_temporary["tiny.golden.safetensors"])) golden.SetLength(golden.Length / 2);

        RequireRefusal(await ValidateAsync("--model", exported.Tiny, "--golden", _temporary.Path), 2, "tiny.golden.safetensors");
        RequireRefusal(await ValidateAsync("--model", exported.Tiny, "--golden", _temporary["nowhere"]), 2, "nowhere");
        RequireRefusal(await ValidateAsync("--model", _temporary["nowhere"]), 2, "nowhere", "no such folder");
        RequireRefusal(await ValidateAsync("--model", exported.Tiny, "--variant", "int2"), 2, "int2");
        RequireRefusal(await ValidateAsync("--model", exported.Tiny, "--report", exported.Demo), 2, exported.Demo);
    }

    private static Task<ProgramResult> ValidateAsync(params string[] arguments) =>
        RunAsync("HoloZero.Validation.Cli", "holozero-validate", arguments);
}
