using System.Runtime.InteropServices;
using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>Loads graphs with the inputs and outputs that a manifest promises.</summary>
internal static class GraphSession
{
    /// <summary>Loads a file of an artifact and compares it with what the manifest says of it. The caller disposes it.</summary>
    /// <exception cref="BadInputException">
    /// ONNX Runtime refuses the graph, or it has other inputs or outputs than the manifest says.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static InferenceSession Load(ArtifactFolder artifact, string file, SessionOptions options,
        IReadOnlyList<ArtifactManifest.PortInfo> inputs, IReadOnlyList<ArtifactManifest.PortInfo> outputs,
        CancellationToken cancellation = default)
    {
        InferenceSession? session = null;
        var path = artifact.PathOf(file);
        var failure = OnnxEnvironment.Try(() => session = artifact.BytesOf(file) is { } bytes
            ? new InferenceSession(WholeArray(bytes), options) : new InferenceSession(path, options));
        if (cancellation.IsCancellationRequested)
        {
            session?.Dispose();
            throw new OperationCanceledException(cancellation);
        }

        if (failure is not null)
            throw new BadInputException(path, $"ONNX Runtime does not load it ({failure})", "export the model again");

        try
        {
            Compare(path, session!.InputMetadata, inputs);
            Compare(path, session.OutputMetadata, outputs);
            return session;
        }
        catch
        {
            session!.Dispose();
            throw;
        }
    }

    private static byte[] WholeArray(ReadOnlyMemory<byte> bytes) =>
        MemoryMarshal.TryGetArray(bytes, out var part) && part.Count == part.Array!.Length ? part.Array : bytes.ToArray();

    private static void Compare(string path, IReadOnlyDictionary<string, NodeMetadata> actual,
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
