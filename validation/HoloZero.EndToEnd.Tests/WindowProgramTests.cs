using System.Text.Json;
using HoloZero.Artifacts;
using HoloZero.Testing;
using static HoloZero.EndToEnd.Tests.Programs;

namespace HoloZero.EndToEnd.Tests;

/// <summary>Pictures, sound and captions through the programs, and back.</summary>
public sealed class WindowProgramTests(ExportedModels exported) : IDisposable
{
    private static readonly string[] Shown = ["caption.txt", "picture.png", "sound.wav", "window.json"];
    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public async Task A_window_is_made_and_shown_and_made_again_of_what_was_shown()
    {
        var picture = Repository.Golden("media", "48x96.png");
        var made = await WindowAsync("--picture", picture, "--sound", Repository.Golden("media", "mono8k.wav"), "--at", "0.25",
            "--caption", "바이트는 모두 같다 정말로", "--output", _temporary["w.bin"]);
        Assert.Equal((0, "", ""), (made.ExitCode, made.Text, made.StandardError));
        using var golden = SafetensorsFile.Open(Repository.Golden("media", "media.golden.safetensors"));
        var bytes = File.ReadAllBytes(_temporary["w.bin"]);
        Assert.Equal(golden.ReadBytes("48x96.bytes"), bytes[..256]);
        Assert.Equal(golden.ReadBytes("mono8k.bytes")[2000..2256], bytes[257..513]);

        var shown = await HoloZeroAsync("window", "--show", _temporary["w.bin"], "--output", _temporary["shown"]);
        Assert.Equal((0, ""), (shown.ExitCode, shown.StandardError));
        Assert.Contains("separators in their places", shown.Text);
        Assert.Equal(Shown, Directory.GetFiles(_temporary["shown"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(bytes[514..538], File.ReadAllBytes(_temporary["shown", "caption.txt"]));

        var again = await WindowAsync("--picture", _temporary["shown", "picture.png"], "--sound", _temporary["shown", "sound.wav"],
            "--output", _temporary["again.bin"]);
        Assert.Equal(0, again.ExitCode);
        Assert.Equal(bytes[..513], File.ReadAllBytes(_temporary["again.bin"])[..513]);
    }

    [Fact]
    public async Task Captions_alone_need_no_model_and_many_windows_are_numbered()
    {
        var made = await HoloZeroAsync("window", "--caption", "a circle", "--output", _temporary["w.bin"]);
        Assert.Equal((0, ""), (made.ExitCode, made.StandardError));
        File.WriteAllBytes(_temporary["two.bin"], [.. File.ReadAllBytes(_temporary["w.bin"]), .. new byte[539]]);
        var shown = await HoloZeroAsync("window", "--show", _temporary["two.bin"], "--output", _temporary["shown"]);
        Assert.Equal(["'a circle', separators in their places", "'\\u0000\\u0000", "not in their places"],
            [shown.Text.Split('\n')[0], shown.Text.Split('\n')[1][..13], shown.Text.Trim().Split("separators ")[2].Split(':')[0]]);
        Assert.Equal(7, Directory.GetFiles(_temporary["shown"]).Length);
        Assert.True(File.Exists(_temporary["shown", "00002.picture.png"]));
        // Replaced as a whole by the next one.
        Assert.Equal(0, (await HoloZeroAsync("window", "--show", _temporary["w.bin"], "--output", _temporary["shown"])).ExitCode);
        Assert.Equal(Shown, Directory.GetFiles(_temporary["shown"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task After_a_window_comes_a_window_that_can_be_shown()
    {
        string[] arguments = ["generate", "--model", exported.Tiny, "--picture", Repository.Golden("media", "64x64.png"), "--caption", "a",
            "--seed", "7", "--ignore-eos"];
        var first = await HoloZeroAsync(arguments);
        Assert.Equal((0, ""), (first.ExitCode, first.StandardError));
        Assert.Equal(539, first.StandardOutput.Length);
        Assert.Equal(first.StandardOutput, (await HoloZeroAsync(arguments)).StandardOutput);
        File.WriteAllBytes(_temporary["next.bin"], first.StandardOutput);
        Assert.Equal(0, (await HoloZeroAsync("window", "--show", _temporary["next.bin"], "--output", _temporary["shown"])).ExitCode);
        Assert.Equal(10, (await HoloZeroAsync([.. arguments, "--max-bytes", "10"])).StandardOutput.Length);
    }

    [Fact]
    public async Task Captions_are_scored_with_and_without_padding_and_with_a_donor()
    {
        var windows = new List<byte>();
        foreach (var caption in (string[])["a circle", "a square", "a circle", "a square"])
        {
            await HoloZeroAsync("window", "--caption", caption, "--output", _temporary["w.bin"]);
            windows.AddRange(File.ReadAllBytes(_temporary["w.bin"]));
        }

        File.WriteAllBytes(_temporary["films.bin"], [.. windows]);
        var result = await HoloZeroAsync("score", "--model", exported.Tiny, "--windows", _temporary["films.bin"], "--film-windows", "2",
            "--json");
        Assert.Equal((0, ""), (result.ExitCode, result.StandardError));
        using var json = JsonDocument.Parse(result.Text);
        Assert.Equal((2, 16), (json.RootElement.GetProperty("windows").GetInt32(), json.RootElement.GetProperty("text_bytes").GetInt32()));
        // All sound is silence: a donor changes nothing.
        Assert.Equal(0, json.RootElement.GetProperty("binding_gap").GetDouble());
        Assert.InRange(json.RootElement.GetProperty("bits_per_byte").GetDouble(), 1, 20);
        Assert.NotEqual(json.RootElement.GetProperty("bits_per_byte").GetDouble(),
            json.RootElement.GetProperty("text_bits_per_byte").GetDouble());
        Assert.Contains("binding gap: +0.00000 bits/byte",
            (await HoloZeroAsync("score", "--model", exported.Tiny, "--windows", _temporary["films.bin"])).Text);
    }

    [Fact]
    public async Task Bad_input_is_one_line_and_leaves_nothing()
    {
        File.WriteAllText(_temporary["text"], "no picture");
        var output = _temporary["w.bin"];
        await RefusedAsync("it is not a picture", "window", "--model", exported.Tiny, "--picture", _temporary["text"], "--output", output);
        await RefusedAsync("it is not a sound file", "window", "--model", exported.Tiny, "--sound", _temporary["text"], "--output", output);
        await RefusedAsync("give --model DIR", "window", "--picture", _temporary["text"], "--output", output);
        await RefusedAsync("is not within the 0.5 seconds", "window", "--model", exported.Tiny, "--sound",
            Repository.Golden("media", "mono8k.wav"), "--at", "0.5", "--output", output);
        await RefusedAsync("there is no sound to look into", "window", "--at", "1", "--output", output);
        await RefusedAsync("no windows of 539 bytes", "window", "--show", _temporary["text"], "--output", _temporary["shown"]);
        await RefusedAsync("contradicts", "window", "--show", _temporary["text"], "--caption", "a", "--output", _temporary["shown"]);
        await RefusedAsync("a window contradicts --prompt", "generate", "--model", exported.Tiny, "--caption", "a", "--prompt", "b");
        await RefusedAsync("max-bytes", "generate", "--model", exported.Tiny, "--prompt", "b");
        await RefusedAsync("there is nothing to score", "score", "--model", exported.Tiny);
        await RefusedAsync("it contradicts --windows", "score", "--model", exported.Tiny, "--windows", output, "--input", output);
        Assert.Equal([_temporary["text"]], Directory.GetFileSystemEntries(_temporary.Path));

        static async Task RefusedAsync(string what, params string[] arguments)
        {
            var result = await HoloZeroAsync(arguments);
            Assert.Equal((2, ""), (result.ExitCode, result.Text));
            Assert.Contains(what, result.StandardError);
            Assert.Equal(1, result.StandardError.AsSpan().Trim('\n').Count('\n') + 1);
        }
    }

    private Task<ProgramResult> WindowAsync(params string[] arguments) => HoloZeroAsync(["window", "--model", exported.Tiny, .. arguments]);
}
