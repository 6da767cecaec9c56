using HoloZero.Artifacts;
using HoloZero.Testing;
using static HoloZero.EndToEnd.Tests.Programs;

namespace HoloZero.EndToEnd.Tests;

public sealed class ExportTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    public static TheoryData<string, string> BadCheckpoints { get; } = new()
    {
        { "big-endian.pt", "byte order 'big'" },
        { "empty.pt", "the file is empty" },
        { "huge-header.safetensors", "header claims" },
        { "learned-door.pt", "door is 'learned'" },
        { "legacy-format.pt", "PyTorch 1.6" },
        { "missing-tensor.pt", "1 missing: 'self_blocks.1.ff.3.weight'" },
        { "nan-weight.pt", "'norm.weight' is NaN at [3]" },
        { "no-config.pt", "cfg" },
        { "overlapping.safetensors", "has 247 bytes, which is not Float32 [64]" },
        { "runs-code.pt", "posix.system" },
        { "slot-too-wide.pt", "K is 3" },
        { "text.pt", "neither" },
        { "truncated.pt", "zip directory is damaged" },
        { "unexpected-tensor.pt", "1 unexpected: 'cross_blocks.0.q.weight'" },
        { "wrong-shape.pt", "has the shape" },
    };

    [Theory]
    [MemberData(nameof(BadCheckpoints))]
    public async Task Every_bad_checkpoint_is_refused_in_one_line_and_leaves_nothing(string file, string cause)
    {
        var result = await ExportAsync("--checkpoint", Repository.Golden("bad", file), "--output", _temporary["out"]);
        RequireRefusal(result, 2, file, cause);
        Assert.Empty(Directory.GetFileSystemEntries(_temporary.Path));
    }

    [Fact]
    public void No_bad_checkpoint_is_left_out()
    {
        var files = Directory.GetFiles(Repository.Golden("bad")).Select(path => Path.GetFileName(path));
        Assert.Equal(files.Order(), BadCheckpoints.Select(row => row.Data.Item1).Order());
    }

    [Fact]
    public async Task A_hostile_pickle_runs_nothing()
    {
        // What runs-code.pt would do in a careless reader.
        const string marker = "/tmp/holozero-pwned";
        File.Delete(marker);
        RequireRefusal(await ExportAsync("inspect", Repository.Golden("bad", "runs-code.pt")), 2, "posix.system");
        RequireRefusal(await ExportAsync("--checkpoint", Repository.Golden("bad", "runs-code.pt"), "--output", _temporary["out"]), 2,
            "posix.system");
        Assert.False(File.Exists(marker));
    }

    [Fact]
    public async Task Paths_that_are_no_checkpoint_are_told_apart()
    {
        RequireRefusal(await ExportAsync("--checkpoint", _temporary["nowhere.pt"], "--output", _temporary["out"]), 2, "nowhere.pt",
            "no such file");
        RequireRefusal(await ExportAsync("--checkpoint", _temporary.Path, "--output", _temporary["out"]), 2, "is a directory");
    }

    [Fact]
    public async Task A_folder_that_is_not_ours_is_left_alone()
    {
        File.WriteAllText(_temporary["mine"], "mine");
        RequireRefusal(await ExportAsync("--checkpoint", GoldenSuite.Tiny.CheckpointPath, "--output", _temporary.Path), 2, _temporary.Path,
            "not an exported model");
        RequireRefusal(await ExportAsync("--checkpoint", GoldenSuite.Tiny.CheckpointPath, "--output", _temporary["mine"]), 2, "is a file");
        Assert.Equal("mine", File.ReadAllText(_temporary["mine"]));
        Assert.Single(Directory.GetFileSystemEntries(_temporary.Path));
    }

    [Theory]
    [InlineData("-INT", 130)]
    [InlineData("-TERM", 143)]
    public async Task An_interrupted_export_says_so_and_leaves_nothing(string signal, int code)
    {
        // Now and then an export is done before the signal comes; then it is tried again.
        for (var attempt = 0; attempt < 10; attempt++)
        {
            using var process = Start("HoloZero.Exporter.Cli", "holozero-export", "--checkpoint", GoldenSuite.Demo.CheckpointPath,
                "--output", _temporary["parent", "out"]);
            while (!process.HasExited && !Directory.Exists(_temporary["parent"])) await Task.Delay(1);
            await SignalAsync(process, signal);
            var result = await FinishAsync(process);
            if (result.ExitCode == 0)
            {
                Directory.Delete(_temporary["parent"], recursive: true);
                continue;
            }

            RequireRefusal(result, code, "ed");
            Assert.Empty(Directory.GetFileSystemEntries(_temporary.Path));
            return;
        }

        Assert.Fail("every export was done before the signal came");
    }

    [Fact]
    public async Task Usage_errors_are_one_line()
    {
        RequireRefusal(await ExportAsync("--checkpoint", "x"), 2, "--output");
        string[] tiny = ["--checkpoint", GoldenSuite.Tiny.CheckpointPath, "--output", _temporary["out"]];
        var variant = await ExportAsync([.. tiny, "--variant", "int2"]);
        RequireRefusal(variant, 2, "int2", "portable");
        RequireRefusal(await ExportAsync("--checkpoint", "x", "--output", "y", "--prefix-attention", "sideways"), 2, "sideways");
    }

    [Fact]
    public async Task Fixed_scales_come_from_a_text_that_the_manifest_names()
    {
        string[] tiny = ["--checkpoint", GoldenSuite.Tiny.CheckpointPath, "--variant", "int8", "--accept-any-quality"];
        var text = Repository.Golden("demo-heldout.txt");
        foreach (var (source, more) in ((string, string[])[])[("own", []), ("given", ["--calibration", text])])
        {
            var result = await ExportAsync([.. tiny, "--output", _temporary[source], .. more]);
            Assert.Equal((0, ""), (result.ExitCode, result.StandardError));
            var variant = ArtifactFolder.Open(_temporary[source]).Variant("int8");
            Assert.Equal(source, variant.Calibration!.Source);
            Assert.True(variant.Exact);
        }

        Assert.Equal(FileHash.Sha256(text), ArtifactFolder.Open(_temporary["given"]).Variant("int8").Calibration!.TextSha256);
        Assert.NotEqual(FileHash.Sha256(_temporary["own", "model.int8.onnx"]), FileHash.Sha256(_temporary["given", "model.int8.onnx"]));

        File.WriteAllText(_temporary["short"], "too short");
        RequireRefusal(await ExportAsync([.. tiny, "--output", _temporary["out"], "--calibration", _temporary["short"]]), 2,
            "--calibration", "9 bytes");
        RequireRefusal(await ExportAsync("--checkpoint", GoldenSuite.Tiny.CheckpointPath, "--output", _temporary["out"], "--calibration",
            text), 2, "--calibration", "int8");
        Assert.False(Directory.Exists(_temporary["out"]));
    }

    [Fact]
    public async Task Random_weights_stand_in_for_a_checkpoint()
    {
        File.WriteAllText(_temporary["config.json"], """{"dim": 64, "dec_layers": 1, "heads": 4, "K": 2, "door": "zero"}""");
        string[] random = ["--random", _temporary["config.json"], "--seed", "7", "--variant", "all", "--accept-any-quality"];
        var result = await ExportAsync([.. random, "--output", _temporary["model"]]);
        Assert.Equal((0, ""), (result.ExitCode, result.StandardError));
        var doctor = await HoloZeroAsync("doctor", "--model", _temporary["model"]);
        Assert.Equal(0, doctor.ExitCode);
        Assert.Contains("the model is sound", doctor.Text);
        string[] files = Directory.GetFiles(_temporary["model"], "model.*.onnx");
        Assert.Equal(["cuda", "cuda-int4", "cuda-int8", "fp32", "int4", "int8", "portable"], files.Select(path =>
            Path.GetFileName(path).Split('.')[1]).Order());

        File.WriteAllText(_temporary["narrow.json"], """{"dim": 54, "dec_layers": 1, "heads": 3, "K": 2, "door": "zero"}""");
        RequireRefusal(await ExportAsync("--random", _temporary["narrow.json"], "--output", _temporary["out"]), 2, "54 / 3 is 18",
            "portable");

        string[] tiny = ["--checkpoint", GoldenSuite.Tiny.CheckpointPath, "--output", _temporary["out"]];
        RequireRefusal(await ExportAsync([.. tiny, .. random]), 2, "--random", "--checkpoint");
        RequireRefusal(await ExportAsync([.. tiny, "--seed", "7"]), 2, "--seed");
        RequireRefusal(await ExportAsync("--output", _temporary["out"]), 2, "--checkpoint", "--random");
        RequireRefusal(await ExportAsync("--random", "nowhere", "--output", _temporary["out"]), 2, "--random", "'nowhere'", "published");
        Assert.False(Directory.Exists(_temporary["out"]));
    }

    [Fact]
    public async Task Inspect_tells_what_a_checkpoint_holds()
    {
        var result = await ExportAsync("inspect", GoldenSuite.Demo.CheckpointPath);
        Assert.Equal((0, ""), (result.ExitCode, result.StandardError));
        Assert.Contains("dim 256, dec_layers 3, heads 4, K 8", result.Text);
        Assert.Contains("3,227,141 parameters, 0 of them in the input layer", result.Text);
        Assert.Contains("self_blocks.2.qkv.weight", result.Text);
        Assert.Contains("\"parameters\": 3227141", (await ExportAsync("inspect", GoldenSuite.Demo.CheckpointPath, "--json")).Text);
    }

    [Fact]
    public async Task The_prefix_attention_is_part_of_the_artifact()
    {
        var result = await ExportAsync("--checkpoint", GoldenSuite.Tiny.CheckpointPath, "--output", _temporary["out"], "--prefix-attention",
            "bidirectional");
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("\"prefix_attention\": \"bidirectional\"", File.ReadAllText(_temporary["out", "holozero.json"]));
    }
}
