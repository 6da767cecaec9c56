using System.Diagnostics;
using System.IO.Compression;
using System.Text.RegularExpressions;
using HoloZero.Testing;

namespace HoloZero.EndToEnd.Tests;

/// <summary>Every command in an <c>sh</c> block and every snippet of the README and the manual is run.</summary>
public sealed partial class ManualTests(ExportedModels exported) : IDisposable
{
    private static readonly string Readme = Text("README.md");
    private readonly TemporaryFolder _workspace = new();

    /// <summary>Where commands stand. Those of docs/serving.md need a service: HoloZero.Server.Tests runs them.</summary>
    public static TheoryData<string> Documents { get; } = ["README.md", "docs/ablation.md", "docs/export.md", "docs/generate.md",
        "docs/media.md", "docs/performance.md", "docs/providers.md", "docs/training.md", "docs/validation.md"];

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public void No_document_with_commands_is_forgotten()
    {
        var documents = Manual().Where(path => ShellBlocks().IsMatch(Text(path)) && path != "docs/serving.md");
        Assert.Equal(Documents.Select(row => row.Data).Order(StringComparer.Ordinal), documents.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public async Task Every_command_works_in_the_order_in_which_it_stands(string document)
    {
        var commands = ShellBlocks().Matches(Text(document))
            .SelectMany(block => block.Groups[1].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries)).ToArray();
        Assert.NotEmpty(commands);
        foreach (var folder in (string[])["models", "validation"])
            Directory.CreateSymbolicLink(_workspace[folder], Path.Combine(Repository.Root, folder));
        File.Copy(Path.Combine(Repository.Root, "README.md"), _workspace["README.md"]);
        // Stands in for the published weights, which nobody may put here.
        File.Copy(GoldenSuite.Demo.CheckpointPath, _workspace["holo_zero.pt"]);
        CopyDemo();
        LinkPrograms();
        if (!commands.Any(command => command.EndsWith("--output out/holo_zero", StringComparison.Ordinal)))
            Directory.CreateSymbolicLink(_workspace["out", "holo_zero"], exported.Demo);
        if (document == "docs/media.md") await PrepareMediaAsync();

        foreach (var command in commands)
        {
            Assert.Matches("^bin/[a-z-]+ ", command);
            // What cannot be trained here cannot be used.
            if (exported.WhyNoTorchSharp is not null && NeedsTraining().IsMatch(command)) continue;
            var (code, error) = Shell(command);
            if (exported.WhyNoTorchSharp is { } reason && NeedsTorchSharp().IsMatch(command))
            {
                Assert.Equal(3, code);
                Assert.Contains(reason, error);
                continue;
            }

            Assert.True(code == 0, $"{command}\nexit code {code}\n{error}");
        }
    }

    [Fact]
    public void Make_targets_that_are_named_exist_and_make_test_runs_the_demo()
    {
        var makefile = Text("Makefile");
        foreach (var target in Manual().SelectMany(path => MakeCommands().Matches(Text(path))).Select(match => match.Groups[1].Value))
            Assert.Matches($"(?m)^{target}:", makefile);
        Assert.Matches(@"(?m)^test:.*\n(\t.*\n)*\t\$\(MAKE\) demo", makefile);
    }

    [Fact]
    public void The_readme_is_read_in_one_go() => Assert.InRange(Readme.Count(c => c == '\n'), 1, 100);

    [Fact]
    public void Links_lead_somewhere()
    {
        var broken = Manual().SelectMany(path => Links().Matches(Text(path)).Select(match => match.Groups[1].Value)
            .Where(link => !link.Contains("://", StringComparison.Ordinal))
            .Where(link => !LeadsSomewhere(path, link)).Select(link => $"{path}: {link}"));
        Assert.Empty(broken);

        static bool LeadsSomewhere(string from, string link)
        {
            var (file, heading) = link.Split('#') is [var name, var anchor] ? (name, anchor) : (link, null);
            var path = file.Length == 0 ? Path.Combine(Repository.Root, from)
                : Path.Combine(Repository.Root, Path.GetDirectoryName(from)!, file);
            return Path.Exists(path) && (heading is null || Headings().Matches(File.ReadAllText(path))
                .Any(match => NoAnchor().Replace(match.Groups[1].Value.ToLowerInvariant(), "").Replace(' ', '-') == heading));
        }
    }

    [Theory]
    [InlineData("Embedding", 60)]
    [InlineData("Serving", 82)]
    [InlineData("Memory", 9)]
    [InlineData("Chat", 40)]
    public async Task The_code_is_the_code_that_compiles_and_it_runs(string name, int length)
    {
        var source = Text("validation/HoloZero.EndToEnd.Tests/ManualSnippets.cs");
        var compiled = Between(source, $"#region {name}\n", "        #endregion").Split('\n')
            .Select(line => line.Length >= 8 ? line[8..] : line);
        var shown = Between(Text("docs/embedding.md"), $"<!-- snippet: {name} -->\n```csharp\n", "```");
        Assert.Equal(string.Join('\n', compiled).Trim(), shown.Trim());

        CopyDemo();
        ZipFile.CreateFromDirectory(exported.Demo, _workspace["demo.zip"]);
        var here = Directory.GetCurrentDirectory();
        try
        {
            Directory.SetCurrentDirectory(_workspace.Path);
            var output = new StringWriter();
            await (name switch
            {
                "Embedding" => ManualSnippets.EmbeddingAsync(output),
                "Serving" => ManualSnippets.ServingAsync(output),
                "Memory" => ManualSnippets.MemoryAsync(output),
                _ => ManualSnippets.ChatAsync(output),
            });
            Assert.Equal(length, output.ToString().Length);
        }
        finally
        {
            Directory.SetCurrentDirectory(here);
        }

        static string Between(string text, string before, string after)
        {
            var start = text.IndexOf(before, StringComparison.Ordinal);
            Assert.True(start >= 0, $"there is no {before}");
            start += before.Length;
            return text[start..text.IndexOf(after, start, StringComparison.Ordinal)];
        }
    }

    [Fact]
    public async Task The_demo_output_is_what_the_demo_prints()
    {
        var shown = DemoOutput().Match(Readme).Groups[1].Value;
        const string prompt = "And the LORD said unto Moses,";
        var score = await Programs.HoloZeroAsync("score", "--model", exported.Demo, "--input", Repository.Golden("demo-heldout.txt"),
            "--prefix-slots", "24");
        var generated = await Programs.HoloZeroAsync("generate", "--model", exported.Demo, "--prompt", prompt, "--max-bytes", "400",
            "--temperature", "0.7", "--seed", "1");
        Assert.Equal(shown.Trim(), $"{score.Text}\n{prompt}{generated.Text}".Trim());
    }

    /// <summary>README, manual and what else a reader is sent to, from the repository's root.</summary>
    private static IEnumerable<string> Manual() =>
        ((string[])["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"]).Concat(Directory
            .GetFiles(Path.Combine(Repository.Root, "docs"), "*.md", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Repository.Root, path)));

    private static string Text(string path) => File.ReadAllText(Path.Combine(Repository.Root, path));

    /// <summary>A picture, a second and a half of sound and more, and a model of windows that nobody trained.</summary>
    private async Task PrepareMediaAsync()
    {
        const int rate = 8000, seconds = 2;
        File.Copy(Repository.Golden("media", "photo.jpg"), _workspace["photo.jpg"]);
        using (var wav = new BinaryWriter(File.Create(_workspace["talk.wav"])))
        {
            wav.Write("RIFF"u8);
            wav.Write(36 + 2 * rate * seconds);
            wav.Write("WAVEfmt "u8);
            wav.Write(16);
            foreach (var field in (short[])[1, 1]) wav.Write(field);
            foreach (var field in (int[])[rate, 2 * rate]) wav.Write(field);
            foreach (var field in (short[])[2, 16]) wav.Write(field);
            wav.Write("data"u8);
            wav.Write(2 * rate * seconds);
            wav.Write(new byte[2 * rate * seconds]);
        }

        var model = await Programs.ExportAsync("--checkpoint", GoldenSuite.Tiny.CheckpointPath, "--stream-origin", "zero", "--output",
            _workspace["out", "films"]);
        Assert.Equal((0, ""), (model.ExitCode, model.StandardError));
        var films = await Programs.ExportAsync("films", "--films", "4", "--film-windows", "4", "--seed", "1", "--output",
            _workspace["out", "films.bin"]);
        Assert.Equal((0, ""), (films.ExitCode, films.StandardError));
    }

    private void CopyDemo()
    {
        Directory.CreateDirectory(_workspace["out"]);
        Directory.CreateSymbolicLink(_workspace["out", "demo"], exported.Demo);
    }

    private void LinkPrograms()
    {
        Directory.CreateDirectory(_workspace["bin"]);
        foreach (var (project, program) in ((string, string)[])[("HoloZero.Exporter.Cli", "holozero-export"), ("HoloZero.Cli", "holozero"),
            ("HoloZero.Validation.Cli", "holozero-validate")])
            File.CreateSymbolicLink(_workspace["bin", program], Programs.PathOf(project, program));
    }

    private (int Code, string Error) Shell(string command)
    {
        var start = new ProcessStartInfo("bash", ["-c", command])
        {
            WorkingDirectory = _workspace.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output.Result + error);
    }

    [GeneratedRegex(@"```sh\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex ShellBlocks();

    [GeneratedRegex("^bin/holozero-export (train|ablate) |--engine torchsharp")]
    private static partial Regex NeedsTorchSharp();

    [GeneratedRegex("--checkpoint out/film-run/|--checkpoint out/ablation/|--model out/projection")]
    private static partial Regex NeedsTraining();

    [GeneratedRegex("(?m)(?:^    |`)make ([a-z-]+)")]
    private static partial Regex MakeCommands();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Links();

    [GeneratedRegex("(?m)^#+ (.+)$")]
    private static partial Regex Headings();

    [GeneratedRegex("[^a-z0-9 _-]")]
    private static partial Regex NoAnchor();

    [GeneratedRegex(@"<!-- demo-output -->\n```\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex DemoOutput();
}
