using System.Runtime.InteropServices;
using HoloZero.Artifacts;
using HoloZero.Exporter.Onnx;
using HoloZero.Models;
using HoloZero.Reference;
using HoloZero.Runtime;
using HoloZero.Testing;
using HoloZero.Validation;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace HoloZero.Mutants.Tests;

internal static class StandIn
{
    public static ValidationReport Validate(string folder, SoundModel sound)
    {
        var checks = new List<CheckResult>();
        try
        {
            ArtifactFolder.Open(folder);
            checks.Add(Result("hashes", 0, 0));
        }
        catch (BadInputException)
        {
            checks.Add(Result("hashes", 1, 0));
        }

        var suite = sound.PrefixAttention == PrefixAttention.Causal ? GoldenSuite.Tiny : GoldenSuite.TinyBidirectional;
        using var beside = new TemporaryFolder();
        using var checkpoint = sound.Open(beside.Path);
        var config = checkpoint.Config with { PrefixAttention = sound.PrefixAttention };
        var reference = new ReferenceModel(config, checkpoint.LoadWeights(AsymDec.ParameterShapes(config)));
        using var model = HoloZeroModel.Load(folder, new() { VerifyHashes = false, Threads = 1 });
        var graph = ModelProto.Parser.ParseFrom(File.ReadAllBytes(model.Artifact.PathOf(model.Variant.File))).Graph;
        var table = MemoryMarshal.Cast<byte, float>(graph.Initializer.Single(i => i.Name == "door/value_table").RawData.Span);
        checks.Add(Result("value-table", TensorComparison.MaxDifference<float, float>(table, HslFrontDoor.ValueTable.AsSpan()), 0));
        foreach (var test in suite.Cases)
        {
            using var session = model.OpenSession();
            var (prefix, stream) = (test.Prefix(model.SlotBytes), test.Stream(model.SlotBytes));
            var expected = sound.GoldenFolder is null ? reference.Forward(prefix, stream).Logits.Data : test.Logits;
            var whole = session.Prefill(prefix, stream).Data.ToArray();
            checks.Add(Result("logits", TensorComparison.MaxDifference<float, double>(whole, expected), suite.Tolerance));
            var steps = new List<float>(session.Prefill(prefix, stream[..1]).Data.ToArray());
            foreach (var next in stream[1..]) steps.AddRange(session.Step(next));
            checks.Add(Result("logits-stepwise", TensorComparison.MaxDifference<float, double>(steps.ToArray(), expected), suite.Tolerance));
        }

        using var ort = new InferenceSession(model.Artifact.PathOf(model.Variant.File));
        var signature = model.Variant.Signature;
        var bytes = suite.Cases.Single(c => c.Name == "korean_serve");
        var inputs = new List<NamedOnnxValue> { Bytes("prefix", bytes.Prefix(2)), Bytes("stream", bytes.Stream(2)) };
        foreach (var state in signature.State)
        {
            int[] shape = [.. state.Past.Shape.Select(axis => (int)(axis.Length ?? (axis.Name == "batch" ? 1 : 0)))];
            inputs.Add(state.Past.Type switch
            {
                "uint8" => NamedOnnxValue.CreateFromTensor(state.Past.Name, new DenseTensor<byte>(shape)),
                "int64" => NamedOnnxValue.CreateFromTensor(state.Past.Name, new DenseTensor<long>(shape)),
                _ => NamedOnnxValue.CreateFromTensor(state.Past.Name, new DenseTensor<float>(shape)),
            });
        }

        using var results = ort.Run(inputs);
        var truth = reference.Forward(bytes.Prefix(2), bytes.Stream(2)).State.Tensors.ToArray();
        for (var i = 0; i < truth.Length; i++)
        {
            float[] actual = results[i + 1].Value switch
            {
                DenseTensor<float> f => [.. f],
                DenseTensor<byte> b => [.. b.Select(v => (float)v)],
                DenseTensor<long> l => [.. l.Select(v => (float)v)],
                _ => throw new InvalidOperationException(),
            };
            checks.Add(Result("state", TensorComparison.MaxDifference<float, double>(actual, truth[i].Data), 1e-3));
        }

        return new(folder, checks);
    }

    private static NamedOnnxValue Bytes(string name, byte[] bytes) => NamedOnnxValue.CreateFromTensor(name, new DenseTensor<byte>(bytes, [1, bytes.Length]));

    private static CheckResult Result(string check, double error, double tolerance) =>
        new(check, "tiny", error <= tolerance ? [] : [new("largest", $"{error}", "0")], new Dictionary<string, double> { ["max_abs_error"] = error });
}
