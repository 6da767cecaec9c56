using System.Diagnostics;
using System.Text.RegularExpressions;
using HoloZero.Testing;

namespace HoloZero.Server.Tests;

/// <summary>What docs/serving.md shows works, and its keys are those that there are.</summary>
public sealed class DocumentationTests(Shared shared)
{
    private static readonly string Manual = File.ReadAllText(Path.Combine(Repository.Root, "docs", "serving.md"));

    public static TheoryData<string> Commands { get; } = [.. Regex.Matches(Manual, "```sh\n(.*?)```", RegexOptions.Singleline)
        .SelectMany(block => block.Groups[1].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries)),
        .. Regex.Matches(File.ReadAllText(Path.Combine(Repository.Root, "README.md")), "(?m)^    (curl .*)$")
            .Select(match => match.Groups[1].Value)];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Its_commands_work(string command)
    {
        using var home = new TemporaryFolder();
        await File.WriteAllTextAsync(home[".curlrc"], "fail\nshow-error\nmax-time = 60\n", Service.Token);
        Assert.Contains("http://127.0.0.1:5080", command);
        var here = command.Replace("http://127.0.0.1:5080", shared.Service.Address.ToString().TrimEnd('/'), StringComparison.Ordinal);
        using var shell = Process.Start(new ProcessStartInfo("bash", ["-o", "pipefail", "-ec", here])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Repository.Root,
            Environment = { ["CURL_HOME"] = home.Path },
        })!;
        var error = shell.StandardError.ReadToEndAsync(Service.Token);
        var output = await shell.StandardOutput.ReadToEndAsync(Service.Token);
        await shell.WaitForExitAsync(Service.Token);
        Assert.True(shell.ExitCode == 0, await error);
        Assert.NotEmpty(output);
    }

    [Fact]
    public void There_is_a_command_for_every_path() => Assert.All((string[])["/v1/completions", "/v1/chat/completions", "/v1/models",
        "/v1/score", "/v1/features", "/v1/bytes", "/v1/window", "/v1/window/show", "/health/ready", "/metrics", "/openapi/v1.json"],
        path => Assert.Contains(Commands, command => command.Data.Contains(path, StringComparison.Ordinal)));

    [Fact]
    public void Its_keys_are_those_that_there_are()
    {
        var told = Regex.Matches(Manual, @"(?m)^\| `(\w+)` \|").Select(match => match.Groups[1].Value);
        Assert.Equal(typeof(ServerOptions).GetProperties().Select(property => property.Name), told);
    }
}
