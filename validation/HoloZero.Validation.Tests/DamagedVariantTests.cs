using System.Runtime.InteropServices;
using Google.Protobuf;
using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Onnx;

namespace HoloZero.Validation.Tests;

/// <summary>What is wrong with one variant among several, and what only fused ones have.</summary>
public class DamagedVariantTests
{
    [Theory]
    [InlineData("fp32", "self_blocks.0.qkv.weight", 1e-5)]
    [InlineData("fp32", "mem_blocks.1.proj.bias", 1e-5)]
    public void Weights_that_differ_from_another_variants_are_named(string variant, string parameter, float difference)
    {
        using var artifact = new TinyArtifact(PrefixAttention.Causal, externalData: false, "portable", variant);
        artifact.Edit($"model.{variant}.onnx", Change<float>(parameter, values => values[3] += difference));

        var misses = artifact.Validate().Misses(CheckNames.Rounding, "weights against exact ones");

        Assert.StartsWith($"{parameter}, ", Assert.Single(misses).Position);
    }

    [Fact]
    public void Scales_of_another_column_are_found_in_every_matrix()
    {
        using var artifact = new TinyArtifact(PrefixAttention.Causal, externalData: false, "portable", "int8");
        artifact.Edit("model.int8.onnx", model =>
        {
            foreach (var node in model.Graph.Node.Where(node => node.OpType == "MatMulIntegerToFloat"))
                Edit<float>(Initializer(model, node.Input[3]), values => Array.Copy(values, 0, values, 1, values.Length - 1));
        });

        var report = artifact.Validate();

        var matrices = AsymDec.ParameterShapes(new(64, 2, 4, 2)).Where(parameter => parameter.Value.Length == 2);
        Assert.Equal(matrices.Select(matrix => $"{matrix.Key}, relative error (root mean square)").Order(StringComparer.Ordinal),
            report.Misses(CheckNames.Rounding, "weights against exact ones").Select(miss => miss.Position).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_matrix_of_fewer_bits_than_the_manifest_says_is_found()
    {
        using var artifact = new TinyArtifact(PrefixAttention.Causal, externalData: false, "int4");
        artifact.EditManifest(json => json["variants"]![0]!["precision"] = "int8");

        Assert.Contains(artifact.Validate().Misses(CheckNames.Structure), miss => (miss.Actual, miss.Expected) == ("4 bits", "8 or more"));
    }

    [Fact]
    public void A_cache_of_8_bits_under_a_name_that_is_none_of_a_state_is_told_and_ends_nothing()
    {
        using var artifact = new TinyArtifact(PrefixAttention.Causal, externalData: false, "fp32");
        artifact.EditManifest(json =>
        {
            var state = json["variants"]![0]!["signature"]!["state"]![2]!;
            state["past"]!["name"] = "x";
            state["past"]!["type"] = "int8";
            state["present"]!["type"] = "int8";
        });

        Assert.NotEmpty(artifact.Validate().Misses(CheckNames.Signature));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Weights_counted_wrongly_are_found_inside_the_graph_and_beside_it(bool externalData)
    {
        using var artifact = new TinyArtifact(PrefixAttention.Causal, externalData, "fp32");
        var counted = 0L;
        artifact.EditManifest(json =>
        {
            counted = (long)json["variants"]![0]!["weight_bytes"]!;
            json["variants"]![0]!["weight_bytes"] = counted + 1;
        });

        var miss = Assert.Single(artifact.Validate().Misses(CheckNames.Structure));
        Assert.Equal(($"{counted + 1}", true), (miss.Actual, miss.Expected.StartsWith($"{counted},", StringComparison.Ordinal)));
    }

    [Fact]
    public void An_operator_that_no_graph_of_this_network_needs_is_found()
    {
        using var artifact = new TinyArtifact(PrefixAttention.Causal, externalData: false, "fp32");
        artifact.Edit(model => model.Graph.Node.First(node => node.OpType == "BiasGelu").OpType = "FastGelu");

        var miss = Assert.Single(artifact.Validate().Misses(CheckNames.Structure));
        Assert.Equal("com.microsoft.FastGelu", miss.Actual);
        Assert.Contains("BiasGelu", miss.Expected);
    }

    [Fact]
    public void A_column_of_ones_that_is_none_is_named_by_row_and_column()
    {
        using var artifact = new TinyArtifact(PrefixAttention.Causal, externalData: false, "fp32");
        artifact.Edit(Change<float>("mem_blocks.0.qkv.bias", values => values[2 * 64 + 16] = 0.5f));

        var miss = Assert.Single(artifact.Validate().Misses(CheckNames.Structure));
        Assert.Equal(("mem_blocks.0.qkv+ones.bias[144, 0]", "0.5", "1"), (miss.Position, miss.Actual, miss.Expected));
    }

    [Fact]
    public void What_lies_behind_z_must_be_zero()
    {
        using var artifact = new TinyArtifact(PrefixAttention.Causal, externalData: false, "fp32");
        artifact.Edit(model =>
        {
            const string state = "present.mem_blocks.1.s";
            var graph = model.Graph;
            var column = new float[24];
            column[20] = 1e-6f;
            graph.Initializer.Add(new TensorProto
            {
                Name = "wrong/column",
                DataType = TensorProto.Types.DataType.Float,
                Dims = { column.Length },
                RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(column.AsSpan())),
            });
            var producer = graph.Node.Single(node => node.Output.Contains(state));
            producer.Output[producer.Output.IndexOf(state)] = "sound";
            graph.Node.Add(new NodeProto { Name = "wrong", OpType = "Add", Input = { "sound", "wrong/column" }, Output = { state } });
        });

        var failed = artifact.Validate().Checks.Where(check => check is { Check: CheckNames.State, Passed: false });

        Assert.Equal("mem_blocks.1.s, zeros", Assert.Single(failed).Subject);
    }

    [Fact]
    public void Rounding_that_costs_more_than_it_may_is_found_by_its_divergence()
    {
        // Right by itself, and by its own reference: only the published logits tell that a third of the last layer is gone.
        using var artifact = new TinyArtifact(PrefixAttention.Causal, externalData: false, "int8");
        artifact.Edit(model => Edit<float>(Initializer(model, Reader(model, "self_blocks.1.ff.3.weight").Input[3]),
            values => Array.Clear(values, 0, values.Length / 3)));

        var report = artifact.Validate();

        Assert.Contains(report.Misses(CheckNames.Rounding), miss => miss.Position == "mean KL divergence in bits from published logits");
        Assert.DoesNotContain(report.Checks, check => check is { Check: CheckNames.Trace, Passed: false });
    }

    [Fact]
    public void Scales_of_another_size_are_no_weights()
    {
        using var artifact = new TinyArtifact(PrefixAttention.Causal, externalData: false, "int8");
        var scales = "";
        artifact.Edit(model => model.Graph.Node.First(node => node.OpType == "MatMulIntegerToFloat").Input[3] =
            scales = Reader(model, "head.weight").Input[3]);

        Assert.Contains(artifact.Validate().Misses(CheckNames.Structure), miss => miss.Actual.Contains(scales));
    }

    [Fact]
    public void A_graph_of_an_earlier_release_is_refused_in_one_line()
    {
        using var artifact = new TinyArtifact(PrefixAttention.Causal, externalData: false, "fp32");
        artifact.Edit(model => model.MetadataProps.Clear());

        var refusal = Assert.Throws<BadInputException>(artifact.Validate);

        Assert.Equal(artifact["model.fp32.onnx"], refusal.Where);
        Assert.Contains("earlier release", refusal.Message);
        Assert.EndsWith("export the model again", refusal.Message);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{")]
    [InlineData("""{"parameters":[],"tables":null}""")]
    [InlineData("""{"parameters":[null],"tables":[]}""")]
    [InlineData("""{"parameters":[{"name":"a"}],"tables":[]}""")]
    [InlineData("""{"parameters":[{"name":"a","initializer":"head.bias","layout":"diagonal"}],"tables":[]}""")]
    [InlineData("""{"parameters":[{"name":"a","initializer":"head.bias","layout":0}],"tables":[]}""")]
    [InlineData("""{"parameters":[{"name":"a","initializer":"elsewhere","layout":"checkpoint"}],"tables":[]}""")]
    [InlineData("""{"parameters":[],"tables":[{"name":"t","initializer":"elsewhere"}]}""")]
    [InlineData("""
        {"parameters":[{"name":"a","initializer":"head.bias","layout":"checkpoint"},
                       {"name":"a","initializer":"head.bias","layout":"checkpoint"}],
         "tables":[]}
        """)]
    [InlineData("""
        {"parameters":[{"name":"a","initializer":"head.bias","layout":"checkpoint","ones":{"first_row":-1,"group":1,"extra":1}}],
         "tables":[]}
        """)]
    [InlineData("""
        {"parameters":[{"name":"a","initializer":"head.bias","layout":"checkpoint","ones":{"first_row":0,"group":0,"extra":1}}],
         "tables":[]}
        """)]
    public void Contents_that_are_unsound_fail_the_structure_and_nothing_worse(string contents)
    {
        using var artifact = new TinyArtifact(PrefixAttention.Causal, externalData: false, "fp32");
        artifact.Edit(model => model.MetadataProps.Single().Value = contents);

        var miss = Assert.Single(artifact.Validate().Misses(CheckNames.Structure, "model.fp32.onnx"));

        Assert.Contains(GraphContents.Key, miss.Actual);
    }

    [Theory]
    [InlineData(0, 7, 1)]
    [InlineData(1 << 24, 1, 1)]
    [InlineData(0, 1, 1 << 24)]
    public void Ones_that_do_not_fit_the_parameter_are_found(int firstRow, int group, int extra)
    {
        using var artifact = new TinyArtifact(PrefixAttention.Causal, externalData: false, "fp32");
        artifact.Edit(model =>
        {
            var contents = GraphContents.Require(model, "");
            model.MetadataProps.Single().Value = (contents with
            {
                Parameters = [.. contents.Parameters.Select(parameter => parameter.Name == "mem_blocks.0.qkv.weight"
                    ? parameter with { Ones = new(firstRow, group, extra) } : parameter)],
            }).ToProto().Value;
        });

        Assert.NotEmpty(artifact.Validate().Misses(CheckNames.Structure));
    }

    private static Action<ModelProto> Change<T>(string parameter, Action<T[]> change) where T : unmanaged =>
        model => Edit(Initializer(model, Stored(model, parameter).Initializer), change);

    private static StoredParameter Stored(ModelProto model, string parameter) =>
        GraphContents.Require(model, "").Parameters.Single(stored => stored.Name == parameter);

    private static NodeProto Reader(ModelProto model, string parameter) =>
        model.Graph.Node.Single(node => node.Input.Contains(Stored(model, parameter).Initializer));

    private static TensorProto Initializer(ModelProto model, string name) =>
        model.Graph.Initializer.Single(tensor => tensor.Name == name);

    private static void Edit<T>(TensorProto tensor, Action<T[]> change) where T : unmanaged
    {
        var values = MemoryMarshal.Cast<byte, T>(tensor.RawData.Span).ToArray();
        change(values);
        tensor.RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(values.AsSpan()));
    }
}
