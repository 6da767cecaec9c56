using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>
/// A graph of an artifact that makes the bytes that the network reads of pixels, or of a sound file. Runs on the processor, with one
/// thread. Thread-safe. Owns the graph: dispose it, at any time; that waits for calls under way.
/// </summary>
public sealed class MediaGraph : IDisposable
{
    private const string ExtensionsDomain = "ai.onnx.contrib";

    private readonly InferenceSession _session;
    private readonly ArtifactManifest.MediaInfo _info;
    private readonly CallGate _calls = new();

    private MediaGraph(InferenceSession session, ArtifactManifest.MediaInfo info) => (_session, _info) = (session, info);

    /// <summary>Loads a graph after comparing its hash with the manifest.</summary>
    /// <param name="artifact">The folder.</param>
    /// <param name="name">
    /// Of what: <see cref="ArtifactManifest.MediaInfo.Picture"/> or <see cref="ArtifactManifest.MediaInfo.Sound"/>.
    /// </param>
    /// <param name="cancellation">Checked while it is hashed.</param>
    /// <exception cref="BadInputException">The artifact has no such graph, as an earlier release exported it, or it is damaged.</exception>
    /// <exception cref="MissingCapabilityException">
    /// ONNX Runtime does not load, or the graph needs ONNX Runtime Extensions and these do not.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static MediaGraph Load(ArtifactFolder artifact, string name, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(artifact);
        var info = artifact.Manifest.Media.FirstOrDefault(media => media.Name == name)
            ?? throw new BadInputException(artifact.PathOf(ArtifactManifest.FileName), $"it has no graph for a {name}",
                "export the model again with this release");
        artifact.VerifyHashes(info, cancellation);
        OnnxEnvironment.Ensure();
        using var options = OnnxEnvironment.NewSessionOptions();
        // A call with a large picture must not keep its memory for the next one.
        options.EnableCpuMemArena = false;
        options.EnableMemoryPattern = false;
        options.IntraOpNumThreads = 1;
        if (info.Opsets.ContainsKey(ExtensionsDomain) && OnnxEnvironment.TryLogged(options.RegisterOrtExtensions) is { } problem)
        {
            throw new MissingCapabilityException($"ONNX Runtime Extensions, which read a {name}, do not load ({problem})",
                "add the package Microsoft.ML.OnnxRuntime.Extensions to the app");
        }

        var path = artifact.PathOf(info.File);
        var session = GraphSession.Load(artifact, info.File, options, [info.Input], [info.Output], cancellation);
        if (info.Input.Type == TensorType.UInt8.Name() && info.Output.Type == TensorType.UInt8.Name()) return new(session, info);
        session.Dispose();
        throw new BadInputException(path, "its input and output are not bytes", "export the model again");
    }

    /// <summary>Runs the graph.</summary>
    /// <param name="source">What the data came from, for messages.</param>
    /// <param name="data">Pixels, row by row, or the bytes of a file; not changed.</param>
    /// <param name="shape">Its shape: [height, width, 3], or [bytes]; no axis is empty.</param>
    /// <returns>The bytes; the caller's.</returns>
    /// <exception cref="ArgumentException">The shape is not that of the data, or not of the graph's rank.</exception>
    /// <exception cref="BadInputException">The graph refuses the data.</exception>
    /// <exception cref="ObjectDisposedException">Disposed.</exception>
    public byte[] Run(string source, Memory<byte> data, params long[] shape)
    {
        if (shape.Length != _info.Input.Shape.Count || shape.Any(length => length < 1)
            || shape.Aggregate(1L, (a, b) => a * b) != data.Length)
            throw new ArgumentException($"[{string.Join(", ", shape)}] is no shape of {data.Length} bytes for this graph", nameof(shape));
        ObjectDisposedException.ThrowIf(!_calls.TryEnter(), this);
        try
        {
            using var options = OnnxEnvironment.NewRunOptions();
            using var input = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, data, shape);
            using var outputs = _session.Run(options, [_info.Input.Name], [input], [_info.Output.Name]);
            return outputs[0].GetTensorDataAsSpan<byte>().ToArray();
        }
        catch (OnnxRuntimeException e)
        {
            throw new BadInputException(source, $"it cannot be read as a {_info.Name} ({Untrusted.Cut(OnnxEnvironment.Words(e))})",
                "convert it to another format", e);
        }
        finally
        {
            _calls.Leave();
        }
    }

    /// <summary>Refuses further calls, waits for those under way, then frees the graph.</summary>
    public void Dispose() => _calls.Close(() => { }, _session.Dispose);
}
