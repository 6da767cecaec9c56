using System.Diagnostics;
using System.Text.RegularExpressions;
using HoloZero.Testing;

namespace HoloZero.EndToEnd.Tests;

/// <summary>Every command and every line of code in the README is run.</summary>
public sealed partial class ReadmeTests(ExportedModels exported) : IDisposable
{
    private static readonly string Readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
    private readonly TemporaryFolder _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public void Every_command_works_in_the_order_in_which_it_stands()
    {
        var commands = ShellBlocks().Matches(Readme)
            .SelectMany(block => block.Groups[1].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries)).ToArray();
        Assert.NotEmpty(commands);
        foreach (var folder in (string[])["models", "validation"])
            Directory.CreateSymbolicLink(_workspace[folder], Path.Combine(Repository.Root, folder));
        File.Copy(Path.Combine(Repository.Root, "README.md"), _workspace["README.md"]);
        // Stands in for the published weights, which nobody may put here.
        File.Copy(GoldenSuite.Demo.CheckpointPath, _workspace["holo_zero.pt"]);
        CopyDemo();
        LinkPrograms();

        foreach (var command in commands)
        {
            Assert.Matches("^bin/[a-z-]+ ", command);
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
    public void Make_targets_that_it_names_exist_and_make_test_runs_the_demo()
    {
        var makefile = File.ReadAllText(Path.Combine(Repository.Root, "Makefile"));
        foreach (var target in MakeCommands().Matches(Readme).Select(match => match.Groups[1].Value).Distinct())
            Assert.Matches($"(?m)^{target}:", makefile);
        Assert.Matches(@"(?m)^test:.*\n(\t.*\n)*\t\$\(MAKE\) demo", makefile);
    }

    [Fact]
    public async Task The_code_is_the_code_that_compiles_and_it_runs()
    {
        var source = File.ReadAllText(Path.Combine(Repository.Root, "validation", "HoloZero.EndToEnd.Tests", "ReadmeSnippets.cs"));
        var compiled = SnippetRegion().Match(source).Groups[1].Value.Split('\n').Select(line => line.Length >= 8 ? line[8..] : line);
        var shown = SnippetBlock().Match(Readme).Groups[1].Value;
        Assert.Equal(string.Join('\n', compiled).Trim(), shown.Trim());

        CopyDemo();
        var here = Directory.GetCurrentDirectory();
        try
        {
            Directory.SetCurrentDirectory(_workspace.Path);
            var output = new StringWriter();
            await ReadmeSnippets.EmbeddingAsync(output);
            Assert.Equal(60, output.ToString().Length);
        }
        finally
        {
            Directory.SetCurrentDirectory(here);
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

    [GeneratedRegex("^bin/holozero-export train |--engine torchsharp")]
    private static partial Regex NeedsTorchSharp();

    [GeneratedRegex("`?make ([a-z-]+)")]
    private static partial Regex MakeCommands();

    [GeneratedRegex(@"#region Embedding\n(.*?)\n\s*#endregion", RegexOptions.Singleline)]
    private static partial Regex SnippetRegion();

    [GeneratedRegex(@"<!-- snippet: Embedding -->\n```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex SnippetBlock();

    [GeneratedRegex(@"<!-- demo-output -->\n```\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex DemoOutput();
}
