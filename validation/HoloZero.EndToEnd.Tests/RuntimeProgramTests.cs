using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using HoloZero.Artifacts;
using HoloZero.Testing;
using static HoloZero.EndToEnd.Tests.Programs;

namespace HoloZero.EndToEnd.Tests;

public sealed class RuntimeProgramTests(ExportedModels exported) : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public async Task Logits_are_those_of_the_published_code()
    {
        foreach (var test in GoldenSuite.Tiny.Cases.Where(c => c.Name is "korean_serve" or "empty_serve" or "long_half"))
        {
            File.WriteAllBytes(_temporary["prompt"], test.Name == "empty_serve" ? [] : test.Bytes);
            string[] slots = test.Name == "long_half" ? ["--prefix-slots", test.PrefixSlots.ToString(CultureInfo.InvariantCulture)] : [];
            var result = await HoloZeroAsync(["logits", "--model", exported.Tiny, "--input", _temporary["prompt"],
                "--output", _temporary["logits.safetensors"], .. slots]);

            Assert.Equal((0, "", ""), (result.ExitCode, result.Text, result.StandardError));
            using var written = SafetensorsFile.Open(_temporary["logits.safetensors"]);
            Assert.Equal([test.Logits.Length / 258, 258], written.Entry("logits").Shape);
            Assert.Null(TensorComparison.Mismatch<float, double>(test.Name, written.ReadFloat32("logits"), test.Logits, 1e-5));
        }
    }

    [Fact]
    public async Task Greedy_bytes_are_those_of_the_published_code_and_stand_alone_on_stdout()
    {
        foreach (var test in GoldenSuite.Demo.Cases.Where(c => c.Name is "genesis_serve" or "binary_serve"))
        {
            File.WriteAllBytes(_temporary["prompt"], test.Bytes);
            var result = await HoloZeroAsync("generate", "--model", exported.Demo, "--prompt-file", _temporary["prompt"], "--greedy",
                "--max-bytes", $"{test.Greedy.Length}");
            Assert.Equal((0, ""), (result.ExitCode, result.StandardError));
            Assert.Equal(Convert.ToHexString(test.Greedy), Convert.ToHexString(result.StandardOutput));
        }
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_bytes_and_another_seed_others()
    {
        string[] arguments =
            ["generate", "--model", exported.Demo, "--prompt", "And God said, ", "--max-bytes", "80", "--ignore-eos", "--seed"];
        var first = await HoloZeroAsync([.. arguments, "7"]);
        Assert.Equal(80, first.StandardOutput.Length);
        Assert.Equal(first.StandardOutput, (await HoloZeroAsync([.. arguments, "7"])).StandardOutput);
        Assert.NotEqual(first.StandardOutput, (await HoloZeroAsync([.. arguments, "8"])).StandardOutput);
    }

    [Fact]
    public async Task A_stop_text_ends_the_generation_and_is_not_printed()
    {
        string[] arguments =
            ["generate", "--model", exported.Demo, "--prompt", "And the LORD said unto Moses, ", "--greedy", "--max-bytes", "200"];
        var whole = await HoloZeroAsync(arguments);
        var stop = whole.Text.Substring(20, 6);
        var stopped = await HoloZeroAsync([.. arguments, "--stop", stop]);
        Assert.Equal(whole.Text[..whole.Text.IndexOf(stop, StringComparison.Ordinal)], stopped.Text);
    }

    [Fact]
    public async Task Generation_outlives_the_window()
    {
        var result = await HoloZeroAsync("generate", "--model", exported.Tiny, "--prompt", "x", "--seed", "1", "--ignore-eos",
            "--max-bytes", "2000");
        Assert.Equal((0, 2000), (result.ExitCode, result.StandardOutput.Length));
    }

    [Fact]
    public async Task Generation_ends_when_nobody_reads_any_more_and_says_so_when_the_disk_is_full()
    {
        using var closed = Start("HoloZero.Cli", "holozero",
            "generate", "--model", exported.Tiny, "--prompt", "x", "--greedy", "--ignore-eos", "--max-bytes", "1000000000");
        Assert.NotEqual(-1, closed.StandardOutput.BaseStream.ReadByte());
        closed.StandardOutput.Close();
        await closed.WaitForExitAsync();
        Assert.Equal((0, ""), (closed.ExitCode, await closed.StandardError.ReadToEndAsync()));

        var program = PathOf("HoloZero.Cli", "holozero");
        var full = await RunShellAsync($"'{program}' generate --model '{exported.Tiny}' --prompt x --greedy --max-bytes 9 > /dev/full");
        RequireRefusal(full, 3, "stdout", "cannot be written");
    }

    [Fact]
    public async Task Values_are_read_the_same_everywhere()
    {
        string[] generate = ["generate", "--model", exported.Tiny, "--max-bytes", "4", "--greedy", "--prompt"];
        Assert.Equal(4, (await HoloZeroAsync([.. generate, "@/etc/hostname"])).StandardOutput.Length);
        RequireRefusal(await HoloZeroAsync([.. generate[..5], "--prompt", "x", "--temperature", "0,7"]), 2, "--temperature", "0,7");
        RequireRefusal(await HoloZeroAsync([.. generate[..5], "--prompt", "x", "--seed", "-1"]), 2, "--seed", "-1");
        RequireRefusal(await HoloZeroAsync([.. generate, "x", "--provider", "gpu"]), 2, "--provider", "cpu, cuda, tensorrt");
        RequireRefusal(await HoloZeroAsync([.. generate, "x", "--stream-bytes", "1"]), 2, "--stream-bytes");
        RequireRefusal(await HoloZeroAsync("dream"), 2, "'dream' is not a command");
    }

    [Fact]
    public async Task Devices_and_pipes_are_neither_read_for_ever_nor_replaced()
    {
        RequireRefusal(await HoloZeroAsync("logits", "--model", exported.Tiny, "--input", _temporary["x"], "--output", "/dev/null"), 2,
            "/dev/null", "device");
        Assert.Equal(0, (await RunShellAsync($"mkfifo '{_temporary["pipe"]}'")).ExitCode);
        RequireRefusal(await HoloZeroAsync("generate", "--model", exported.Tiny, "--prompt-file", _temporary["pipe"], "--max-bytes", "1"),
            2, "pipe");
        RequireRefusal(await ExportAsync("inspect", _temporary["pipe"]), 2, "pipe");
    }

    [Theory]
    [InlineData("\"slot_bytes\": 2", "\"slot_bytes\": 0")]
    [InlineData("\"slot_bytes\": 2", "\"slot_bytes\": 2000000000")]
    [InlineData("\"vocabulary\": 258", "\"vocabulary\": 5")]
    [InlineData("\"eos_id\": 257", "\"eos_id\": 7")]
    [InlineData("\"name\": \"stream\"", "\"name\": \"prefix\"")]
    [InlineData("\"name\": \"present.position\"", "\"name\": \"logits\"")]
    public async Task A_manifest_that_describes_no_model_is_refused(string from, string to)
    {
        var folder = CopyOfTiny();
        var manifest = Path.Combine(folder, ArtifactManifest.FileName);
        var text = File.ReadAllText(manifest);
        Assert.Contains(from, text);
        File.WriteAllText(manifest, text.Replace(from, to));
        RequireRefusal(await HoloZeroAsync("generate", "--model", folder, "--prompt", "x", "--max-bytes", "1"), 2, "not a sound manifest");
    }

    [Fact]
    public async Task Doctor_tells_the_machine_even_where_the_model_is_damaged()
    {
        var folder = CopyOfTiny();
        File.AppendAllText(Path.Combine(folder, "model.fp32.onnx"), "x");
        var result = await HoloZeroAsync("doctor", "--model", folder);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("ONNX Runtime", result.Text);
        Assert.Contains("model.fp32.onnx has", result.Text);
        RequireRefusal(await HoloZeroAsync("doctor", "--model", _temporary.Path), 2, "holozero.json");
    }

    [Fact]
    public async Task Score_prints_bits_per_byte_as_json()
    {
        var test = GoldenSuite.Demo.Cases.Single(c => c.Name == "verse_mid");
        File.WriteAllBytes(_temporary["text"], test.Bytes);
        var result = await HoloZeroAsync("score", "--model", exported.Demo, "--input", _temporary["text"], "--prefix-slots",
            $"{test.PrefixSlots}", "--json");
        using var json = JsonDocument.Parse(result.StandardOutput);
        Assert.Equal(test.BitsPerByte!.Value, json.RootElement.GetProperty("bits_per_byte").GetDouble(), 1e-5);
        Assert.Equal(155, json.RootElement.GetProperty("bytes").GetInt64());
    }

    [Fact]
    public async Task Doctor_finds_a_sound_model_sound()
    {
        var result = await HoloZeroAsync("doctor", "--model", exported.Tiny);
        Assert.Equal((0, ""), (result.ExitCode, result.StandardError));
        var pinned = XDocument.Load(Path.Combine(Repository.Root, "Directory.Packages.props")).Descendants("PackageVersion")
            .Single(package => (string?)package.Attribute("Include") == "Microsoft.ML.OnnxRuntime.Gpu").Attribute("Version")!.Value;
        Assert.Matches(
            $@"(?m)^ONNX Runtime   {Regex.Escape(pinned)} from NuGet \(Microsoft\.ML\.OnnxRuntime\.Gpu[.A-Za-z]*\)$", result.Text);
        Assert.Matches("provider +CPUExecutionProvider: loads", result.Text);
        Assert.Matches("threads +[1-9][0-9]* a call, of an exact variant at most one a head, unless --threads says otherwise: [a-z]",
            result.Text);
        Assert.Contains("the model is sound on this machine", result.Text);

        var runtime = JsonDocument.Parse((await HoloZeroAsync("doctor", "--json")).StandardOutput).RootElement.GetProperty("runtime");
        Assert.Equal(JsonValueKind.Array, runtime.GetProperty("providers").ValueKind);
        Assert.InRange(runtime.GetProperty("threads").GetInt32(), 1, runtime.GetProperty("processors").GetInt32());
    }

    [Fact]
    public async Task Every_command_that_loads_a_model_takes_threads()
    {
        foreach (var command in (string[])["generate", "score", "logits", "doctor"])
            Assert.Contains("--threads", (await HoloZeroAsync(command, "--help")).Text);
        RequireRefusal(await HoloZeroAsync("generate", "--model", exported.Tiny, "--prompt", "x", "--max-bytes", "1", "--threads", "0"),
            2, "threads");
    }

    [Fact]
    public async Task Doctor_finds_a_model_that_computes_something_else()
    {
        // Another model's self-check, with its hash in the manifest: only running it can tell.
        var folder = CopyOfTiny();
        var other = _temporary["other"];
        Assert.Equal(0, (await ExportAsync("--checkpoint", Repository.Golden("tiny-fp16.pt"), "--output", other)).ExitCode);
        var (mine, theirs) = (Path.Combine(folder, "golden.safetensors"), Path.Combine(other, "golden.safetensors"));
        var manifest = Path.Combine(folder, ArtifactManifest.FileName);
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace(FileHash.Sha256(mine), FileHash.Sha256(theirs)));
        File.Copy(theirs, mine, overwrite: true);

        var result = await HoloZeroAsync("doctor", "--model", folder);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("FAILED", result.Text);
        Assert.Contains("not sound on this machine", result.Text);
    }

    [Fact]
    public async Task Bad_input_is_refused_in_one_line()
    {
        string[] generate = ["generate", "--model", exported.Tiny, "--max-bytes", "8"];
        RequireRefusal(await HoloZeroAsync([.. generate, "--prompt-file", _temporary.Path]), 2, "is a directory");
        RequireRefusal(await HoloZeroAsync(generate), 2, "--prompt");
        RequireRefusal(await HoloZeroAsync([.. generate, "--prompt", "x", "--prompt-file", "y"]), 2, "contradicts");
        RequireRefusal(await HoloZeroAsync([.. generate, "--prompt", "abcdef", "--prefix-slots", "3"]), 2, "prefix-slots", "3");
        RequireRefusal(await HoloZeroAsync([.. generate, "--prompt", "x", "--greedy", "--temperature", "0.5"]), 2, "greedy", "temperature");
        RequireRefusal(await HoloZeroAsync([.. generate, "--prompt", "x", "--greedy", "--seed", "1"]), 2, "greedy", "seed");
        RequireRefusal(await HoloZeroAsync([.. generate, "--prompt", "x", "--top-p", "1.5"]), 2, "top-p", "1.5");
        RequireRefusal(await HoloZeroAsync([.. generate, "--prompt", "x", "--variant", "int2"]), 2, "int2", "fp32");
        RequireRefusal(await HoloZeroAsync("generate", "--model", exported.Tiny, "--prompt", "x", "--max-bytes", "-1"), 2, "max-bytes");
        RequireRefusal(await HoloZeroAsync("generate", "--model", exported.Tiny, "--prompt", "x", "--max-bytes", "many"), 2, "many");
        RequireRefusal(await HoloZeroAsync("generate", "--model", _temporary.Path, "--prompt", "x", "--max-bytes", "1"), 2,
            "holozero.json");
        RequireRefusal(await HoloZeroAsync("score", "--model", exported.Tiny, "--input", _temporary["nowhere"]), 2, "no such file");
    }

    [Fact]
    public async Task Inputs_too_short_for_the_prefix_are_refused_and_nothing_is_written()
    {
        File.WriteAllText(_temporary["short"], "abc");
        RequireRefusal(await HoloZeroAsync("score", "--model", exported.Tiny, "--input", _temporary["short"], "--prefix-slots", "2"), 2,
            "too few");
        string[] logits =
            ["logits", "--model", exported.Tiny, "--input", _temporary["short"], "--prefix-slots", "2", "--output", _temporary["l"]];
        RequireRefusal(await HoloZeroAsync(logits), 2, "prefix-slots");
        Assert.Equal([_temporary["short"]], Directory.GetFileSystemEntries(_temporary.Path));
    }

    [Fact]
    public async Task A_manifest_that_does_not_match_its_files_is_refused()
    {
        var folder = CopyOfTiny();
        File.AppendAllText(Path.Combine(folder, "model.fp32.onnx"), "x");
        RequireRefusal(await HoloZeroAsync("generate", "--model", folder, "--prompt", "x", "--max-bytes", "1"), 2, "model.fp32.onnx");
    }

    [Fact]
    public async Task A_provider_that_does_not_load_is_an_error_and_auto_says_why_it_took_another()
    {
        var report = JsonDocument.Parse((await HoloZeroAsync("doctor", "--json")).StandardOutput)
            .RootElement.GetProperty("runtime").GetProperty("providers");
        var cuda = report.EnumerateArray().FirstOrDefault(p => p.GetProperty("name").GetString() == "CUDAExecutionProvider");
        var folder = _temporary["portable"];
        Assert.Equal(0, (await ExportAsync("--checkpoint", GoldenSuite.Tiny.CheckpointPath, "--output", folder, "--variant", "portable",
            "--variant", "fp32")).ExitCode);
        string[] arguments = ["generate", "--model", folder, "--prompt", "x", "--greedy", "--max-bytes", "4", "--provider", "cuda"];
        if (cuda.ValueKind == JsonValueKind.Object && cuda.GetProperty("problem").ValueKind == JsonValueKind.Null)
        {
            Assert.Equal(0, (await HoloZeroAsync(arguments)).ExitCode);
            return;
        }

        // Of the library it says which one is missing, not where the loader looked.
        RequireRefusal(await HoloZeroAsync(arguments), 3, "Cuda", "cannot run this model here",
            ".so", "is not on this machine", "install");
        var automatic = await HoloZeroAsync([.. arguments[..^1], "auto"]);
        Assert.Equal(4, automatic.StandardOutput.Length);
        Assert.Matches("^note: not Cuda: .*\nnote: not TensorRt: .*\n$", automatic.StandardError);
        RequireRefusal(await HoloZeroAsync([.. arguments, "--variant", "fp32"]), 2, "provider: variant fp32 is not meant for Cuda",
            "choose the variant portable");
        RequireRefusal(await HoloZeroAsync([.. arguments, "--provider-option", "use_tf32"]), 2, "--provider-option", "KEY=VALUE");
    }

    private static async Task<ProgramResult> RunShellAsync(string command)
    {
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("bash", ["-c", command])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        return await FinishAsync(process);
    }

    private string CopyOfTiny()
    {
        var folder = _temporary["copy"];
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.GetFiles(exported.Tiny)) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        return folder;
    }
}
