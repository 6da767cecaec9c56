using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>
/// What a network literally reads of bytes, for people to look at: the graph of features that its artifact carries, on the processor.
/// Thread-safe. Owns that graph: dispose it once nobody computes any more.
/// </summary>
public sealed class ByteFeatures : IDisposable
{
    /// <summary>Bytes of one call at most.</summary>
    public const int MaxBytes = 65_536;

    private readonly ArtifactManifest.FeaturesInfo _info;
    private readonly InferenceSession _session;

    private ByteFeatures(ArtifactManifest.FeaturesInfo info, InferenceSession session) => (_info, _session) = (info, session);

    /// <summary>What each column is, in order.</summary>
    public IReadOnlyList<ArtifactManifest.ChannelInfo> Channels => _info.Channels;

    /// <summary>Loads the graph, its hash compared.</summary>
    /// <param name="artifact">An artifact.</param>
    /// <exception cref="BadInputException">The artifact has no such graph, or not the one that its manifest describes.</exception>
    /// <exception cref="MissingCapabilityException">ONNX Runtime does not load.</exception>
    public static ByteFeatures Load(ArtifactFolder artifact)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        if (artifact.Manifest.Features is not { } info)
        {
            throw new BadInputException(artifact.Path, "its graph of features is missing: an earlier release exported it",
                "export it again");
        }

        artifact.VerifyHashes(info);
        OnnxEnvironment.Ensure();
        using var options = OnnxEnvironment.NewSessionOptions();
        // A few operations a byte: threads would wait for each other longer than they compute.
        options.IntraOpNumThreads = 1;
        return new(info, GraphSession.Load(artifact, info.File, options, [info.Input], [info.Output]));
    }

    /// <summary>Computes the features of one run of bytes: before the first one there is nothing.</summary>
    /// <param name="bytes">1 to <see cref="MaxBytes"/> bytes.</param>
    /// <returns>Row-major [bytes, channels].</returns>
    /// <exception cref="BadInputException">There are none, or too many.</exception>
    /// <exception cref="UnsoundModelException">The graph fails.</exception>
    /// <exception cref="ObjectDisposedException">It is disposed.</exception>
    public float[] Compute(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length is 0 or > MaxBytes)
            throw new BadInputException("input", $"it has {bytes.Length:N0} bytes, allowed are 1 to {MaxBytes:N0}", "correct it");
        using var row = StateTensors.Row(bytes);
        using var run = OnnxEnvironment.NewRunOptions();
        try
        {
            using var outputs = _session.Run(run, [_info.Input.Name], [row], [_info.Output.Name]);
            var features = outputs[0].GetTensorDataAsSpan<float>();
            return features.Length == bytes.Length * Channels.Count ? features.ToArray()
                : throw new UnsoundModelException($"the graph of features gives {features.Length} values for {bytes.Length} bytes");
        }
        catch (OnnxRuntimeException e)
        {
            throw new UnsoundModelException($"the graph of features fails on ONNX Runtime ({OnnxEnvironment.Words(e)})");
        }
    }

    /// <summary>Frees the graph.</summary>
    public void Dispose() => _session.Dispose();
}
