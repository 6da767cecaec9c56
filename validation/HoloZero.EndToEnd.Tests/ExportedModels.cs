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

    public async ValueTask InitializeAsync()
    {
        var results = new[]
        {
            await Programs.ExportAsync("--checkpoint", GoldenSuite.Tiny.CheckpointPath, "--output", Tiny),
            await Programs.ExportAsync("--checkpoint", GoldenSuite.Demo.CheckpointPath, "--output", Demo),
        };
        Assert.All(results, result => Assert.Equal((0, ""), (result.ExitCode, result.StandardError)));
    }

    public ValueTask DisposeAsync()
    {
        _temporary.Dispose();
        return ValueTask.CompletedTask;
    }
}
