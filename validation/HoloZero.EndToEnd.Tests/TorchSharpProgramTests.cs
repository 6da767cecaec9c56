using System.Text.Json;
using HoloZero.Testing;
using static HoloZero.EndToEnd.Tests.Programs;

namespace HoloZero.EndToEnd.Tests;

/// <summary>What the programs do with TorchSharp where it loads, and what they say where it does not.</summary>
public sealed class TorchSharpProgramTests(ExportedModels exported) : IDisposable
{
    private static readonly string HeldOut = Repository.Golden("demo-heldout.txt");
    private readonly TemporaryFolder _temporary = new();

    private string[] Training => TrainingOf("4");

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public async Task Where_it_does_not_load_every_demand_for_it_is_refused_in_one_line_with_cause_and_cure()
    {
        Assert.SkipWhen(exported.WhyNoTorchSharp is null, "TorchSharp loads on this machine");
        RequireRefusal(await ExportAsync(Training), 3, exported.WhyNoTorchSharp);
        RequireRefusal(await ExportAsync("probe", GoldenSuite.Tiny.CheckpointPath, "--text", HeldOut, "--engine", "torchsharp"), 3,
            exported.WhyNoTorchSharp);
        Assert.Empty(Directory.GetFileSystemEntries(_temporary.Path));
    }

    /// <summary>On any machine: its library is an empty file. TorchSharp's own loader would find another in NuGet's folder.</summary>
    [Fact]
    public async Task Where_its_library_is_damaged_nothing_but_itself_is_disabled_and_nothing_is_copied()
    {
        const string cause = "TorchSharp's native library does not load (libLibTorchSharp.so: file too short)";
        var export = Damaged("HoloZero.Exporter.Cli", "holozero-export");
        string[] tiny = ["--checkpoint", GoldenSuite.Tiny.CheckpointPath, "--output", _temporary["out"]];
        RequireRefusal(await At(export, [.. tiny, "--engine", "torchsharp"]), 3, cause);
        RequireRefusal(await At(export, Training), 3, cause);
        var exportedHere = await At(export, tiny);
        Assert.Equal((0, ""), (exportedHere.ExitCode, exportedHere.StandardError));
        Assert.Contains($"self-check: HoloZero.Reference float64 alone ({cause}; ", exportedHere.Text);
        Assert.Equal(["HoloZero.Reference float64"], Engines(_temporary["out"]));
        var probe = await At(export, "probe", GoldenSuite.Tiny.CheckpointPath, "--text", HeldOut, "--max-bytes", "400");
        Assert.Equal((0, ""), (probe.ExitCode, probe.StandardError));
        Assert.Contains($"computed with HoloZero.Reference float64 ({cause}; ", probe.Text.Split('\n')[0]);

        var validate = await At(Damaged("HoloZero.Validation.Cli", "holozero-validate"), "--model", _temporary["out"], "--quick");
        Assert.Equal((0, ""), (validate.ExitCode, validate.StandardError));
        Assert.Contains($"\n  TorchSharp on the CPU: {cause}; ", validate.Text);
        Assert.Empty(Directory.GetDirectories(_temporary.Path, "cpu", SearchOption.AllDirectories));

        static async Task<ProgramResult> At(string path, params string[] arguments)
        {
            using var process = Start(path, arguments);
            return await FinishAsync(process);
        }
    }

    [Fact]
    public async Task The_validator_lists_it()
    {
        var result = await RunAsync("HoloZero.Validation.Cli", "holozero-validate", "--model", exported.Tiny, "--golden",
            Repository.Golden(), "--quick", "--json");
        Assert.Equal((0, ""), (result.ExitCode, result.StandardError));
        var report = JsonDocument.Parse(result.StandardOutput).RootElement;
        var engines = report.GetProperty("checks").EnumerateArray()
            .Where(check => check.GetProperty("check").GetString() == "engine").ToArray();
        if (exported.WhyNoTorchSharp is null)
            Assert.StartsWith("TorchSharp", Assert.Single(engines).GetProperty("scope").GetString());
        else
        {
            Assert.Empty(engines);
            var missing = report.GetProperty("not_checked").EnumerateArray().Select(item =>
                (item.GetProperty("subject").GetString(), item.GetProperty("reason").GetString()));
            Assert.Contains(("TorchSharp on the CPU", exported.WhyNoTorchSharp), missing);
        }
    }

    [Fact]
    public void Unless_told_otherwise_an_export_is_computed_by_all_engines_that_there_are() =>
        Assert.Equal(exported.WhyNoTorchSharp is null ? 2 : 1, Engines(exported.Tiny).Length);

    [Fact]
    public async Task The_self_check_is_computed_with_it_and_the_manifest_names_both_engines()
    {
        exported.RequireTorchSharp();
        var result = await ExportAsync("--checkpoint", GoldenSuite.Tiny.CheckpointPath, "--output", _temporary["out"],
            "--engine", "torchsharp");
        Assert.Equal((0, ""), (result.ExitCode, result.StandardError));
        Assert.Matches(@"\nself-check: TorchSharp .* and HoloZero.Reference float64 agree within \d\.\de-1\d of the largest logit\n$",
            result.Text);
        var engines = Engines(_temporary["out"]);
        Assert.Equal(2, engines.Length);
        Assert.Matches(@"^TorchSharp \d+\.\d+\.\d+ \(for libtorch [\d.]+\) float64 on CPU$", engines[0]);
        Assert.Equal("HoloZero.Reference float64", engines[1]);
        var doctor = await HoloZeroAsync("doctor", "--model", _temporary["out"]);
        Assert.Contains("the model is sound on this machine", doctor.Text);
    }

    [Fact]
    public async Task What_an_engine_cannot_take_is_refused_in_one_line()
    {
        string[] tiny = ["--checkpoint", GoldenSuite.Tiny.CheckpointPath, "--output", _temporary["out"]];
        RequireRefusal(await ExportAsync([.. tiny, "--engine", "reference", "--device", "cuda"]), 2, "--device", "--engine torchsharp");
        RequireRefusal(await ExportAsync([.. tiny, "--engine", "reference", "--threads", "2"]), 2, "--threads", "--engine torchsharp");
        RequireRefusal(await ExportAsync([.. tiny, "--threads", "0"]), 2, "--threads", "1 to 1,024");
        RequireRefusal(await ExportAsync([.. tiny, "--engine", "fastest"]), 2, "auto, reference, torchsharp");
        Assert.False(Directory.Exists(_temporary["out"]));
    }

    [Fact]
    public async Task Probe_measures_all_eight_readings_and_says_what_it_found()
    {
        string[] arguments = ["probe", GoldenSuite.Demo.CheckpointPath, "--text", HeldOut, "--max-bytes", "600"];
        var result = await ExportAsync([.. arguments, "--engine", "reference"]);
        Assert.Equal((0, ""), (result.ExitCode, result.StandardError));
        Assert.Matches(@"^384 bytes in 3 windows of 24 prefix slots and 129 stream bytes, computed with HoloZero.Reference float64\n\n"
            + @"reading +bits/byte +behind  standard error\n((causal|bidirectional)-(continuous|restarted)-(bare|zero) +\d\.\d{5}.*\n){8}\n"
            + @"prefix attention: .*\nstream positions: .*\nstream origin: .*\nverdict: [^\n]+\n$", result.Text);

        // Whatever engine is the fastest here finds the same.
        var (slow, fast) = (await JsonAsync([.. arguments, "--engine", "reference"]), await JsonAsync(arguments));
        var torchSharp = fast.GetProperty("engine").GetString()!.StartsWith("TorchSharp", StringComparison.Ordinal);
        Assert.Equal(exported.WhyNoTorchSharp is null, torchSharp);
        foreach (var (one, other) in slow.GetProperty("readings").EnumerateArray().Zip(fast.GetProperty("readings").EnumerateArray()))
        {
            Assert.Equal(one.GetProperty("reading").GetString(), other.GetProperty("reading").GetString());
            Assert.Equal(one.GetProperty("bits_per_byte").GetDouble(), other.GetProperty("bits_per_byte").GetDouble(), 1e-5);
        }

        static async Task<JsonElement> JsonAsync(string[] command) =>
            JsonDocument.Parse((await ExportAsync([.. command, "--json"])).StandardOutput).RootElement;
    }

    [Fact]
    public async Task Probe_says_what_its_threshold_is_and_whether_there_is_more_text()
    {
        string[] probe = ["probe", GoldenSuite.Demo.CheckpointPath, "--text", HeldOut, "--engine", "reference", "--stream-bytes", "9",
            "--prefix-slots", "2", "--stride", "8"];
        var one = (await ExportAsync([.. probe, "--max-bytes", "25"])).Text;
        Assert.DoesNotContain("Infinity", one);
        Assert.Equal(3, one.Split("bits/byte in one window say nothing of the noise\n").Length - 1);
        Assert.EndsWith("\nverdict: none, raise --max-bytes, or leave it out\n", one);
        File.WriteAllBytes(_temporary["text"], File.ReadAllBytes(HeldOut)[..41]);
        probe[3] = _temporary["text"];
        foreach (var all in (string[][])[probe, [.. probe, "--max-bytes", "41"]])
        {
            var text = (await ExportAsync(all)).Text;
            Assert.Matches(@"\nprefix attention: (not told|causal|bidirectional), .*, 3 standard errors of \d\.\d{5}\n", text);
            Assert.DoesNotContain("--max-bytes", text);
        }
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
        exported.RequireTorchSharp();
        var result = await ExportAsync(Training);
        Assert.Equal((0, ""), (result.ExitCode, result.StandardError));
        var lines = result.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("parameters: 150,404 (door: 0, self_blocks: 99,968, mem_blocks: 33,538, norm: 128, head: 16,770)", lines[0]);
        Assert.Equal("reading: causal-continuous-bare", lines[1]);
        Assert.Matches("^learning rate: ", lines[2]);
        Assert.Matches(@"^step 0 of 4: held out \d\.\d{4} bits/byte$", lines[3]);
        Assert.Matches(@"^step 2 of 4: loss \d\.\d{4}, \d\.\d{4} bits/byte, held out \d\.\d{4} bits/byte.*, [\d,]+ bytes/s, .* left$",
            lines[4]);
        var log = JsonDocument.Parse(File.ReadAllBytes(_temporary["run", "training.json"])).RootElement;
        Assert.Equal(1, log.GetProperty("options").GetProperty("threads").GetInt32());
        Assert.Matches(@"^4 steps: held-out text from \d\.\d{5} to \d\.\d{5} bits/byte, best \d\.\d{5} at step \d, saved in ", lines[6]);
        Assert.Equal(4, File.ReadAllLines(_temporary["run", "training.csv"]).Length);
        foreach (var file in (string[])["model.pt", "model.safetensors"])
            Assert.Equal(0, (await ExportAsync("--checkpoint", _temporary["run", file], "--output", _temporary[file])).ExitCode);

        // It is at its end: to resume it changes nothing.
        var before = File.ReadAllBytes(_temporary["run", "training.json"]);
        Assert.Equal(0, (await ExportAsync("train", "--resume", _temporary["run"])).ExitCode);
        Assert.Equal(before, File.ReadAllBytes(_temporary["run", "training.json"]));
        RequireRefusal(await ExportAsync(Training), 2, "it holds a run, 4 of 4 steps");
        RequireRefusal(await ExportAsync("train", "--resume", _temporary["run"], "--steps", "3"), 2, "--steps", "3 are done already, of 4");
        RequireRefusal(await ExportAsync("train", "--resume", _temporary["run"], "--threads", "2"), 2, "--threads", "leave it out");
        RequireRefusal(await ExportAsync("train", "--resume", _temporary["run"], "--precision", "bfloat16"), 2, "--precision",
            "a resumed run keeps what it began with");
        RequireRefusal(await ExportAsync("train", "--resume", _temporary["run"], "--text", Path.Combine(Repository.Root, "README.md")), 2,
            "README.md", "not what the run began with");
        var measured = await ExportAsync("train", "--resume", _temporary["run"], "--evaluate-only");
        Assert.Matches(@"^held out: \d\.\d{5} bits/byte over [\d,]+ predicted bytes, read as causal-continuous-bare\n$", measured.Text);
        Assert.Equal(before, File.ReadAllBytes(_temporary["run", "training.json"]));
        Assert.Contains("\n6 steps: ", (await ExportAsync("train", "--resume", _temporary["run"], "--steps", "6")).Text);
        Assert.Contains("\n4 steps: ", (await ExportAsync([.. Training, "--overwrite"])).Text);
    }

    [Fact]
    public async Task What_a_model_was_trained_as_is_what_it_is_exported_probed_and_trained_as()
    {
        exported.RequireTorchSharp();
        Assert.Equal(0, (await ExportAsync([.. Training, "--prefix-attention", "bidirectional", "--stream-origin", "zero"])).ExitCode);
        var checkpoint = _temporary["run", "model.pt"];
        Assert.Equal(0, (await ExportAsync("--checkpoint", checkpoint, "--output", _temporary["out"])).ExitCode);
        var model = JsonDocument.Parse(File.ReadAllBytes(_temporary["out", "holozero.json"])).RootElement.GetProperty("model");
        Assert.Equal(("bidirectional", "continuous", "zero"), (model.GetProperty("prefix_attention").GetString(),
            model.GetProperty("stream_positions").GetString(), model.GetProperty("stream_origin").GetString()));
        Assert.Contains("reading: bidirectional-continuous-zero\n", (await ExportAsync("inspect", checkpoint)).Text);
        var probe = await ExportAsync("probe", checkpoint, "--text", HeldOut, "--max-bytes", "400");
        Assert.Contains("\nthe checkpoint says it was trained with: bidirectional continuous zero; ", probe.Text);
        string[] again = ["train", "--checkpoint", checkpoint, "--text", HeldOut, "--steps", "1", "--batch", "1", "--output",
            _temporary["again"]];
        Assert.Contains("\nreading: bidirectional-continuous-zero\n", (await ExportAsync(again)).Text);
        RequireRefusal(await ExportAsync([.. again, "--overwrite", "--prefix-attention", "causal"]), 2, "--prefix-attention",
            "causal contradicts model.pt, which says bidirectional");
        RequireRefusal(await ExportAsync("--checkpoint", checkpoint, "--output", _temporary["out"], "--stream-origin", "bare"), 2,
            "--stream-origin", "bare contradicts");
        RequireRefusal(await ExportAsync("probe", checkpoint, "--text", HeldOut, "--stream-origin", "bare"), 2, "--stream-origin");
    }

    [Fact]
    public async Task A_run_on_documents_says_what_became_of_them_and_goes_on_with_them()
    {
        exported.RequireTorchSharp();
        File.WriteAllText(_temporary["texts"], string.Join("\n\n", Enumerable.Repeat(new string('a', 40), 30)) + "\n\n\n\nshort");
        string[] run = [.. Training, "--eos", "--dropout", "0.1", "--document-separator-hex", "0a0a"];
        run[Array.IndexOf(run, HeldOut)] = _temporary["texts"];
        foreach (var command in (string[][])[run, ["train", "--resume", _temporary["run"], "--steps", "5"]])
        {
            Assert.StartsWith("documents: 28 learned, 3 held out, 1 of them too short for a window, 1 empty ones skipped\n",
                (await ExportAsync(command)).Text);
        }

        var options = JsonDocument.Parse(File.ReadAllBytes(_temporary["run", "training.json"])).RootElement.GetProperty("options");
        Assert.Equal(("0a0a", 0.1), (options.GetProperty("document_separator").GetString(), options.GetProperty("dropout").GetDouble()));
    }

    [Fact]
    public async Task A_run_in_bfloat16_says_so_and_goes_on_in_it()
    {
        var help = (await ExportAsync("train", "--help")).Text;
        Assert.Contains("--precision <float32|bfloat16>", help);
        exported.RequireTorchSharp();
        foreach (var command in (string[][])[[.. Training, "--precision", "bfloat16"],
            ["train", "--resume", _temporary["run"], "--steps", "5"]])
            Assert.Contains("\nprecision: products of Linears and attention in bfloat16; ", (await ExportAsync(command)).Text);
        var log = JsonDocument.Parse(File.ReadAllBytes(_temporary["run", "training.json"])).RootElement;
        Assert.Equal("bfloat16", log.GetProperty("options").GetProperty("precision").GetString());
    }

    [Fact]
    public async Task A_run_that_gets_worse_says_so_and_keeps_the_best()
    {
        exported.RequireTorchSharp();
        var result = await ExportAsync([.. TrainingOf("9"), "--learning-rate", "1", "--warm-up", "0"]);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("held-out text is worse than it began", result.StandardError);
        Assert.True(File.Exists(_temporary["run", "best.safetensors"]));
    }

    [Fact]
    public async Task Two_trainers_do_not_share_a_folder_and_what_a_killed_one_left_is_gone_with_the_next()
    {
        exported.RequireTorchSharp();
        using var process = Start("HoloZero.Exporter.Cli", "holozero-export", [.. TrainingOf("1000000"), "--save-every", "1"]);
        while (!process.HasExited && !File.Exists(_temporary["run", "training.json"])) await Task.Delay(20);
        RequireRefusal(await ExportAsync("train", "--resume", _temporary["run"]), 2, "another process trains in it");
        RequireRefusal(await ExportAsync([.. Training, "--overwrite"]), 2, "another process trains in it");
        await SignalAsync(process, "-KILL");
        await process.WaitForExitAsync();
        var step = JsonDocument.Parse(File.ReadAllBytes(_temporary["run", "training.json"])).RootElement.GetProperty("step").GetInt64();
        Assert.Equal(0, (await ExportAsync("train", "--resume", _temporary["run"], "--steps", $"{step + 1}")).ExitCode);
        Assert.Equal([_temporary["run"]], Directory.GetFileSystemEntries(_temporary.Path));
    }

    [Fact]
    public async Task An_interrupted_run_is_saved_and_says_so()
    {
        exported.RequireTorchSharp();
        using var process = Start("HoloZero.Exporter.Cli", "holozero-export", [.. TrainingOf("1000000"), "--save-every", "1"]);
        while (!process.HasExited && !File.Exists(_temporary["run", "training.json"])) await Task.Delay(20);
        await SignalAsync(process, "-INT");
        var result = await FinishAsync(process);
        Assert.Equal((130, "holozero-export: interrupted\n"), (result.ExitCode, result.StandardError));
        var log = JsonDocument.Parse(File.ReadAllBytes(_temporary["run", "training.json"])).RootElement;
        Assert.True(log.GetProperty("step").GetInt64() > 0);
        Assert.Single(Directory.GetFileSystemEntries(_temporary.Path));
    }

    [Fact]
    public async Task What_cannot_be_trained_is_refused_in_one_line()
    {
        exported.RequireTorchSharp();
        string[] text = ["--text", HeldOut, "--steps", "2", "--output", _temporary["run"]];
        RequireRefusal(await ExportAsync(["train", .. text]), 2, "--checkpoint", "--new CONFIG");
        RequireRefusal(await ExportAsync(["train", "--new", "tiny", "--checkpoint", "x", .. text]), 2, "--new", "contradicts");
        RequireRefusal(await ExportAsync(["train", "--new", _temporary["none.json"], .. text]), 2, "neither a file");
        RequireRefusal(await ExportAsync(["train", "--new", "tiny", .. text, "--learning-rate", "-1"]), 2, "--learning-rate");
        RequireRefusal(await ExportAsync("train", "--new", "tiny", "--steps", "2", "--output", _temporary["run"]), 2, "--text");
        RequireRefusal(await ExportAsync("train", "--resume", _temporary["none"]), 2, "no such folder");
        RequireRefusal(await ExportAsync(["train", "--new", "tiny", .. text, "--held-out", HeldOut]), 2, "--held-out", "are the same");
        RequireRefusal(await ExportAsync(["train", "--new", "tiny", .. text, "--film-windows", "4"]), 2, "--film-windows", "no windows");
        RequireRefusal(await ExportAsync(["train", "--new", "tiny", .. text, "--slot-rest", "pad"]), 2, "--slot-rest", "no windows");
        RequireRefusal(await ExportAsync(["train", "--new", "tiny", .. text, "--eos"]), 2, "--eos", "held out");
        RequireRefusal(await ExportAsync(["train", "--new", "tiny", .. text, "--document-separator", "never there"]), 2,
            "--document-separator", "occurs in no text");
        RequireRefusal(await ExportAsync(["train", "--new", "tiny", .. text, "--document-separator", "a",
            "--document-separator-hex", "0a"]), 2, "--document-separator", "contradicts");
        RequireRefusal(await ExportAsync(["train", "--new", "tiny", .. text, "--dropout", "1"]), 2, "--dropout", "below 1");
        RequireRefusal(await ExportAsync(["train", "--new", "tiny", .. text, "--evaluate-only"]), 2, "--output", "nothing is learned");
        File.WriteAllText(_temporary["c.json"],
            """{"dim": 64, "dec_layers": 2, "heads": 4, "K": 2, "door": "zero", "dropout": 0.1}""");
        RequireRefusal(await ExportAsync(["train", "--new", _temporary["c.json"], .. text]), 2, "'dropout' is not read", "leave it out");
        File.WriteAllBytes(_temporary["films"], new byte[539 * 8]);
        RequireRefusal(await ExportAsync("train", "--new", "tiny", "--windows", _temporary["films"], "--prefix-slots", "3", "--steps", "1",
            "--output", _temporary["run"]), 2, "--prefix-slots", "there is no text");
        RequireRefusal(await ExportAsync("train", "--new", "tiny", "--windows", _temporary["films"], "--held-out", HeldOut, "--steps", "1",
            "--output", _temporary["run"]), 2, "--held-out", "there is no text");
        File.WriteAllText(_temporary["mine"], "mine");
        RequireRefusal(await ExportAsync("train", "--new", "tiny", "--text", HeldOut, "--steps", "2", "--output", _temporary.Path), 2,
            "not a training run");
    }

    [Fact]
    public async Task An_ablation_trains_its_arms_once_and_writes_their_table()
    {
        exported.RequireTorchSharp();
        string[] ablate = ["ablate", "--text", HeldOut, "--steps", "2", "--seeds", "1", "--arms", "projection,embedding,permuted",
            "--batch", "2", "--prefix-slots", "2", "--stream-bytes", "17", "--held-out-windows", "2",
            "--threads", "1", "--output", _temporary["out"]];
        var first = await ExportAsync(ablate);
        Assert.Equal((0, ""), (first.ExitCode, first.StandardError));
        Assert.Contains("arm projection, seed 0: 5,312 parameters at the door", first.Text);
        var table = File.ReadAllText(_temporary["out", "ablation.md"]);
        Assert.EndsWith(table, first.Text);
        Assert.Contains("| embedding | ", table);
        var again = await ExportAsync(ablate);
        Assert.Equal((0, table.Trim()), (again.ExitCode, again.Text.Trim()));
        RequireRefusal(await ExportAsync([.. ablate, "--learning-rate", "0.1"]), 2, "projection-0", "other options");
        RequireRefusal(await ExportAsync([.. ablate[..^1], _temporary["other"], "--arms", "none"]), 2, "--arms", "'none' is no arm");

        // What was trained says its door, and is exported and run with it.
        foreach (var (arm, door, substrate) in new[] { ("embedding", "embedding", "hsl"), ("permuted", "zero", "permuted") })
        {
            var model = _temporary["out", $"{arm}-0", "model.pt"];
            Assert.Contains($"behind the {door} door", (await ExportAsync("inspect", model)).Text);
            var export = await ExportAsync("--checkpoint", model, "--output", _temporary[arm]);
            Assert.Equal((0, ""), (export.ExitCode, export.StandardError));
            var manifest = JsonDocument.Parse(File.ReadAllBytes(_temporary[arm, "holozero.json"])).RootElement.GetProperty("model");
            Assert.Equal((door, substrate), (manifest.GetProperty("door").GetString(), manifest.GetProperty("substrate").GetString()));
            Assert.Equal(0, (await HoloZeroAsync("doctor", "--model", _temporary[arm])).ExitCode);
        }
    }

    private string[] TrainingOf(string steps) => ["train", "--new", "tiny", "--text", HeldOut, "--steps", steps, "--batch", "2",
        "--evaluate-every", "2", "--prefix-slots", "2", "--stream-bytes", "17", "--held-out-windows", "2", "--threads", "1", "--output",
        _temporary["run"]];

    /// <summary>A program with everything that its build has, but for TorchSharp's native library, which is an empty file.</summary>
    private string Damaged(string project, string program)
    {
        var (from, to) = (Path.GetDirectoryName(PathOf(project, program))!, _temporary[project]);
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            if (file.EndsWith("libLibTorchSharp.so", StringComparison.Ordinal)) File.WriteAllBytes(copy, []);
            else if (file.EndsWith(".so", StringComparison.Ordinal)) File.CreateSymbolicLink(copy, file);
            else File.Copy(file, copy);
        }

        return Path.Combine(to, program);
    }

    private static string[] Engines(string folder) =>
        [.. JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "holozero.json"))).RootElement.GetProperty("golden")
            .GetProperty("engines").EnumerateArray().Select(engine => engine.GetString()!)];
}
