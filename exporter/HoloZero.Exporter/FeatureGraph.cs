using System.Diagnostics;
using HoloZero.Artifacts;
using HoloZero.Exporter.Recording;
using HoloZero.Models;
using HoloZero.Models.Ops;
using static HoloZero.Artifacts.ArtifactManifest;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Exporter;

/// <summary>
/// The front door by itself: the bytes of one run in, their features out. Nobody generates with it; it shows people what the network reads,
/// so that no runtime has to know how features are made.
/// </summary>
internal static class FeatureGraph
{
    /// <summary>Its file in an artifact.</summary>
    public const string FileName = "features.onnx";

    /// <summary>What it is written for.</summary>
    public static IReadOnlyDictionary<string, int> Opsets => GraphVariant.Portable.Opsets;

    /// <summary>What each column is, in order.</summary>
    public static IReadOnlyList<ChannelInfo> Channels { get; } =
    [
        .. Enumerable.Range(0, 8).Select(bit => new ChannelInfo($"dxor.{bit}", "dxor",
            $"bit {bit} of the byte's Gray code, 0 the most significant")),
        .. Enumerable.Range(0, 8).Select(bit => new ChannelInfo($"d2xor.{bit}", "d2xor",
            $"whether bit {bit} of the Gray code differs from that of the byte before")),
        new("boundary", "boundary", "mean energy of the bits around the border to the byte before"),
        .. Enumerable.Range(0, 5).Select(frequency => new ChannelInfo($"fourier.re{frequency}", "fourier",
            $"real part of the Fourier transform of the 8 bits at frequency {frequency}")),
        .. Enumerable.Range(1, 3).Select(frequency => new ChannelInfo($"fourier.im{frequency}", "fourier",
            $"imaginary part of the Fourier transform of the 8 bits at frequency {frequency}")),
        new("phase.cos", "phase", "cosine of the byte's angle, value / 256 of a turn"),
        new("phase.sin", "phase", "sine of the byte's angle, value / 256 of a turn"),
    ];

    /// <summary>Records it.</summary>
    /// <param name="door">The input layer, which reads features.</param>
    /// <param name="weights">Float32 data of a parameter by its full name.</param>
    public static RecordedGraph Record(DoorConfig door, Func<string, float[]> weights)
    {
        const int exampleBytes = 5;
        var recorder = new GraphRecorder();
        ITensorOps<GraphValue> op = new OnnxOps(recorder, name => throw new UnreachableException($"{name}: features have no parameters"));
        op = op.At("features");
        var bytes = new GraphPort(new("bytes", DataType.Uint8, new([1, exampleBytes])), [1, "bytes"]);
        var table = op.Constant("value_table", HslFrontDoor.ValueTableAsDouble(), ByteVocabulary.Bytes, HslFrontDoor.ValueColumns);
        var read = door.Substrate == SubstrateKind.Learned ? weights(DoorConfig.LearnedTable) : door.BakedTable();
        var values = read is null ? null : op.Constant("substrate_table", [.. read.Select(value => (double)value)], ByteVocabulary.Bytes,
            HslFrontDoor.ValueColumns);
        var (features, _) = op.HslFeatures(table, values, bytes.Value, op.Constant("no_tail", [0, 0], 1, 2),
            op.Constant("first_position", [0]), HslFrontDoor.FeatureCount);
        var output = features.Record();
        output.Name = "features";
        return new("HslFeatures", recorder, [bytes], [new(output, [1, "bytes", HslFrontDoor.FeatureCount])]);
    }
}
