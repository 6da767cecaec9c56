using System.Text.Json;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>A node as it ran.</summary>
/// <param name="Name">Its name in the optimized graph.</param>
/// <param name="Operator">Its operator.</param>
/// <param name="Provider">ONNX Runtime's name of what ran it.</param>
internal sealed record PlacedNode(string Name, string Operator, string Provider);

/// <summary>
/// ONNX Runtime's own profile of a step. A profile is a file: it lies in a folder of its own, which goes with whatever is in it when this
/// is disposed.
/// </summary>
internal sealed class StepProfile : IDisposable
{
    private const string KernelSuffix = "_kernel_time";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("holozero-profile-");

    /// <summary>A session of these options will write a profile.</summary>
    public void Begin(SessionOptions session)
    {
        session.ProfileOutputPathPrefix = Path.Combine(_folder.FullName, "step");
        session.EnableProfiling = true;
    }

    /// <summary>Steps once and ends the profile.</summary>
    /// <returns>Each node that ran, once for each provider that ran it.</returns>
    public static IReadOnlyList<PlacedNode> End(OnnxGraph graph)
    {
        using (var run = OnnxEnvironment.NewRunOptions())
        using (var state = graph.States.Rent(1)) state.Step(run, 0);
        return Read(graph.EndProfiling());
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static IReadOnlyList<PlacedNode> Read(string profile)
    {
        var nodes = new HashSet<PlacedNode>();
        using var events = JsonDocument.Parse(File.ReadAllBytes(profile));
        foreach (var entry in events.RootElement.EnumerateArray())
        {
            if (entry.GetProperty("name").GetString() is not { } name || !name.EndsWith(KernelSuffix, StringComparison.Ordinal)) continue;
            var args = entry.GetProperty("args");
            if (args.TryGetProperty("provider", out var provider) && args.TryGetProperty("op_name", out var type))
                nodes.Add(new(name[..^KernelSuffix.Length], type.GetString()!, provider.GetString()!));
        }

        return [.. nodes];
    }
}
