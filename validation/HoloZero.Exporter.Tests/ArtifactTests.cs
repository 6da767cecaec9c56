using System.Security.Cryptography;
using System.Text.RegularExpressions;
using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Models.Checkpoints;
using HoloZero.Onnx;
using HoloZero.Reference;
using HoloZero.Runtime;
using HoloZero.Testing;

namespace HoloZero.Exporter.Tests;

public class ArtifactTests
{
    [Fact]
    public void Exporting_twice_gives_identical_bytes()
    {
        var options = new ExportOptions { Variants = ExportOptions.AllVariants, Quality = ExportedModel.AnyQuality, CheckedRows = 4 };
        using var first = new ExportedModel(GoldenSuite.Tiny.CheckpointPath, options: options);
        using var second = new ExportedModel(GoldenSuite.Tiny.CheckpointPath, options: options);
        var names = Directory.GetFiles(first.Folder).Select(path => Path.GetFileName(path)).Order().ToArray();

        Assert.Equal(["features.onnx", "golden.safetensors", "holozero.json", "media.picture.onnx", "media.sound.onnx",
            "model.cuda-int4.onnx", "model.cuda-int8.onnx", "model.cuda.onnx", "model.fp32.onnx", "model.fp32.onnx.check.onnx",
            "model.fp32.onnx.data", "model.int4.onnx", "model.int8.onnx",
            "model.int8.onnx.check.onnx", "model.int8.onnx.data", "model.portable.onnx"], names);
        foreach (var name in names)
            Assert.Equal(File.ReadAllBytes(Path.Combine(first.Folder, name)), File.ReadAllBytes(Path.Combine(second.Folder, name)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(33)]
    [InlineData(-1)]
    public void Rows_to_check_guesses_by_are_two_or_more(int rows)
    {
        using var temporary = new TemporaryFolder();
        using var checkpoint = Checkpoint.Open(GoldenSuite.Tiny.CheckpointPath);
        var error = Assert.Throws<BadInputException>(() => ArtifactExporter.Export(checkpoint, temporary["model"],
            new() { CheckedRows = rows }, new ReferenceEngine()));
        Assert.Contains($"{rows} is not within 2 to 32", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(temporary["model"]));
    }

    [Fact]
    public void Weights_that_two_graphs_read_are_there_once()
    {
        using var exported = new ExportedModel(GoldenSuite.Tiny.CheckpointPath, options: new() { CheckedRows = 3 });
        using var alone = new ExportedModel(GoldenSuite.Tiny.CheckpointPath, options: new());
        var data = new FileInfo(Path.Combine(exported.Folder, "model.fp32.onnx.data")).Length;
        Assert.InRange(data, 1, 1.5 * new FileInfo(Path.Combine(alone.Folder, "model.fp32.onnx")).Length);
        var variant = ArtifactFolder.Open(exported.Folder).Variant("fp32");
        Assert.Equal((3, "model.fp32.onnx.check.onnx"), (variant.Check!.Rows, variant.Check.File));
        Assert.Null(ArtifactFolder.Open(alone.Folder).Variant("fp32").Check);
    }

    [Fact]
    public void The_portable_graph_is_standard_onnx_with_one_table_and_no_host_features()
    {
        using var exported = new ExportedModel(GoldenSuite.Demo.CheckpointPath, options: new() { Variants = ["portable"] });
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(Path.Combine(exported.Folder, "model.portable.onnx")));
        var graph = model.Graph;

        Assert.Equal([("", 17L)], model.OpsetImport.Select(o => (o.Domain, o.Version)));
        Assert.All(graph.Node, node => Assert.Equal("", node.Domain));
        Assert.Equal(["prefix", "stream"], graph.Input.Select(i => i.Name).Where(n => !n.StartsWith("past.", StringComparison.Ordinal)));
        Assert.All(graph.Input.Take(2), input => Assert.Equal(TensorProto.Types.DataType.Uint8, input.Type.TensorType.ElemType));

        var table = Assert.Single(graph.Initializer, tensor => tensor.Dims.SequenceEqual([256L, 18L]));
        Assert.Equal("door/value_table", table.Name);
        Assert.Equal(HslFrontDoor.ValueTable.SelectMany(BitConverter.GetBytes), table.RawData.ToByteArray());
        Assert.Equal(ArtifactFolder.Open(exported.Folder).Manifest.ValueTable.Sha256,
            Convert.ToHexStringLower(SHA256.HashData(table.RawData.Span)));
    }

    [Theory]
    [InlineData("portable", "mem_blocks.1.proj/Add")]
    [InlineData("fp32", "mem_blocks.1.proj/MatMul")]
    public void Names_come_from_module_paths_and_hold_no_running_number_of_the_graph(string variant, string node)
    {
        using var exported = new ExportedModel(GoldenSuite.Tiny.CheckpointPath, options: new() { Variants = [variant] });
        var graph = ModelProto.Parser.ParseFrom(File.ReadAllBytes(Path.Combine(exported.Folder, $"model.{variant}.onnx"))).Graph;
        var names = graph.Node.Select(node => node.Name).ToArray();

        Assert.Equal(names.Length, names.Distinct().Count());
        Assert.Contains("self_blocks.0.qkv/MatMul", names);
        Assert.Contains(node, names);
        Assert.Contains("self_blocks.1.qkv.weight.T", graph.Initializer.Select(i => i.Name));
        // The same module of another layer has the same names but for its path; only the first norm has no sum before it to take in.
        string[] InLayer(int layer) => [.. names.Where(n => Regex.IsMatch(n, $@"^(self|mem)_blocks\.{layer}[./]"))
            .Select(n => n.Replace($"_blocks.{layer}", "_blocks"))
            .Where(n => !n.StartsWith("self_blocks.norm1/", StringComparison.Ordinal))];
        Assert.True(InLayer(0).Length > 15);
        Assert.Equal(InLayer(0), InLayer(1));
    }

    [Theory]
    [InlineData("fp32")]
    [InlineData("portable")]
    [InlineData("int4")]
    public void Weights_beyond_the_limit_go_to_external_data_and_compute_the_same(string variant)
    {
        var options = new ExportOptions { Variants = [variant] };
        using var inside = new ExportedModel(GoldenSuite.Tiny.CheckpointPath, options: options);
        using var beside = new ExportedModel(GoldenSuite.Tiny.CheckpointPath, options: options with { MaxInlineBytes = 1000 });
        var manifest = ArtifactFolder.Open(beside.Folder).Manifest;

        Assert.Contains($"model.{variant}.onnx.data", manifest.Files.Keys);
        Assert.True(manifest.Files[$"model.{variant}.onnx"].Bytes < 100_000);
        Assert.Equal(Logits(inside.Folder), Logits(beside.Folder));

        static float[] Logits(string folder)
        {
            using var model = HoloZeroModel.Load(folder);
            using var session = model.OpenSession();
            return session.Prefill("beside"u8, "the graph"u8).Data.ToArray();
        }
    }

    [Fact]
    public void The_parameters_of_the_published_size_number_25_million()
    {
        var shapes = AsymDec.ParameterShapes(new(512, 6, 8, 8));
        Assert.Equal(25_357_576, shapes.Values.Sum(shape => shape.Aggregate(1L, (a, b) => a * b)));
    }

    [Fact]
    public void A_cancelled_export_leaves_nothing()
    {
        using var temporary = new TemporaryFolder();
        using var checkpoint = Checkpoint.Open(GoldenSuite.Tiny.CheckpointPath);
        using var cancellation = new CancellationTokenSource();
        var progress = new CancelAt("hashing", cancellation);

        Assert.Throws<OperationCanceledException>(() =>
            ArtifactExporter.Export(checkpoint, temporary["new", "folder"], new(), new ReferenceEngine(), progress, cancellation.Token));
        Assert.Empty(Directory.GetFileSystemEntries(temporary.Path));
    }

    [Fact]
    public void An_unknown_variant_is_refused()
    {
        using var temporary = new TemporaryFolder();
        using var checkpoint = Checkpoint.Open(GoldenSuite.Tiny.CheckpointPath);
        var error = Assert.Throws<BadInputException>(() =>
            ArtifactExporter.Export(checkpoint, temporary["model"], new() { Variants = ["fastest"] }, new ReferenceEngine()));
        Assert.Contains("'fastest' is unknown; choose from fp32, portable, cuda, cuda-int8, cuda-int4, int8, int4", error.Message);
    }

    [Theory]
    [InlineData("fp32")]
    [InlineData("int8")]
    public void A_variant_whose_operators_do_not_take_the_heads_is_refused(string variant)
    {
        using var temporary = new TemporaryFolder();
        var narrow = new RandomWeights(new(dim: 54, decLayers: 1, heads: 3, slotBytes: 2), 1);
        var error = Assert.Throws<BadInputException>(() =>
            ArtifactExporter.Export(narrow, temporary["model"], new() { Variants = [variant], Quality = ExportedModel.AnyQuality },
                new ReferenceEngine()));
        var multiple = GraphVariant.Named(variant).HeadMultiple;
        Assert.Contains($"{variant} takes heads of a multiple of {multiple}, and 54 / 3 is 18", error.Message);
        Assert.Contains("portable", error.Message);
        Assert.Empty(Directory.GetFileSystemEntries(temporary.Path));
    }

    private sealed class CancelAt(string step, CancellationTokenSource cancellation) : IProgress<string>
    {
        public void Report(string value)
        {
            if (value == step) cancellation.Cancel();
        }
    }
}
