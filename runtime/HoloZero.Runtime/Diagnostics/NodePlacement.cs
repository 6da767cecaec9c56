using System.Text.Json;
using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>A node as it ran.</summary>
/// <param name="Name">Its name in the optimized graph.</param>
/// <param name="Operator">Its operator.</param>
/// <param name="Provider">ONNX Runtime's name of what ran it.</param>
internal sealed record PlacedNode(string Name, string Operator, string Provider);

/// <summary>Where the nodes of a graph run, as ONNX Runtime's own profile of a step tells it. Stateless and thread-safe.</summary>
public static class NodePlacement
{
    private const string KernelSuffix = "_kernel_time";

    /// <summary>Loads the model once more, with profiling, and steps once. Takes as long as loading it does.</summary>
    /// <param name="folder">A folder that holozero-export wrote.</param>
    /// <param name="options">How to run it; nodes on the processor are counted whether they are allowed or not.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <returns>
    /// Nodes by ONNX Runtime's name of the provider that ran them, the greatest number first. After optimization: several nodes of the file
    /// may be one here.
    /// </returns>
    /// <exception cref="BadInputException">The folder is no sound artifact, lacks the variant, or an option is out of range.</exception>
    /// <exception cref="MissingCapabilityException">The provider that was named does not load, or does not take the graph.</exception>
    /// <exception cref="UnsoundModelException">The graph fails.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static IReadOnlyList<KeyValuePair<string, int>> Count(string folder, ModelOptions options,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        // A profile is a file: it lies in a folder of its own, which goes with whatever is in it.
        var profiles = Directory.CreateTempSubdirectory("holozero-profile-");
        try
        {
            using var graph = HoloZeroModel.LoadGraph(ArtifactFolder.Open(folder, verifyHashes: false),
                options with { VerifyHashes = false, Speculation = false, AllowCpuNodes = true }, session =>
                {
                    session.ProfileOutputPathPrefix = Path.Combine(profiles.FullName, "step");
                    session.EnableProfiling = true;
                }, cancellation);
            return [.. Profile(graph).CountBy(node => node.Provider).OrderByDescending(count => count.Value)];
        }
        finally
        {
            profiles.Delete(recursive: true);
        }
    }

    /// <summary>Steps once and ends the profile that the session's options began.</summary>
    internal static IReadOnlyList<PlacedNode> Profile(OnnxGraph graph)
    {
        using (var run = OnnxEnvironment.NewRunOptions())
        using (var state = graph.States.Rent(1)) state.Step(run, 0);
        return Read(graph.EndProfiling());
    }

    internal static IReadOnlyList<PlacedNode> Read(string profile)
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
