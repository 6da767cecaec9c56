using Google.Protobuf;
using HoloZero.Artifacts;
using HoloZero.Exporter;
using HoloZero.Models;
using HoloZero.Models.Checkpoints;
using HoloZero.Onnx;
using HoloZero.Reference;
using HoloZero.Testing;
using HoloZero.Validation;

namespace HoloZero.Graph.Tests;

/// <summary>The exhaustive check of the front door, and that it convicts: graphs with one thing wrong must not pass it.</summary>
public class FrontDoorCheckTests(TinyArtifacts tiny, ITestOutputHelper output)
{
    private const string Door = "door/Concat";
    private const int SlotBytes = 2;

    [Theory]
    [InlineData("portable")]
    [InlineData("fp32")]
    public void Every_byte_pair_and_triple_is_the_same_in_the_graph_and_in_managed_code(string variant)
    {
        var results = FrontDoorCheck.Run(tiny.Graph(PrefixAttention.Causal, variant), Door, SlotBytes, variant,
            cancellation: TestContext.Current.CancellationToken);

        foreach (var result in results) output.WriteLine($"{result.Subject} {string.Join(", ", result.Metrics)}");
        Assert.All(results, result => Assert.Empty(result.Misses));
        Assert.Equal([.. (string[])(variant == "portable" ? ["value table"] : []), "starts of runs", "stream", "prefix"],
            results.Select(result => result.Subject[$"{variant}: ".Length..]));
    }

    [Theory]
    [InlineData("door/own", 256 + 77, "stream")]
    [InlineData("door/change", 77, "stream")]
    [InlineData("door/before", 256 + 77, "prefix")]
    [InlineData("door/change_before", 77, "prefix")]
    [InlineData("door/change_before", 256 + 77, "starts of runs")]
    [InlineData("door/terms", 77, "stream")]
    [InlineData("door/terms", 256 + 77, "starts of runs")]
    public void A_wrong_row_of_a_fused_door_is_found(string table, int row, string part) => AssertConvicted(part, "column 16", graph =>
    {
        var bytes = Initializer(graph, table).RawData.ToByteArray();
        BitConverter.TryWriteBytes(bytes.AsSpan((row * HslFrontDoor.FeatureCount + 16) * sizeof(float)), 7.5f);
        Initializer(graph, table).RawData = ByteString.CopyFrom(bytes);
    }, "fp32");

    [Fact]
    public void A_tail_without_the_present_bit_is_found() => AssertConvicted("stream", "bytes ", graph =>
    {
        Initializer(graph, "door.stream/present_byte.int32").RawData = ByteString.CopyFrom(BitConverter.GetBytes(0));
    }, "fp32");

    [Fact]
    public void The_same_front_door_is_not_tried_twice_and_another_is()
    {
        var known = new Dictionary<string, FrontDoorResults>();
        using var folder = new TemporaryFolder();
        Run(tiny.Graph(PrefixAttention.Causal, "fp32"), "first");
        var same = Run(tiny.Graph(PrefixAttention.Bidirectional, "fp32"), "second");
        var other = Run(Damaged(folder, graph => Initializer(graph, "door/terms").RawData =
            Initializer(graph, "door/own").RawData, "fp32"), "third");

        Assert.All(same, result => Assert.EndsWith("(same bytes as first)", result.Subject));
        Assert.False(other.All(result => result.Passed));

        IReadOnlyList<CheckResult> Run(string path, string subject) => FrontDoorCheck.Run(path, Door, SlotBytes, subject, allTriples: false,
            known, TestContext.Current.CancellationToken);
    }

    [Fact]
    public void The_sequence_holds_every_triple_once()
    {
        var ring = TripleSequence.Create();
        var seen = new bool[1 << 24];
        for (var i = 0; i < ring.Length; i++)
        {
            var (second, third) = (ring[(i + 1) % ring.Length], ring[(i + 2) % ring.Length]);
            seen[(ring[i] << 16) | (second << 8) | third] = true;
        }

        Assert.Equal(seen.Length, ring.Length);
        Assert.DoesNotContain(false, seen);
    }

    [Theory]
    [InlineData("door.stream/terms", 8f, "stream", "column 16")]
    [InlineData("door.prefix/terms", 8f, "prefix", "column 16")]
    [InlineData("door.stream/half", 0.25f, "stream", "column 16")]
    [InlineData("door.prefix/half", 0.25f, "prefix", "column 16")]
    [InlineData("door.stream/terms_at_first", 9f, "starts of runs", "column 16")]
    [InlineData("door.prefix/terms_at_first", 9f, "starts of runs", "column 16")]
    public void A_wrong_constant_is_found(string constant, float value, string part, string where) =>
        AssertConvicted(part, where, graph => Initializer(graph, constant).RawData = ByteString.CopyFrom(BitConverter.GetBytes(value)));

    [Fact]
    public void A_stream_that_continues_the_prefix_is_found() => AssertConvicted("starts of runs", "prefix and stream: row 3", graph =>
    {
        // The stream's first byte takes the prefix's last two for its neighbours.
        graph.Node.Insert(0, new NodeProto
        {
            Name = "wrong/Concat",
            OpType = "Concat",
            Input = { "past.stream_tail", "prefix" },
            Output = { "wrong/Concat" },
            Attribute = { NodeAttribute.Of("axis", 1) },
        });
        graph.Node.Insert(1, new NodeProto
        {
            Name = "wrong/Slice",
            OpType = "Slice",
            Input = { "wrong/Concat", "int64[-2]", "int64[9223372036854775807]", "int64[1]" },
            Output = { "wrong/Slice" },
        });
        Node(graph, "door.stream/Concat").Input[0] = "wrong/Slice";
    });

    [Fact]
    public void A_forgotten_tail_is_found() => AssertConvicted("stream", "bytes ", graph =>
    {
        graph.Node.Insert(0, new NodeProto
        {
            Name = "wrong/Sub",
            OpType = "Sub",
            Input = { "past.stream_tail", "past.stream_tail" },
            Output = { "wrong/Sub" },
        });
        Node(graph, "door.stream/Concat").Input[0] = "wrong/Sub";
    });

    [Fact]
    public void Swapped_sums_of_energies_are_found() => AssertConvicted("stream", "column 16", graph =>
    {
        Node(graph, "door.stream/MatMul").Input[1] = "door.stream/first_five";
        Node(graph, "door.stream/MatMul.2").Input[1] = "door.stream/last_four";
    });

    [Fact]
    public void Differences_in_place_of_flips_are_found() => AssertConvicted("prefix", "column ", graph =>
        Node(graph, "door.prefix/Mul").Input[1] = "door.prefix/half");

    [Fact]
    public void The_stream_before_the_prefix_is_found() => AssertConvicted("starts of runs", "prefix and stream", graph =>
    {
        var door = Node(graph, Door);
        (door.Input[0], door.Input[1]) = (door.Input[1], door.Input[0]);
    });

    [Fact]
    public void One_bit_of_the_value_table_is_found()
    {
        AssertConvicted("value table", "value 77, column 9", Damage);
        AssertConvicted("stream", "column 18", Damage);

        static void Damage(GraphProto graph)
        {
            var bytes = Initializer(graph, "door/value_table").RawData.ToByteArray();
            bytes[(77 * HslFrontDoor.ValueColumns + 9) * sizeof(float)] ^= 1;
            Initializer(graph, "door/value_table").RawData = ByteString.CopyFrom(bytes);
        }
    }

    [Fact]
    public void A_second_value_table_is_found() => AssertConvicted("value table", "initializers of the table's shape", graph =>
    {
        var copy = Initializer(graph, "door/value_table").Clone();
        copy.Name = "door.stream/value_table";
        graph.Initializer.Add(copy);
    });

    [Fact]
    public void Weights_beside_the_graph_are_found_there()
    {
        using var folder = new TemporaryFolder();
        using var checkpoint = Checkpoint.Open(Repository.Golden("tiny.pt"));
        ArtifactExporter.Export(checkpoint, folder["artifact"], new() { MaxInlineBytes = 0, Variants = ["portable"] },
            new ReferenceEngine(),
            cancellation: TestContext.Current.CancellationToken);
        var path = folder["artifact", "model.portable.onnx"];

        var model = OnnxSubgraph.Read(path);
        using var graph = FrontDoorGraph.CutFrom(model, Door);
        var exam = new FrontDoorExam(graph!, SlotBytes, TestContext.Current.CancellationToken);
        Assert.Contains(model.Graph.Initializer, initializer => initializer.ExternalData.Count > 0);
        Assert.Empty(exam.ValueTable(model).Misses);
        Assert.Empty(exam.StartsOfRuns().Misses);
        Assert.Equal(GraphText.Of(tiny.Graph(PrefixAttention.Causal)), GraphText.Of(path));

        File.Delete(path + ".data");
        Assert.Throws<BadInputException>(() => exam.ValueTable(model));
    }

    [Fact]
    public void A_file_that_is_no_model_is_bad_input()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["text.onnx"], "this is no model");
        Assert.Throws<BadInputException>(() => GraphText.Of(folder["text.onnx"]));
        Assert.Throws<BadInputException>(() => GraphText.Of(folder["missing.onnx"]));
    }

    [Fact]
    public void A_graph_without_a_door_is_no_pass()
    {
        using var folder = new TemporaryFolder();
        var model = Damaged(folder, graph => Node(graph, Door).OpType = "Identity");
        foreach (var door in (string?[])[Door, "elsewhere", null])
        {
            Assert.False(Assert.Single(FrontDoorCheck.Run(model, door, SlotBytes, "portable",
                cancellation: TestContext.Current.CancellationToken)).Passed);
        }
    }

    private void AssertConvicted(string part, string where, Action<GraphProto> damage, string variant = "portable")
    {
        using var folder = new TemporaryFolder();
        var model = OnnxSubgraph.Read(Damaged(folder, damage, variant));
        using var graph = FrontDoorGraph.CutFrom(model, Door);
        var exam = new FrontDoorExam(graph!, SlotBytes, TestContext.Current.CancellationToken);
        var result = part switch
        {
            "value table" => exam.ValueTable(model),
            "starts of runs" => exam.StartsOfRuns(),
            "stream" => exam.StreamTriples(TripleSequence.Create()),
            _ => exam.PrefixTriples(TripleSequence.Create()),
        };
        Assert.False(result.Passed);
        Assert.Contains(result.Misses, miss => miss.Position.Contains(where, StringComparison.Ordinal));
    }

    private string Damaged(TemporaryFolder folder, Action<GraphProto> damage, string variant = "portable")
    {
        var model = OnnxReader.Read(tiny.Graph(PrefixAttention.Causal, variant));
        damage(model.Graph);
        File.WriteAllBytes(folder["damaged.onnx"], model.ToByteArray());
        return folder["damaged.onnx"];
    }

    private static TensorProto Initializer(GraphProto graph, string name) =>
        graph.Initializer.Single(initializer => initializer.Name == name);

    private static NodeProto Node(GraphProto graph, string name) => graph.Node.Single(node => node.Name == name);
}
