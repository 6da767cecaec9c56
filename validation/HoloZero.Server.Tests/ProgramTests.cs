using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;

namespace HoloZero.Server.Tests;

/// <summary>The built programs: <c>bin/holozero serve</c> as a person starts it, and what loads it.</summary>
public sealed class ProgramTests(Shared shared, ITestOutputHelper output)
{
    [Fact]
    public async Task Holozero_serve_becomes_the_service_and_a_signal_ends_it_with_0()
    {
        using var process = Start("HoloZero.Cli", "holozero", "serve", "--model", shared.Folder, "--name", "tiny", "--urls",
            "http://127.0.0.1:0", "--set", "HoloZero:Server:ChatMaxTokens=3", "--set", "HoloZero:Server:LogContent=true");
        var lines = new List<string>();
        while (await process.StandardOutput.ReadLineAsync(Service.Token) is { } line)
        {
            lines.Add(line);
            var state = JsonNode.Parse(line)!["State"]!;
            if (state["address"] is not { } address) continue;
            using var client = new HttpClient { BaseAddress = new((string)address!), Timeout = Service.Enough };
            while (!(await client.GetAsync("/health/ready", Service.Token)).IsSuccessStatusCode) await Task.Delay(50, Service.Token);
            using var content = new StringContent("""{"messages":[{"role":"user","content":"Alpha"}]}""", Encoding.UTF8,
                "application/json");
            using var answer = await client.PostAsync("/v1/chat/completions", content, Service.Token);
            var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Service.Token))!;
            Assert.InRange((int)body["usage"]!["completion_tokens"]!, 1, 3);
            // The same process: execv keeps its id.
            using var kill = Process.Start("bash", ["-c", $"kill -TERM {process.Id}"]);
        }

        await process.WaitForExitAsync(Service.Token).WaitAsync(Service.Enough, Service.Token);
        Assert.Equal(0, process.ExitCode);
        Assert.Contains(lines, line => line.Contains("prompt Alpha continued by"));
        Assert.Contains(lines, line => line.Contains("POST /v1/chat/completions 200 after"));
        Assert.Contains(lines, line => line.Contains("model tiny: stopped"));
    }

    [Fact]
    public async Task Prompts_are_not_logged_unless_asked_for()
    {
        using var process = Start("HoloZero.Server", "holozero-server", $"--HoloZero:Models:tiny:Model={shared.Folder}",
            "--urls=http://127.0.0.1:0", "--Logging:LogLevel:Default=Trace", "--Logging:LogLevel:Microsoft=Trace");
        var lines = new List<string>();
        while (await process.StandardOutput.ReadLineAsync(Service.Token) is { } line)
        {
            lines.Add(line);
            if (JsonNode.Parse(line)!["State"]?["address"] is not { } address) continue;
            using var client = new HttpClient { BaseAddress = new((string)address!), Timeout = Service.Enough };
            while (!(await client.GetAsync("/health/ready", Service.Token)).IsSuccessStatusCode) await Task.Delay(50, Service.Token);
            foreach (var json in (string[])["""{"prompt":"Nebuchadnezzar"}""", """{"prompt":"Nebuchadnezzar","temperature":9}""",
                """{"prompt":"Nebuchadnezzar","stream":true}""", """{"prompt":"Nebuchadnezzar","""])
            {
                using var content = new StringContent(json, Encoding.UTF8, "application/json");
                using var answer = await client.PostAsync("/v1/completions", content, Service.Token);
                _ = await answer.Content.ReadAsStringAsync(Service.Token);
            }

            using var kill = Process.Start("bash", ["-c", $"kill -TERM {process.Id}"]);
        }

        await process.WaitForExitAsync(Service.Token).WaitAsync(Service.Enough, Service.Token);
        Assert.True(lines.Count > 20);
        Assert.DoesNotContain(lines, line => line.Contains("Nebuchadnezzar"));
    }

    [Theory]
    [InlineData(2, "holozero serve: HoloZero:Models: names no model", "HoloZero.Server", "holozero-server")]
    [InlineData(2, "holozero serve: HoloZero:Server:MaxToken: is no option of the service", "HoloZero.Server", "holozero-server",
        "--HoloZero:Models:a:Model=/nowhere", "--HoloZero:Server:MaxToken=1")]
    [InlineData(2, "holozero serve: HoloZero:Models:a:MaxRows: is 0, allowed are 1 to 1,024", "HoloZero.Cli", "holozero", "serve",
        "--model", "/nowhere", "--name", "a", "--set", "HoloZero:Models:a:MaxRows=0")]
    [InlineData(2, "holozero: --name: there are 1 for 2 models", "HoloZero.Cli", "holozero", "serve", "--model", "a", "--model", "b",
        "--name", "c")]
    [InlineData(2, "holozero: --name: two models are called 'a'", "HoloZero.Cli", "holozero", "serve", "--model", "x/a", "--model", "y/a")]
    [InlineData(2, "holozero: --set: 'abc' is no KEY=VALUE", "HoloZero.Cli", "holozero", "serve", "--set", "abc")]
    [InlineData(2, "holozero serve: ", "HoloZero.Cli", "holozero", "serve", "--model", "/nowhere", "--urls", "nonsense")]
    public async Task What_is_wrong_with_the_start_is_one_line(int code, string message, string project, string program,
        params string[] arguments)
    {
        using var process = Start(project, program, arguments);
        var reading = process.StandardOutput.ReadToEndAsync(Service.Token);
        var error = await process.StandardError.ReadToEndAsync(Service.Token);
        await process.WaitForExitAsync(Service.Token).WaitAsync(Service.Enough, Service.Token);
        _ = await reading;
        Assert.Equal(code, process.ExitCode);
        Assert.StartsWith(message, Assert.Single(error.TrimEnd().Split('\n')));
    }

    [Fact]
    public async Task The_environment_sets_keys_in_capitals()
    {
        var information = Information("HoloZero.Server", "holozero-server", "--HoloZero:Models:a:Model=/nowhere");
        information.Environment["HOLOZERO__SERVER__MAXTOKENS"] = "0";
        using var process = Process.Start(information)!;
        var error = await process.StandardError.ReadToEndAsync(Service.Token);
        await process.WaitForExitAsync(Service.Token).WaitAsync(Service.Enough, Service.Token);
        Assert.Equal(2, process.ExitCode);
        Assert.StartsWith("holozero serve: HoloZero:Server:MaxTokens: is 0, allowed are ", error);
    }

    [Fact]
    public async Task A_model_that_is_not_there_ends_the_service_with_2()
    {
        using var process = Start("HoloZero.Cli", "holozero", "serve", "--model", "/nowhere", "--urls", "http://127.0.0.1:0");
        var log = await process.StandardOutput.ReadToEndAsync(Service.Token);
        await process.WaitForExitAsync(Service.Token).WaitAsync(Service.Enough, Service.Token);
        Assert.Equal(2, process.ExitCode);
        Assert.Contains("HoloZero:Models:nowhere:Model: /nowhere: no such folder", log);
    }

    [Fact]
    public async Task Load_garbage_and_an_end_in_the_middle_leave_nothing_behind()
    {
        using var process = Start("HoloZero.Load", "holozero-load", "serve", "--server", PathOf("HoloZero.Server", "holozero-server"),
            "--model", shared.Folder, "--clients", "150", "--seconds", "6", "--garbage", "1500");
        var error = process.StandardError.ReadToEndAsync(Service.Token);
        var report = await process.StandardOutput.ReadToEndAsync(Service.Token);
        await process.WaitForExitAsync(Service.Token).WaitAsync(Service.Enough, Service.Token);
        output.WriteLine(report);
        Assert.True(process.ExitCode == 0, report + await error);
        foreach (var seen in (string[])["finished, equal to the same alone", "left early", "garbage: 400", "ended with 0"])
            Assert.Contains(seen, report);
    }

    private static Process Start(string project, string program, params string[] arguments) =>
        Process.Start(Information(project, program, arguments))!;

    internal static ProcessStartInfo Information(string project, string program, params string[] arguments) =>
        new(PathOf(project, program), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };

    /// <summary>Where the build put a program: artifacts/bin/PROJECT/CONFIGURATION/.</summary>
    private static string PathOf(string project, string program)
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        return Path.Combine(own.Parent!.Parent!.FullName, project, own.Name, program);
    }
}
