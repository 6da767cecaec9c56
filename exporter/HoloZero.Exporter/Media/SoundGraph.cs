using HoloZero.Artifacts;
using HoloZero.Exporter.Recording;
using HoloZero.Onnx;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Exporter.Media;

/// <summary>
/// A sound file's own bytes to a mu-law byte a sample. ONNX Runtime Extensions decode it and resample it to 8 kHz, mono; mu-law is
/// torchaudio's, mu = 255: y = sign(x) ln(1 + 255 |x|) / ln 256, byte = floor((y + 1) / 2 * 255 + 0.5), in float64.
/// </summary>
internal static class SoundGraph
{
    private const int SamplesPerSecond = 8000;
    private const double Mu = 255;

    private static OnnxOperator Decoder { get; } = new("AudioDecoder", "ai.onnx.contrib");

    public static MediaGraph Record()
    {
        const int fileBytes = 52, samples = 4;
        var recorder = new GraphRecorder();
        var file = new GraphValue("file", DataType.Uint8, new([fileBytes]));
        var decode = new MediaNodes(recorder, "decode");
        var decoded = recorder.Node("decode", Decoder, [new("", DataType.Float, new([1, samples]))],
            [decode.Node("Unsqueeze", new([1, fileBytes]), file, decode.Axis(0))],
            NodeAttribute.Of("downsampling_rate", SamplesPerSecond), NodeAttribute.Of("stereo_to_mono", 1))[0]!;

        // A file of floats may hold anything; what is no number is silence.
        var isNothing = recorder.Node("decode", "IsNaN", DataType.Bool, decoded.Shape, [decoded]);
        var numbers = recorder.Node("decode", "Where", DataType.Float, decoded.Shape, [isNothing, decode.Float("silence", 0), decoded]);
        var x = decode.Map("Clip", numbers, decode.Float("least", -1), decode.Float("most", 1));

        var law = new MediaNodes(recorder, "mu_law");
        var wide = law.Cast(x, DataType.Double);
        var one = law.Double("one", 1);
        var logarithm = law.Map("Log", law.Map("Add", law.Map("Mul", law.Map("Abs", wide), law.Double("mu", Mu)), one));
        var y = law.Map("Div", law.Map("Mul", law.Map("Sign", wide), logarithm), law.Double("ln_256", Math.Log(1 + Mu)));
        var scaled = law.Map("Mul", law.Map("Div", law.Map("Add", y, one), law.Double("two", 2)), law.Double("mu", Mu));
        var levels = law.Map("Floor", law.Map("Add", scaled, law.Double("half", 0.5)));
        var bytes = law.Bytes(levels, law.Double("least", 0), law.Double("most", 255), samples, -1);
        bytes.Name = "bytes";
        return new(ArtifactManifest.MediaInfo.Sound, recorder, new(file, ["file_bytes"]), new(bytes, ["samples"]),
            new SortedDictionary<string, int>(StringComparer.Ordinal) { [""] = OnnxOps.Opset, [Decoder.Domain] = 1 });
    }
}
