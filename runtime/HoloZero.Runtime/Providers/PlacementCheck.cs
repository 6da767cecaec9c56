using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>Sees to it that a device runs all of a graph but what belongs to the processor. Stateless and thread-safe.</summary>
internal static class PlacementCheck
{
    private const string Processor = "CPUExecutionProvider";

    /// <exception cref="GraphRefusedException">A node ran on the processor that the manifest does not name.</exception>
    public static void Require(IReadOnlyList<PlacedNode> nodes, ArtifactManifest.VariantInfo variant, string path)
    {
        var stray = nodes.FirstOrDefault(node => node.Provider == Processor
            && !variant.HostNodes.Contains(node.Name, StringComparer.Ordinal));
        if (stray is null) return;
        throw new GraphRefusedException(new(path,
            $"node {Untrusted.Quote(stray.Name)} ({stray.Operator}) would run on the processor", "allow nodes there"),
            "allow nodes on the processor");
    }
}
