using System.Diagnostics;
using System.Text;
using HoloZero.Artifacts;
using HoloZero.Testing;
using static HoloZero.EndToEnd.Tests.Programs;

namespace HoloZero.EndToEnd.Tests;

/// <summary>The programs in shells, pipes and folders that are not as they should be.</summary>
public sealed class UnluckyUserTests(ExportedModels exported) : IDisposable
{
    private static readonly string Run = $"'{PathOf("HoloZero.Cli", "holozero")}'",
        Export = $"'{PathOf("HoloZero.Exporter.Cli", "holozero-export")}'",
        Validate = $"'{PathOf("HoloZero.Validation.Cli", "holozero-validate")}'";
    private readonly TemporaryFolder _temporary = new();

    private string Generate => $"{Run} generate --model '{exported.Tiny}' --greedy --max-bytes 8";

    public void Dispose() => _temporary.Dispose();

    [Theory]
    [InlineData("2>&-")]
    [InlineData("0<&-")]
    [InlineData("0<&- 2>&-")]
    [InlineData("1>&- 2>&-")]
    [InlineData("0<&- 1>&- 2>&-")]
    [InlineData("2>/dev/full")]
    public async Task Exit_codes_hold_without_a_console(string redirection)
    {
        var nowhere = _temporary["nowhere"];
        foreach (var command in (string[])[$"{Run} generate --model {nowhere} --prompt x --max-bytes 1", $"{Run} dream",
            $"{Export} inspect {nowhere}", $"{Validate} --dream"])
        {
            Assert.Equal(2, (await ShellAsync($"{command} {redirection}")).ExitCode);
        }

        // Results that cannot be written are a failure, and nothing is written into what was opened in their place.
        var closed = redirection.Contains("1>", StringComparison.Ordinal);
        Assert.Equal(closed ? 3 : 0, (await ShellAsync($"{Generate} --prompt x {redirection}")).ExitCode);
        Assert.Equal(closed ? 3 : 0, (await ShellAsync($"{Export} inspect '{GoldenSuite.Tiny.CheckpointPath}' {redirection}")).ExitCode);
        await ShellAsync($"{Export} --checkpoint '{GoldenSuite.Tiny.CheckpointPath}' --output '{_temporary["model"]}' {redirection}");
        Assert.Equal("fp32", ArtifactFolder.Open(_temporary["model"]).Variant(null).Name);
    }

    [Fact]
    public async Task Results_that_cannot_be_written_are_told()
    {
        foreach (var command in (string[])[$"{Generate} --prompt x", $"{Run} doctor", $"{Run} --help",
            $"{Export} inspect '{GoldenSuite.Tiny.CheckpointPath}'"])
        {
            RequireRefusal(await ShellAsync($"{command} > /dev/full"), 3, "stdout: it cannot be written", "No space left");
            RequireRefusal(await ShellAsync($"{command} 1>&-"), 3, "stdout: it cannot be written");
        }

        Assert.Equal((0, ""), await CodeAndErrorAsync($"{Export} inspect '{GoldenSuite.Demo.CheckpointPath}' | head -1 > /dev/null"));
    }

    [Fact]
    public async Task Arguments_that_are_no_text_are_refused_and_a_real_replacement_character_is_not()
    {
        RequireRefusal(await ShellAsync($@"{Generate} --prompt $'a\xff'"), 2, "--prompt: its bytes are not UTF-8", "--prompt-hex");
        RequireRefusal(await ShellAsync($@"{Generate} --prompt x --stop $'\xff'"), 2, "--stop: its bytes are not UTF-8", "--stop-hex");
        RequireRefusal(await ShellAsync($@"{Generate} --prompt x --stop=$'\xef\xbf\xbd' --stop=$'\xff'"), 2, "--stop: its bytes");
        RequireRefusal(await ShellAsync($@"{Generate} --prompt-file $'/tmp/\xff'"), 2, "--prompt-file: its bytes are not UTF-8");
        RequireRefusal(await ShellAsync($@"{Export} inspect $'/tmp/\xff'"), 2, "argument 2: its bytes are not UTF-8");
        RequireRefusal(await ShellAsync(
            $@"{Export} --checkpoint '{GoldenSuite.Tiny.CheckpointPath}' --output '{_temporary.Path}/'$'\xff'"), 2, "--output: its bytes");
        Assert.Empty(Directory.GetFileSystemEntries(_temporary.Path));

        var typed = await ShellAsync($@"{Generate} --prompt $'a\xef\xbf\xbdb'");
        var asHex = await ShellAsync($"{Generate} --prompt-hex 61EFBFBD62");
        Assert.Equal((0, "", 8), (typed.ExitCode, typed.StandardError, typed.StandardOutput.Length));
        Assert.Equal(typed.StandardOutput, asHex.StandardOutput);
    }

    [Fact]
    public async Task Bytes_are_given_in_hexadecimal()
    {
        var whole = (await ShellAsync($"{Generate} --prompt abc")).StandardOutput;
        Assert.Equal(whole, (await ShellAsync($"{Generate} --prompt-hex 616263")).StandardOutput);
        // The first byte of it that no text holds.
        var at = Array.FindIndex(whole, value => value >= 0x80);
        Assert.True(at >= 0, "tiny writes bytes that are no text");
        var stopped = await ShellAsync($"{Generate} --prompt abc --stop never --stop-hex {whole[at]:x2}");
        Assert.Equal(whole[..at], stopped.StandardOutput);
        var last = await ShellAsync($"{Generate} --prompt abc --stop-hex {Convert.ToHexString(whole.AsSpan(6))}");
        Assert.Equal(whole[..6], last.StandardOutput);

        foreach (var bad in (string[])["6", "6g", "''", "0x61"])
        {
            RequireRefusal(await ShellAsync($"{Generate} --prompt-hex {bad}"), 2, "--prompt-hex", "pairs of hexadecimal digits");
            RequireRefusal(await ShellAsync($"{Generate} --prompt x --stop-hex {bad}"), 2, "--stop-hex", "pairs of hexadecimal digits");
        }

        RequireRefusal(await ShellAsync($"{Generate} --prompt x --prompt-hex 61"), 2, "--prompt-hex: it contradicts");
    }

    [Fact]
    public async Task Input_comes_out_of_a_pipe()
    {
        var expected = (await ShellAsync($"{Generate} --prompt abc")).StandardOutput;
        foreach (var command in (string[])[$"printf abc | {Generate} --prompt-file -", $"printf abc | {Generate} --prompt-file /dev/stdin",
            $"{Generate} --prompt-file <(printf abc)", $"{Generate} --prompt-file - <<< abc | cat", $"printf abc > '{_temporary["abc"]}'; "
                + $"{Generate} --prompt-file - < '{_temporary["abc"]}'", $"(printf a; sleep 0.3; printf bc) | {Generate} --prompt-file -"])
        {
            var result = await ShellAsync(command);
            Assert.Equal((0, ""), (result.ExitCode, result.StandardError));
            // A here-string ends with a line break.
            if (!command.Contains("<<<", StringComparison.Ordinal)) Assert.Equal(expected, result.StandardOutput);
        }

        var score = await ShellAsync($"printf abcdef | {Run} score --model '{exported.Tiny}' --input -");
        Assert.Equal((0, ""), (score.ExitCode, score.StandardError));
        Assert.Contains("bits/byte over 5 bytes", score.Text);
        RequireRefusal(await ShellAsync($"{Generate} --prompt-file - <&-"), 2, "stdin: it is closed");
        RequireRefusal(await ShellAsync($"{Generate} --prompt-file - < /"), 2, "stdin");
        RequireRefusal(await ShellAsync($"{Generate} --prompt-file /dev/fd/99"), 2, "no such file");
    }

    [Fact]
    public async Task Texts_to_measure_come_out_of_a_pipe()
    {
        var text = _temporary["text"];
        File.WriteAllBytes(text, File.ReadAllBytes(Repository.Golden("demo-heldout.txt"))[..20_000]);
        var probe = $"{Export} probe '{GoldenSuite.Tiny.CheckpointPath}' --engine reference --json --prefix-slots 2 "
            + "--stream-bytes 33 --max-bytes 600";
        var expected = (await ShellAsync($"{probe} --text '{text}'")).Text;
        Assert.Contains("\"verdict\"", expected);
        foreach (var command in (string[])[$"{probe} --text - < '{text}'", $"cat '{text}' | {probe} --text /dev/stdin",
            $"{probe} --text <(cat '{text}')", $"{probe} --text <(cat '{text}'; yes 2>/dev/null)"])
        {
            var result = await ShellAsync(command);
            Assert.Equal((0, "", expected), (result.ExitCode, result.StandardError, result.Text));
        }

        var export = $"{Export} --checkpoint '{GoldenSuite.Tiny.CheckpointPath}' --engine reference --variant int8 --accept-any-quality";
        foreach (var (name, command) in ((string, string)[])[("stdin", $"cat '{text}' | {export} --held-out -"),
            ("descriptor", $"{export} --held-out <(cat '{text}')")])
        {
            Assert.Equal((0, ""), await CodeAndErrorAsync($"{command} --output '{_temporary[name]}'"));
            Assert.Equal(FileHash.Sha256(text), ArtifactFolder.Open(_temporary[name]).Variant("int8").Quality!.TextSha256);
        }

        Assert.Equal(0, (await ShellAsync($"mkfifo '{_temporary["pipe"]}'")).ExitCode);
        RequireRefusal(await ShellAsync($"{probe} --text '{_temporary["pipe"]}'"), 2, "pipe", "save it to a regular file first");
        RequireRefusal(await ShellAsync($"{probe} --text - <&-"), 2, "stdin: it is closed");
    }

    [Fact]
    public async Task A_text_to_train_on_is_a_file_as_a_resumed_run_reads_it_again()
    {
        var train = $"{Export} train --new tiny --steps 1 --output '{_temporary["run"]}'";
        var text = Repository.Golden("demo-heldout.txt");
        foreach (var command in (string[])[$"{train} --text - < '{text}'", $"cat '{text}' | {train} --text /dev/stdin",
            $"{train} --text <(cat '{text}')", $"{train} --text '{text}' --text - < '{text}'",
            $"{train} --text '{text}' --held-out - < '{text}'"])
        {
            RequireRefusal(await ShellAsync(command), 2, "a run that is resumed reads its texts again", "save it to a file");
        }

        Assert.False(Directory.Exists(_temporary["run"]));
    }

    [Theory]
    [InlineData("-TERM", 143, "terminated")]
    [InlineData("-INT", 130, "interrupted")]
    public async Task A_signal_ends_what_waits_for_ever(string signal, int code, string said)
    {
        using var process = Process.Start(new ProcessStartInfo(PathOf("HoloZero.Cli", "holozero"),
            ["generate", "--model", exported.Tiny, "--max-bytes", "1", "--prompt-file", "-"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        // More than a pipe holds: when this is written, the program reads and will go on reading.
        await process.StandardInput.BaseStream.WriteAsync(new byte[1 << 18]);
        await SignalAsync(process, signal);
        var finished = FinishAsync(process);
        Assert.Same(finished, await Task.WhenAny(finished, Task.Delay(TimeSpan.FromSeconds(20))));
        RequireRefusal(await finished, code, said);
    }

    [Fact]
    public async Task An_artifact_with_a_pipe_in_it_is_refused_and_one_of_links_runs()
    {
        var folder = _temporary["model"];
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.GetFiles(exported.Tiny)) File.CreateSymbolicLink(Path.Combine(folder, Path.GetFileName(file)), file);
        var linked = await HoloZeroAsync("doctor", "--model", folder);
        Assert.Equal((0, ""), (linked.ExitCode, linked.StandardError));
        Assert.Contains("the model is sound", linked.Text);

        File.Delete(Path.Combine(folder, "model.fp32.onnx"));
        File.Delete(Path.Combine(folder, "holozero.json"));
        await ShellAsync($"cd '{folder}' && mkfifo model.fp32.onnx && "
            + $"sed 's/\"bytes\": [0-9]*/\"bytes\": 0/' '{exported.Tiny}/holozero.json' > holozero.json");
        RequireRefusal(await HoloZeroAsync("generate", "--model", folder, "--prompt", "x", "--max-bytes", "1"), 2, "is a pipe");
        Assert.Equal(1, (await HoloZeroAsync("doctor", "--model", folder)).ExitCode);
        Assert.NotEqual(0, (await RunAsync("HoloZero.Validation.Cli", "holozero-validate", "--model", folder)).ExitCode);
    }

    [Fact]
    public async Task A_killed_export_is_swept_by_the_next()
    {
        var folder = _temporary["out"];
        for (var attempt = 0; attempt < 10; attempt++)
        {
            using var process = Start("HoloZero.Exporter.Cli", "holozero-export", "--checkpoint", GoldenSuite.Demo.CheckpointPath,
                "--output", folder);
            while (!process.HasExited && !Directory.EnumerateFileSystemEntries(_temporary.Path, ".out.*").Any()) await Task.Delay(1);
            process.Kill();
            await FinishAsync(process);
            if (Directory.EnumerateFileSystemEntries(_temporary.Path, ".out.*").Any()) break;
        }

        Assert.NotEmpty(Directory.EnumerateFileSystemEntries(_temporary.Path, ".out.*.partial"));
        Assert.Equal(0, (await ExportAsync("--checkpoint", GoldenSuite.Tiny.CheckpointPath, "--output", folder)).ExitCode);
        Assert.Equal([folder], Directory.GetFileSystemEntries(_temporary.Path));
    }

    [Fact]
    public async Task A_checkpoint_whose_graph_would_compute_nonsense_is_not_exported()
    {
        // Each weight for itself is within bounds; float64 can still compute with all of them, and float32 cannot.
        using var sound = SafetensorsFile.Open(Repository.Golden("tiny.safetensors"));
        var writer = new SafetensorsWriter(sound.Metadata);
        foreach (var entry in sound.Entries)
        {
            var data = sound.ReadFloat32(entry.Name);
            if (entry.Name is "self_blocks.0.norm2.weight" or "self_blocks.0.ff.0.weight" or "self_blocks.0.ff.3.weight")
                Array.Fill(data, 9e11f);
            writer.Add(entry.Name, [.. entry.Shape], data);
        }

        writer.Write(_temporary["giant.safetensors"]);
        var result = await ExportAsync("--checkpoint", _temporary["giant.safetensors"], "--output", _temporary["new", "model"]);
        RequireRefusal(result, 1, "variant fp32 does not compute what the float64 reference does",
            "the largest weight is 9e+11, in 'self_blocks.0.", "nothing was written");
        Assert.Equal([_temporary["giant.safetensors"]], Directory.GetFileSystemEntries(_temporary.Path));
    }

    [Fact]
    public async Task Only_the_checkpoint_of_the_given_hash_is_exported()
    {
        var path = Repository.Golden("tiny.safetensors");
        string[] export = ["--checkpoint", path, "--output", _temporary["model"], "--sha256"];
        var other = FileHash.Sha256(Repository.Golden("tiny.pt"));
        RequireRefusal(await ExportAsync([.. export, other]), 2, path, FileHash.Sha256(path), other);
        RequireRefusal(await ExportAsync([.. export, "12"]), 2, "--sha256", "'12' is not 64 hexadecimal digits");
        RequireRefusal(await ExportAsync("--random", "published", "--output", _temporary["model"], "--sha256", other), 2, "--sha256");
        Assert.Empty(Directory.GetFileSystemEntries(_temporary.Path));
        Assert.Equal(0, (await ExportAsync([.. export, FileHash.Sha256(path)])).ExitCode);
    }

    [Fact]
    public async Task Numbers_are_refused_in_words_that_fit_them()
    {
        foreach (var (value, said) in ((string, string)[])[("1.5", "'1.5' is not a whole number"), ("1e3", "'1e3' is not a whole number"),
            ("99999999999999999999", "'99999999999999999999' is not within 0 to 9223372036854775807")])
        {
            var result = await HoloZeroAsync("generate", "--model", exported.Tiny, "--prompt", "x", "--max-bytes", value);
            RequireRefusal(result, 2, "--max-bytes", said);
            Assert.DoesNotContain("-9223372036854775808", result.StandardError);
        }

        File.WriteAllText(_temporary["huge.json"], """{"dim": 65536, "dec_layers": 1024, "heads": 4, "K": 2, "door": "zero"}""");
        RequireRefusal(await ExportAsync("--random", _temporary["huge.json"], "--output", _temporary["model"]), 2, "elements, at most");
    }

    [Fact]
    public async Task Links_that_lead_in_a_circle_are_told_wherever_they_are_given()
    {
        var loop = _temporary["loop"];
        File.CreateSymbolicLink(loop, loop);
        File.WriteAllBytes(_temporary["prompt"], Encoding.UTF8.GetBytes("abc"));
        string[] logits = ["logits", "--model", exported.Tiny];
        RequireRefusal(await HoloZeroAsync([.. logits, "--input", _temporary["prompt"], "--output", loop]), 2, loop, "links");
        RequireRefusal(await HoloZeroAsync([.. logits, "--input", loop, "--output", _temporary["out"]]), 2, loop, "circle");
        RequireRefusal(await HoloZeroAsync("doctor", "--model", loop), 2, loop, "circle");
        RequireRefusal(await ExportAsync("--checkpoint", GoldenSuite.Tiny.CheckpointPath, "--output", loop), 2, loop, "links");
        RequireRefusal(await ExportAsync("inspect", loop), 2, loop, "circle");
    }

    private static async Task<ProgramResult> ShellAsync(string command)
    {
        using var process = Process.Start(new ProcessStartInfo("bash", ["-c", command])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        return await FinishAsync(process);
    }

    private static async Task<(int, string)> CodeAndErrorAsync(string command) =>
        await ShellAsync($"set -o pipefail; {command}") is var result ? (result.ExitCode, result.StandardError) : default;
}
