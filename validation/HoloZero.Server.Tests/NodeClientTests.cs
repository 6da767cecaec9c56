using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;

namespace HoloZero.Server.Tests;

/// <summary>OpenAI's JavaScript client on Node, from the lock file beside it.</summary>
public sealed class NodeClientTests(Shared shared, ITestOutputHelper output)
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "node");

    [Fact]
    public async Task OpenAIs_JavaScript_client_works_unchanged()
    {
        Assert.SkipUnless(await WorksAsync("node", "--version") && await WorksAsync("npm", "--version"),
            "Node.js and npm are not installed");
        if (!Directory.Exists(Path.Combine(Folder, "node_modules", "openai")))
        {
            var (code, _, error) = await RunAsync("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund");
            Assert.SkipWhen(code != 0, $"npm does not install the client: {error}");
        }

        // One row and no queue: whoever holds the row lets nobody in.
        await using var service = await Service.StartAsync(shared.Folder, "HoloZero:Models:tiny:MaxRows=1",
            "HoloZero:Models:tiny:MaxQueued=0");
        var expected = Encoding.UTF8.GetString(await service.LibraryAsync("And God said, "u8.ToArray(),
            new() { MaxBytes = 40, Sampling = new() { Seed = 7, Temperature = 0.8 } }));
        using var client = Start("node", "client.mjs", service.Address.ToString().TrimEnd('/'));
        var errors = client.StandardError.ReadToEndAsync(Service.Token);
        var steps = new Dictionary<string, JsonNode>();
        HttpResponseMessage? occupied = null;
        while (await client.StandardOutput.ReadLineAsync(Service.Token) is { } line)
        {
            output.WriteLine(line);
            var step = JsonNode.Parse(line)!;
            steps[(string)step["step"]!] = step["result"]!;
            if ((string)step["step"]! == "waiting")
            {
                occupied = await service.OpenAsync("/v1/completions",
                    """{"prompt":"a","max_tokens":16384,"logit_bias":{"257":-100},"stream":true}""");
                await Service.EventuallyAsync(() => service.Statistics.Rows == 1, "the only row is taken");
                await client.StandardInput.WriteLineAsync("go");
            }
            else if ((string)step["step"]! == "refused")
            {
                occupied?.Dispose();
            }
        }

        await client.WaitForExitAsync(Service.Token);
        Assert.True(client.ExitCode == 0, await errors);
        Assert.Equal("tiny", (string)steps["models"][0]!);
        Assert.Equal("model", (string)steps["model"]!);
        Assert.Equal(expected, (string)steps["completion"]["text"]!);
        Assert.Equal(40, (int)steps["completion"]["tokens"]!);
        Assert.Equal(54, (int)steps["completion"]["usage"]!["total_tokens"]!);
        Assert.Equal(expected, (string)steps["stream"]["text"]!);
        Assert.Equal(40, (int)steps["stream"]["usage"]!["completion_tokens"]!);
        Assert.Equal("length", (string)steps["stream"]["reason"]!);
        Assert.Equal(expected, (string)steps["chat"]["content"]!);
        Assert.StartsWith("req_", (string)steps["chat"]["id"]!);
        Assert.Equal(expected, (string)steps["chat stream"]["content"]!);
        Assert.Equal(("BadRequestError", 400, "temperature", "out_of_range"), ((string)steps["error"]["name"]!,
            (int)steps["error"]["status"]!, (string)steps["error"]["param"]!, (string)steps["error"]["code"]!));
        Assert.Equal("NotFoundError", (string)steps["missing"]["name"]!);
        Assert.Equal("1", (string)steps["refused"]["after"]!);
        Assert.NotEmpty((string)steps["retried"]["text"]!);
    }

    private static async Task<bool> WorksAsync(string program, string argument)
    {
        try
        {
            return (await RunAsync(program, argument)).Code == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(string program, params string[] arguments)
    {
        using var process = Start(program, arguments);
        var error = process.StandardError.ReadToEndAsync(Service.Token);
        var text = await process.StandardOutput.ReadToEndAsync(Service.Token);
        await process.WaitForExitAsync(Service.Token).WaitAsync(Service.Enough, Service.Token);
        return (process.ExitCode, text, await error);
    }

    private static Process Start(string program, params string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Folder,
        })!;
}
