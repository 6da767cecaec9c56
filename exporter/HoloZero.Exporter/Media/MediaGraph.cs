using HoloZero.Artifacts;
using HoloZero.Exporter.Recording;
using HoloZero.Onnx;
using static HoloZero.Artifacts.ArtifactManifest;

namespace HoloZero.Exporter.Media;

/// <summary>A graph that makes the bytes that the network reads of pixels or of a sound file.</summary>
/// <param name="Name">Of what.</param>
/// <param name="Recorder">The nodes.</param>
/// <param name="Input">Its input.</param>
/// <param name="Output">Its output.</param>
/// <param name="Opsets">Version by operator domain.</param>
internal sealed record MediaGraph(string Name, GraphRecorder Recorder, GraphPort Input, GraphPort Output,
    IReadOnlyDictionary<string, int> Opsets) : RecordedGraph(Name, Recorder, [Input], [Output])
{
    /// <summary>What every artifact gets: none of them depends on the network.</summary>
    public static IReadOnlyList<MediaGraph> All() => [PictureGraph.Record(), SoundGraph.Record()];

    /// <summary>Writes the graph into a folder.</summary>
    /// <returns>What the manifest says of it.</returns>
    public MediaInfo Write(string folder, (string Name, string Version) producer)
    {
        var file = $"media.{Name}.onnx";
        OnnxFile.Write(ToProto(), Initializers(), Path.Combine(folder, file), Opsets, producer);
        return new(Name, file, Opsets, Describe(Input), Describe(Output));
    }

    private static PortInfo Describe(GraphPort port) => new(port.Value.Name, ElementTypes.Of(port.Value.Type).Name(), port.Axes);
}
