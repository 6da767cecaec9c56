using HoloZero.EndToEnd.Tests;
using HoloZero.Testing;

[assembly: AssemblyFixture(typeof(ExportedModels))]

namespace HoloZero.EndToEnd.Tests;

/// <summary>tiny.pt and the demo, exported once by the program itself.</summary>
public sealed class ExportedModels : IAsyncLifetime
{
    private readonly TemporaryFolder _temporary = new();

    public string Tiny => _temporary["tiny"];

    public string Demo => _temporary["demo"];

    /// <summary>Why TorchSharp does not load here, as the program says it; null where it does.</summary>
    public string? WhyNoTorchSharp { get; private set; }

    /// <summary>Skips a test that computes with TorchSharp where it does not load.</summary>
    public void RequireTorchSharp()
    {
        if (WhyNoTorchSharp is { } reason) Assert.Skip(reason);
    }

    public async ValueTask InitializeAsync()
    {
        var results = new[]
        {
            await Programs.ExportAsync("--checkpoint", GoldenSuite.Tiny.CheckpointPath, "--output", Tiny),
            await Programs.ExportAsync("--checkpoint", GoldenSuite.Demo.CheckpointPath, "--output", Demo,
                "--window-stream-bytes", "128", "--window-prefix-slots", "24", "--window-kept-bytes", "64"),
        };
        Assert.All(results, result => Assert.Equal((0, ""), (result.ExitCode, result.StandardError)));
        var torchSharp = await Programs.ExportAsync("--checkpoint", GoldenSuite.Tiny.CheckpointPath, "--output", _temporary["torchsharp"],
            "--engine", "torchsharp");
        if (torchSharp.ExitCode == 0) return;
        Programs.RequireRefusal(torchSharp, 3, "TorchSharp");
        WhyNoTorchSharp = torchSharp.StandardError.Trim()["holozero-export: ".Length..];
    }

    public ValueTask DisposeAsync()
    {
        _temporary.Dispose();
        return ValueTask.CompletedTask;
    }
}
