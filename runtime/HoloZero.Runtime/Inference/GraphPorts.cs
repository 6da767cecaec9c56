using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>Holds the inputs and outputs of a loaded graph against its manifest.</summary>
internal static class GraphPorts
{
    /// <exception cref="BadInputException">They differ.</exception>
    public static void Compare(string path, IReadOnlyDictionary<string, NodeMetadata> actual,
        IReadOnlyList<ArtifactManifest.PortInfo> expected)
    {
        foreach (var port in expected)
        {
            if (!actual.TryGetValue(port.Name, out var found)) throw Mismatch($"it lacks {Untrusted.Quote(port.Name)}");
            if (found.ElementDataType != TensorTypeNames.Parse(port.Type))
                throw Mismatch($"{Untrusted.Quote(port.Name)} is {found.ElementDataType}, not {port.Type}");
            if (!found.Dimensions.SequenceEqual(port.Shape.Select(axis => (int)(axis.Length ?? -1))))
            {
                throw Mismatch($"{Untrusted.Quote(port.Name)} has shape [{string.Join(", ", found.Dimensions)}], "
                    + $"not [{string.Join(", ", port.Shape)}]");
            }
        }

        if (actual.Count != expected.Count)
            throw Mismatch($"it has {actual.Count} inputs or outputs where the manifest has {expected.Count}");

        BadInputException Mismatch(string what) => new(path, $"the manifest does not match this graph: {what}", "export the model again");
    }
}
