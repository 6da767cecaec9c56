using HoloZero.Artifacts;
using HoloZero.Runtime;

namespace HoloZero.Media;

/// <summary>
/// Reads pictures and sound as the network does, by the graphs of an artifact. Each graph is loaded when it is first needed. Thread-safe.
/// Owns the graphs: dispose it, at any time; that waits for calls under way.
/// </summary>
/// <param name="artifact">The folder with the graphs.</param>
public sealed class MediaReader(ArtifactFolder artifact) : IDisposable
{
    /// <summary>Bytes of a picture file at most.</summary>
    public const int MostPictureBytes = PictureFile.MostBytes;

    /// <summary>Bytes of a sound file at most: of a WAV; a FLAC may have 16 MiB and an MP3 2.</summary>
    public const int MostSoundBytes = SoundFile.MostWavBytes;

    private readonly Lock _loading = new();
    private readonly Dictionary<string, MediaGraph> _graphs = new(StringComparer.Ordinal);
    private bool _disposed;

    /// <summary>Bytes that a picture file that begins like this may have; null where it is no PNG, JPEG, WebP, BMP or GIF.</summary>
    public static int? PictureLimit(ReadOnlySpan<byte> file) => PictureFile.Limit(file);

    /// <summary>Bytes that a sound file that begins like this may have; null where it is no WAV, FLAC or MP3.</summary>
    public static int? SoundLimit(ReadOnlySpan<byte> file) => SoundFile.Limit(file);

    /// <summary>Loads a graph now rather than when it is first needed, so that what is wrong with it is told apart from files.</summary>
    /// <param name="name">
    /// Of what: <see cref="ArtifactManifest.MediaInfo.Picture"/> or <see cref="ArtifactManifest.MediaInfo.Sound"/>.
    /// </param>
    /// <exception cref="BadInputException">The artifact has no such graph, as an earlier release exported it, or it is damaged.</exception>
    /// <exception cref="MissingCapabilityException">ONNX Runtime or its extensions do not load.</exception>
    /// <exception cref="ObjectDisposedException">Disposed.</exception>
    public void Load(string name) => _ = Graph(name);

    /// <summary>A picture file, 16 x 16: grey, shrunk by area averaging without cropping, turned as the file says.</summary>
    /// <param name="file">A PNG, JPEG, WebP, BMP or GIF of up to 32 MiB and 25,000,000 pixels.</param>
    /// <param name="source">Where it came from, for messages.</param>
    /// <exception cref="BadInputException">
    /// It is no picture, damaged, animated or too large, or the artifact has no graph for pictures.
    /// </exception>
    /// <exception cref="MissingCapabilityException">A native library does not load, or memory is too small.</exception>
    /// <exception cref="ObjectDisposedException">Disposed.</exception>
    public PictureWindow Picture(ReadOnlySpan<byte> file, string source = "picture")
    {
        var pixels = PictureFile.Decode(source, file);
        return Shrink(source, pixels.Rgb, pixels.Height, pixels.Width);
    }

    /// <summary>The same of pixels.</summary>
    /// <param name="rgb">[height, width, 3], row by row from the top left, red first; not changed.</param>
    /// <param name="height">Rows, 1 or more.</param>
    /// <param name="width">Columns, 1 or more.</param>
    /// <param name="source">Where they came from, for messages.</param>
    /// <exception cref="ArgumentException">There are not as many bytes as pixels need.</exception>
    /// <exception cref="BadInputException">There are more than 25,000,000, or the artifact has no graph for pictures.</exception>
    /// <exception cref="MissingCapabilityException">ONNX Runtime does not load.</exception>
    /// <exception cref="ObjectDisposedException">Disposed.</exception>
    public PictureWindow Picture(Memory<byte> rgb, int height, int width, string source = "picture") =>
        (long)height * width <= PictureFile.MostPixels ? Shrink(source, rgb, height, width)
            : throw new BadInputException(source, $"{width:N0} x {height:N0} pixels are more than {PictureFile.MostPixels:N0}",
                "make it smaller");

    /// <summary>A sound file, 8,000 samples a second, mono, mu-law. Another rate is resampled as ONNX Runtime Extensions do it.</summary>
    /// <param name="file">
    /// A WAV of up to 32 MiB (PCM of 8 to 32 bits or float), a FLAC of up to 16 MiB or an MP3 of up to 2 MiB; one or two channels, 8,000 to
    /// 192,000 samples a second.
    /// </param>
    /// <param name="source">Where it came from, for messages.</param>
    /// <exception cref="BadInputException">
    /// It is no sound, damaged, empty, too large or of another kind, or the artifact has no graph for sound.
    /// </exception>
    /// <exception cref="MissingCapabilityException">ONNX Runtime or its extensions do not load.</exception>
    /// <exception cref="ObjectDisposedException">Disposed.</exception>
    public SoundWindow Sound(ReadOnlySpan<byte> file, string source = "sound")
    {
        SoundFile.Require(source, file);
        var bytes = Graph(ArtifactManifest.MediaInfo.Sound).Run(source, file.ToArray(), file.Length);
        return bytes.Length > 0 ? new(bytes) : throw new BadInputException(source, "it has no samples", "record it again");
    }

    /// <summary>Refuses further calls, waits for those under way, then frees the graphs.</summary>
    public void Dispose()
    {
        lock (_loading)
        {
            _disposed = true;
            foreach (var graph in _graphs.Values) graph.Dispose();
        }
    }

    private PictureWindow Shrink(string source, Memory<byte> rgb, int height, int width) =>
        new(Graph(ArtifactManifest.MediaInfo.Picture).Run(source, rgb, height, width, 3));

    private MediaGraph Graph(string name)
    {
        lock (_loading)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_graphs.TryGetValue(name, out var graph)) _graphs[name] = graph = MediaGraph.Load(artifact, name);
            return graph;
        }
    }
}
