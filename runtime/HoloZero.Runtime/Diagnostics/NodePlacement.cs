using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>Where the nodes of a graph run, as ONNX Runtime's own profile of a step tells it. Stateless and thread-safe.</summary>
public static class NodePlacement
{
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
        using var profile = new StepProfile();
        using var graph = HoloZeroModel.LoadGraph(ArtifactFolder.Open(folder, verifyHashes: false),
            options with { VerifyHashes = false, Speculation = false, AllowCpuNodes = true }, profile.Begin, cancellation);
        return [.. StepProfile.End(graph).CountBy(node => node.Provider).OrderByDescending(count => count.Value)];
    }
}
