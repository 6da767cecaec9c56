using System.Diagnostics;
using System.Text.Json;
using HoloZero.Benchmarks.Peers;
using HoloZero.Testing;

namespace HoloZero.Peers.Tests;

/// <summary>Whether the peers' own libraries load what is written for them, and compute the network that was meant.</summary>
public sealed class PeerProgramTests(PeerFiles files) : IClassFixture<PeerFiles>
{
    private const string LLamaSharp = "llamasharp", GenAi = "genai";

    public static TheoryData<string, string> Models { get; } = new(Enum.GetNames<PeerPrecision>()
        .SelectMany(precision => ((string[])[LLamaSharp, GenAi]).Select(peer => (peer, precision))));

    [Theory]
    [MemberData(nameof(Models))]
    public async Task A_peer_loads_its_model_and_measures_it(string peer, string precision)
    {
        using var report = await ReportAsync(peer, Enum.Parse<PeerPrecision>(precision));
        foreach (var figure in (string[])["median_milliseconds", "p99_milliseconds", "mean_milliseconds", "batch_tokens_per_second",
            "prefill_tokens_per_second"])
        {
            var value = report.RootElement.GetProperty(figure).GetDouble();
            Assert.True(double.IsFinite(value) && value > 0, $"{figure} is {value}");
        }

        Assert.Equal([1, 20, 40, 16], ((string[])["threads", "tokens", "prefill_tokens", "batch_rows"])
            .Select(name => report.RootElement.GetProperty(name).GetInt32()));
        Assert.All(FirstTokens(report), token => Assert.InRange(token, 0, files.Llama.Vocabulary - 2));
        Assert.All(report.RootElement.GetProperty("software").EnumerateObject(),
            part => Assert.False(part.Value.GetString() is null or "" or "unknown", part.Name));
    }

    [Fact]
    public async Task Both_peers_compute_the_same_network()
    {
        using var llamaSharp = await ReportAsync(LLamaSharp, PeerPrecision.Float32);
        using var genAi = await ReportAsync(GenAi, PeerPrecision.Float32);
        Assert.Equal(FirstTokens(llamaSharp), FirstTokens(genAi));
        // Random weights that said the same thing over and over would prove nothing about positions.
        Assert.True(FirstTokens(genAi).Distinct().Count() > 2, string.Join(' ', FirstTokens(genAi)));
    }

    [Theory]
    [InlineData(LLamaSharp)]
    [InlineData(GenAi)]
    public async Task Wrong_arguments_are_refused(string peer)
    {
        var (code, output, error) = await RunAsync(peer, "nowhere", "0", "20", "40", "1");
        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith("usage:", error);
    }

    private static int[] FirstTokens(JsonDocument report) =>
        [.. report.RootElement.GetProperty("first_tokens").EnumerateArray().Select(token => token.GetInt32())];

    private async Task<JsonDocument> ReportAsync(string peer, PeerPrecision precision)
    {
        var model = peer == GenAi ? PeerModels.GenAi(files.Folder, precision) : PeerModels.Gguf(files.Folder, precision);
        var (code, output, error) = await RunAsync(peer, model, "1", "20", "40", "1");
        Assert.SkipWhen(code == 3, $"the native library of {peer} does not load here: {error.Split('\n')[0]}");
        Assert.True(code == 0, error);
        return JsonDocument.Parse(output);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(string peer, params string[] arguments)
    {
        var project = peer == GenAi ? "HoloZero.Peers.GenAI" : "HoloZero.Peers.LLamaSharp";
        var own = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var program = Path.Combine(own.Parent!.Parent!.FullName, project, own.Name, $"holozero-peer-{peer}");
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output, await error);
    }
}

/// <summary>Small models, since what is tested here does not depend on the size.</summary>
public sealed class PeerFiles : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public PeerFiles() => PeerModels.Write(Llama, _temporary.Path);

    internal PeerLlama Llama { get; } = new() { Width = 64, Layers = 2, Heads = 2, Hidden = 96, Context = 512 };

    internal string Folder => _temporary.Path;

    public void Dispose() => _temporary.Dispose();
}
