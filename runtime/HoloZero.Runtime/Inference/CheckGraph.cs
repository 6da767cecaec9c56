using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>
/// A loaded graph that computes a fixed number of rows of one sequence as so many steps would, bit for bit, and gives the state after each.
/// It belongs to an <see cref="OnnxGraph"/>, within whose calls it is used.
/// </summary>
internal sealed class CheckGraph : IDisposable
{
    private CheckGraph(InferenceSession session, ArtifactManifest.CheckInfo info) => (Session, Info) = (session, info);

    /// <summary>What runs it.</summary>
    public InferenceSession Session { get; }

    /// <summary>Its ports beyond those of the graph that steps.</summary>
    public ArtifactManifest.CheckInfo Info { get; }

    /// <summary>Rows of every call.</summary>
    public int Rows => Info.Rows;

    /// <summary>Loads a graph and compares it with the manifest. The caller disposes it.</summary>
    /// <exception cref="BadInputException">ONNX Runtime refuses it, or it has other inputs or outputs than the manifest says.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static CheckGraph Load(ArtifactFolder artifact, ArtifactManifest.VariantInfo variant, SessionOptions options,
        CancellationToken cancellation)
    {
        var (info, signature) = (variant.Check!, variant.Signature);
        return new(GraphSession.Load(artifact, info.File, options,
            [signature.Prefix, info.Stream, .. signature.State.Select(state => state.Past)],
            [info.Logits, .. info.Presents.SelectMany((names, i) => names.Select(name => signature.State[i].Present with { Name = name }))],
            cancellation), info);
    }

    public void Dispose() => Session.Dispose();
}
