using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>Sees to it that a device runs all of a graph but what belongs to the processor. Dispose it: a profile is a file.</summary>
internal sealed class PlacementCheck : IDisposable
{
    private const string Processor = "CPUExecutionProvider";

    private readonly DirectoryInfo _profiles = Directory.CreateTempSubdirectory("holozero-profile-");

    /// <param name="session">Options of the session that is to be made: it will write a profile.</param>
    public PlacementCheck(SessionOptions session)
    {
        session.ProfileOutputPathPrefix = Path.Combine(_profiles.FullName, "step");
        session.EnableProfiling = true;
    }

    /// <summary>Steps once and ends the profile.</summary>
    /// <exception cref="GraphRefusedException">A node ran on the processor that the manifest does not name.</exception>
    public void Require(OnnxGraph graph, ArtifactManifest.VariantInfo variant, string path) =>
        Require(NodePlacement.Profile(graph), variant, path);

    internal static void Require(IReadOnlyList<PlacedNode> nodes, ArtifactManifest.VariantInfo variant, string path)
    {
        var stray = nodes.FirstOrDefault(node => node.Provider == Processor
            && !variant.HostNodes.Contains(node.Name, StringComparer.Ordinal));
        if (stray is null) return;
        throw new GraphRefusedException(new(path,
            $"node {Untrusted.Quote(stray.Name)} ({stray.Operator}) would run on the processor", "allow nodes there"),
            "allow nodes on the processor");
    }

    public void Dispose() => _profiles.Delete(recursive: true);
}
