using System.Diagnostics;
using HoloZero.Runtime;
using HoloZero.Testing;

namespace HoloZero.Packages.Tests;

/// <summary>samples/Worker, built from the packages and run as a program.</summary>
public sealed class WorkerSampleTests(Packages packages)
{
    private const string Prompt = "And the LORD said unto Moses,";

    [Fact]
    public async Task It_answers_each_prompt_logs_it_and_ends()
    {
        var (code, output, error) = await RunAsync($"--HoloZero:demo:Model={packages.Model}", "--Work:MaxBytes=40");
        Assert.Equal((0, ""), (code, error));
        using var model = HoloZeroModel.Load(packages.Model);
        foreach (var prompt in (string[])[Prompt, "In the beginning"])
        {
            var options = new GenerationOptions { MaxBytes = 40, Sampling = new() { Temperature = 0.7, Seed = 1 } };
            var answer = string.Concat(
                await model.GenerateAsync(System.Text.Encoding.UTF8.GetBytes(prompt), options).ToTextAsync().ToArrayAsync());
            Assert.Contains($"\"Answer\":\"{Escaped(answer)}\"", output);
        }

        Assert.Contains("model demo: fp32 on Cpu is ready after", output);
        Assert.Contains("model demo: stopped", output);
    }

    [Fact]
    public async Task A_model_that_is_not_there_is_one_line_of_the_log_and_exit_code_2()
    {
        var (code, output, error) = await RunAsync("--HoloZero:demo:Model=missing");
        Assert.Equal((2, ""), (code, error));
        var line = Assert.Single(output.Split('\n'), line => line.Contains("\"LogLevel\":\"Error\""));
        Assert.Contains("model demo: did not load: HoloZero:demo:Model: missing: no such folder; name a folder that holozero-export wrote",
            line);
    }

    [Fact]
    public async Task A_model_that_fails_its_self_check_is_exit_code_1()
    {
        using var folder = new TemporaryFolder();
        var (code, output, _) = await RunAsync($"--HoloZero:demo:Model={DamagedArtifact.Copy(packages.Model, folder)}");
        Assert.Equal(1, code);
        Assert.Contains("the self-check of fp32 on Cpu fails", output);
    }

    [Fact]
    public async Task A_wrong_key_is_one_line_and_exit_code_2()
    {
        var (code, _, error) = await RunAsync($"--HoloZero:demo:Model={packages.Model}", "--HoloZero:demo:MaxRow=3");
        Assert.Equal(2, code);
        Assert.StartsWith("worker: HoloZero:demo:MaxRow: is no option of a model; remove it; there are ",
            Assert.Single(error.Trim().Split('\n')));
    }

    [Fact]
    public async Task A_signal_while_it_generates_ends_it_after_the_grace_with_exit_code_0()
    {
        using var process = Start($"--HoloZero:demo:Model={packages.Model}", "--HoloZero:demo:StopGrace=00:00:00.1",
            "--Work:MaxBytes=1000000");
        var lines = new List<string>();
        while (await process.StandardOutput.ReadLineAsync(Shell.Token) is { } line)
        {
            lines.Add(line);
            if (!line.Contains("is ready after")) continue;
            using var kill = Process.Start("bash", ["-c", $"kill -TERM {process.Id}"]);
        }

        await process.WaitForExitAsync(Shell.Token).WaitAsync(Shell.Enough, Shell.Token);
        Assert.Contains(lines, line => line.Contains("model demo: stopped"));
        Assert.DoesNotContain(lines, line => line.Contains("\"LogLevel\":\"Critical\""));
        Assert.Equal(0, process.ExitCode);
    }

    private Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) =>
        Shell.FinishAsync(Start(arguments), Shell.Token);

    private Process Start(params string[] arguments) => Shell.Start(Path.GetTempPath(), Path.Combine(packages.Built("Worker"), "worker"),
        [.. arguments, "--Logging:Console:FormatterName=json"]);

    private static string Escaped(string text) => System.Text.Json.JsonEncodedText.Encode(text).ToString();
}
