using System.Runtime.InteropServices;
using Google.Protobuf;
using HoloZero.Mutants.Tests.Faults;
using HoloZero.Onnx;
using HoloZero.Validation;
using static HoloZero.Mutants.Tests.Faults.FusedEdits;
using static HoloZero.Validation.CheckNames;

namespace HoloZero.Mutants.Tests;

/// <summary>Faults in what only fused graphs have: folded and quantized weights, tables, operators, state in place.</summary>
internal static class FusedMutants
{
    private const string IntegerProduct = "MatMulIntegerToFloat";

    private const string Rounded = "int8" + Plant.Int8Cache;

    private const int Heads = 4, Width = 16, Dim = 64, Extra = 8, KeyScales = 12;

    private static readonly string[] Arithmetic = [Logits, Trace], Quantized = [Rounding];

    public static IReadOnlyList<Mutant> All { get; } = [.. Weights(), .. Contents(), .. Tables(), .. Operators(), .. States()];

    private static IEnumerable<Mutant> Weights() =>
    [
        new("int8 scales off by one column", "each column of every matrix has the scale of the column before it", Quantized,
            Graph(Change<float>(Inputs(IntegerProduct, 3), (scales, _) => ShiftRows(scales, 1, 1)))) { Variant = "int8" },
        new("int8 scale of one column", "one column of a matrix has twice its scale", Quantized,
            Graph(Change<float>(ScalesOf("head.weight"), (scales, _) => scales['e'] *= 2))) { Variant = "int8" },
        new("int8 zero point of weights", "the code of zero is 1 instead of 0", [Structure, Rounding],
            Graph(Nodes(IntegerProduct, (node, graph) =>
            {
                graph.Initializer.Add(Constant($"{node.Name}.one", TensorProto.Types.DataType.Int8, (sbyte)1));
                node.Input[5] = $"{node.Name}.one";
            }))) { Variant = "int8" },
        new("a weight of 8 bits", "one code of a matrix is larger than the 7 bits that keep sums exact everywhere", [Structure],
            Graph(Change<sbyte>(Inputs(IntegerProduct, 1), (codes, _) => codes[5] = 127))) { Variant = "int8" },
        new("activations taken for others", "products take activations for twice of what they were rounded as", [Structure],
            Graph(Nodes(IntegerProduct, (node, graph) =>
            {
                graph.Initializer.Add(Constant($"{node.Name}.scale", TensorProto.Types.DataType.Float, 0.1f));
                node.Input[2] = $"{node.Name}.scale";
            }))) { Variant = "int8" },
        new("activations cut off", "scales are a quarter of what the calibration asks for: what is large is cut off",
            [Rounding, Trace, Logits],
            Graph(Change<float>(Inputs(IntegerProduct, 2), (scale, _) => scale[0] /= 4))) { Variant = "int8" },
        new("activations in four bits", "scales are sixteen times as large", [Rounding, Trace, Logits],
            Graph(Change<float>(Inputs(IntegerProduct, 2), (scale, _) => scale[0] *= 16))) { Variant = "int8" },
        new("exactness promised", "the manifest promises of products in blocks that a row does not depend on its neighbours",
            [CheckNames.Runtime],
            Plant.InFolder(folder => FolderEdits.Variant(folder, variant => variant with { Exact = true }))) { Variant = "int4" },
        new("nibbles swapped", "the even input lies in the upper half of a byte", Quantized,
            Graph(Change<byte>(Inputs("MatMulNBits", 1, node => Bits(node) == 4),
                (codes, _) => Each(codes, code => (byte)(code << 4 | code >> 4))))) { Variant = "int4" },
        new("int4 zero point 7", "the code of zero is 7 instead of 8", Quantized,
            Graph(Nodes("MatMulNBits", (node, graph) =>
            {
                if (Bits(node) == 4) ZeroPoints(node, graph, 7);
            }))) { Variant = "int4" },
        new("head in 4 bits of the wrong sign", "one row of the head's codes is mirrored", Quantized,
            Graph(Change<byte>(Parameter("head.weight"), (codes, tensor) =>
            {
                var row = (int)(tensor.Dims[1] * tensor.Dims[2]);
                for (var i = 'e' * row; i < ('e' + 1) * row; i++) codes[i] = (byte)(256 - codes[i]);
            }))) { Variant = "int4" },
        new("blocks of float16 scaled by their neighbours", "each output has the scales of the output before it", Quantized,
            Graph(Change<ushort>(Inputs("MatMulNBits", 2), (scales, tensor) => ShiftRows(scales, (int)tensor.Dims[1], 1))))
        { Variant = "cuda-int8" },
        new("int4 zero point 7 beside float16", "the code of zero is 7 instead of 8", Quantized,
            Graph(Nodes("MatMulNBits", (node, graph) => ZeroPoints(node, graph, 7)))) { Variant = "cuda-int4" },
        new("float16 cut off", "matrices lost their last three bits on the way to float16", Quantized,
            Graph(Change<ushort>(Parameters(parameter => parameter.Layout == WeightLayout.Transposed),
                (bits, _) => Each(bits, value => (ushort)(value & ~7)))))
        { Variant = "cuda" },
        new("ones column missing", "no head's v is followed by a one", [Structure, State],
            Graph(Change<float>(BiasWithOnes, (bias, _) => MoveOnes(bias, null)))) { Variant = "fp32" },
        new("ones in the next column", "the one stands a column too far right", [Structure, State],
            Graph(Change<float>(BiasWithOnes, (bias, _) => MoveOnes(bias, 1)))) { Variant = "fp32" },
        new("ones of two", "each key counts twice in z", [Structure, State],
            Graph(Change<float>(BiasWithOnes, (bias, _) => Each(bias, value => value == 1 ? 2 : value)))) { Variant = "fp32" },
        new("gate not folded", "projections of the memory lack tanh(gate)", [CheckNames.Reference, Logits],
            Plant.InWeights((name, sound) => IsGate(name) ? [20] : sound(name))) { Variant = "fp32" },
        new("gate folded without tanh", "the stored gate is folded in as it is", [CheckNames.Reference, Logits],
            Plant.InWeights((name, sound) => IsGate(name)
                ? [MathF.Atanh(sound(name)[0])] : sound(name))) { Variant = "fp32" },
        new("gate not folded into the bias", "the memory's projection is scaled, its bias is not", [CheckNames.Reference, Logits],
            Plant.InWeights((name, sound) => name == "mem_blocks.0.proj.bias"
                ? [.. sound(name).Select(value => value / MathF.Tanh(sound("mem_blocks.0.gate")[0]))] : sound(name))) { Variant = "fp32" },
    ];

    private static IEnumerable<Mutant> Contents() =>
    [
        new("contents name the wrong matrix", "two projections are told to lie in each other's initializers",
            [CheckNames.Reference, Logits],
            Graph(Tell(contents => contents with
            {
                Parameters = [.. contents.Parameters.Select(parameter => parameter.Name switch
                {
                    "self_blocks.0.proj.weight" => parameter with { Initializer = Of(contents, "self_blocks.1.proj.weight") },
                    "self_blocks.1.proj.weight" => parameter with { Initializer = Of(contents, "self_blocks.0.proj.weight") },
                    _ => parameter,
                })],
            }))) { Variant = "fp32" },
        new("contents keep a fold back", "tanh(gate) is in a projection, and nothing says so", [Structure],
            Graph(Tell(contents => contents with
            {
                Parameters = [.. contents.Parameters.Select(parameter => parameter with { ScaledByTanhOf = null })],
            }))) { Variant = "fp32" },
        new("contents claim a fold", "another matrix is told to have a gate in it", [Structure],
            Graph(Tell(contents => contents with
            {
                Parameters = [.. contents.Parameters.Select(parameter => parameter.Name == "head.weight"
                    ? parameter with { ScaledByTanhOf = "mem_blocks.0.gate" } : parameter)],
            }))) { Variant = "fp32" },
        new("contents keep powers of two back", "a norm is divided by powers of two, and nothing says so", [Rounding, Logits],
            Graph(Tell(contents => contents with
            {
                Parameters = [.. contents.Parameters.Select(parameter => parameter.Name == "self_blocks.0.norm1.weight"
                    ? parameter with { Exponents = null } : parameter)],
            }))) { Variant = "int8" },
        new("contents claim a layout", "a square matrix is told to lie as in the checkpoint", [CheckNames.Reference, Logits],
            Graph(Tell(contents => contents with
            {
                Parameters = [.. contents.Parameters.Select(parameter => parameter.Name == "self_blocks.0.proj.weight"
                    ? parameter with { Layout = WeightLayout.Checkpoint } : parameter)],
            }))) { Variant = "fp32" },
        new("contents leave the ones out", "rows of ones are told to be weights", [Structure],
            Graph(Tell(contents => contents with
            {
                Parameters = [.. contents.Parameters.Select(parameter => parameter with { Ones = null })],
            }))) { Variant = "fp32" },
        new("contents name the wrong table", "two tables are told to be each other", [ValueTable],
            Graph(Tell(contents => contents with
            {
                Tables = [.. contents.Tables.Select(table => table.Name switch
                {
                    "change" => table with { Name = "change_before" },
                    "change_before" => table with { Name = "change" },
                    _ => table,
                })],
            }))) { Variant = "fp32" },
    ];

    private static IEnumerable<Mutant> Tables() =>
    [
        new("rotary table off by one row", "each position has the angles of the one before", [RotaryTable, State],
            Graph(Change<float>(Inputs("GroupQueryAttention", 7), (rows, _) => ShiftRows(rows, Width / 2, 1)),
                Change<float>(Inputs("GroupQueryAttention", 8), (rows, _) => ShiftRows(rows, Width / 2, 1)))) { Variant = "fp32" },
        new("rotary table wrong far out", "one angle of position 5,000 is another's", [RotaryTable],
            Graph(Change<float>(Inputs("GroupQueryAttention", 8), (rows, _) => rows[5000 * Width / 2] = rows[0]))) { Variant = "fp32" },
        new("more positions than the table has", "the manifest promises twice as many", [RotaryTable],
            Plant.InFolder(folder => FolderEdits.Variant(folder, variant => variant with { MaxPositions = 2 * variant.MaxPositions })))
        { Variant = "fp32" },
        new("terms swapped", "a run's first boundary is divided by nine and the others by five", [ValueTable, FrontDoor],
            Graph(Change<float>(Table("terms"), (rows, _) => Each(rows, value => value == 5 ? 9 : value == 9 ? 5 : 1))))
        { Variant = "fp32" },
        new("change without halves", "flips of the leading bits count in full", [ValueTable, FrontDoor],
            Graph(Change<float>(Table("change"), (rows, _) => EachBoundary(rows, value => 2 * value)))) { Variant = "fp32" },
        new("trailing bits of the wrong half", "the boundary of the byte before takes in its flips in full", [ValueTable, FrontDoor],
            Graph(Change<float>(Table("change_before"), (rows, _) => EachBoundary(rows, value => 2 * value)))) { Variant = "fp32" },
        new("one row of the byte's own", "byte 0xC1, which no text holds, has the phase of 0xC0", [ValueTable, FrontDoor],
            Graph(Change<float>(Table("own"), (rows, _) =>
                Array.Copy(rows, (256 + 0xC0) * 27 + 25, rows, (256 + 0xC1) * 27 + 25, 2)))) { Variant = "fp32" },
    ];

    private static IEnumerable<Mutant> Operators() =>
    [
        new("attention one row short", "the length of each sequence lacks its last row", [Logits, Trace, Structure],
            Graph(Change<int>(Constants("positions/one.int32"), (value, _) => value[0] = 2))) { Variant = "fp32" },
        new("Linears without bias", "what is added behind a product is left out", Arithmetic,
            Graph(Nodes("Add", WithoutBias))) { Variant = "fp32" },
        new("LayerNormalization of epsilon 1e-1", "a larger one than the network's", Arithmetic,
            Graph(Nodes("LayerNormalization", (node, _) => node.Attribute.Single(a => a.Name == "epsilon").F = 0.1f)))
        { Variant = "fp32" },
        new("LinearAttention of the default scale", "queries of the memory are divided by sqrt(k)", Arithmetic,
            Graph(Nodes("LinearAttention", (node, _) => Remove(node, "scale"))))
        { Variant = "fp32", Model = SoundModel.Faint },
        new("LinearAttention of twice the scale", "queries of the memory count twice against its epsilon", Arithmetic,
            Graph(Nodes("LinearAttention", (node, _) => node.Attribute.Single(a => a.Name == "scale").F = 2)))
        { Variant = "fp32", Model = SoundModel.Faint },
        new("attention scaled by 1/k", "scores are scaled twice", Arithmetic,
            Graph(Nodes("GroupQueryAttention", (node, _) => node.Attribute.Add(NodeAttribute.Of("scale", 1f / Width)))))
        { Variant = "fp32" },
        new("attention interleaved", "rope turns neighbours instead of halves", Arithmetic,
            Graph(Nodes("GroupQueryAttention", (node, _) => node.Attribute.Add(NodeAttribute.Of("rotary_interleaved", 1L)))))
        { Variant = "fp32" },
        new("attention over a window", "a row sees the last 16 rows only", Arithmetic,
            Graph(Nodes("GroupQueryAttention", (node, _) => node.Attribute.Add(NodeAttribute.Of("local_window_size", 16L)))))
        { Variant = "fp32" },
        new("FastGelu", "GELU by the tanh formula", [Structure, Logits],
            Graph(Nodes("BiasGelu", (node, _) => node.OpType = "FastGelu"))) { Variant = "fp32" },
        new("phi that turns elsewhere", "the memory's keys and queries are max(x, 0.5) + e^min(x - 0.5, 0)", Arithmetic,
            Graph(Change<float>(Constants("mem_blocks.0.memory/zero", "mem_blocks.1.memory/zero"), (value, _) => value[0] = 0.5f)))
        { Variant = "fp32" },
        new("prefix left causal", "a bidirectional artifact's prefix rows are those of the causal operator", Arithmetic,
            Graph(Nodes("GroupQueryAttention", (attention, graph) =>
            {
                // What attention gives, but for the rows of the prefix, is joined with what is computed for these apart.
                var rest = graph.Node.Single(node => node.OpType == "Slice" && node.Input[0] == attention.Output[0]);
                var whole = graph.Node.Single(node => node.OpType == "Concat" && node.Input.Contains(rest.Output[0]));
                foreach (var reader in graph.Node.Where(node => node != whole))
                {
                    for (var i = 0; i < reader.Input.Count; i++)
                        if (reader.Input[i] == whole.Output[0]) reader.Input[i] = attention.Output[0];
                }
            }))) { Variant = "fp32", Model = SoundModel.TinyBidirectional },
    ];

    private static IEnumerable<Mutant> States() =>
    [
        new("restarted positions run on, fused", "rotary positions of queries and keys do not start again with the stream", Arithmetic,
            Graph(Nodes("RotaryEmbedding", (node, graph) =>
            {
                // Where(stream, rows - start, rows): rows in both cases.
                var ids = graph.Node.Single(other => other.Output.Contains(node.Input[1]));
                ids.Input[1] = ids.Input[2];
            }))) { Variant = "fp32", Model = SoundModel.TinyRestarted },
        new("stream start not carried, fused", "what comes out as the stream's start is what came in", [State, LogitsStepwise],
            Graph(model =>
            {
                var sum = model.Graph.Node.Single(node => node.Output.Contains("present.stream_start"));
                sum.Input[1] = sum.Input[0];
            })) { Variant = "fp32", Model = SoundModel.TinyRestarted },
        new("tail without the present bit", "the last bytes are handed on as bytes: a 0x00 is no byte", [State, LogitsStepwise],
            Graph(After("present.stream_tail", "BitwiseAnd", [], Constant("low_bits", TensorProto.Types.DataType.Int32, 255))))
        { Variant = "fp32" },
        new("keys of the wrong head", "the first layer hands its heads' keys on in another order", [State, LogitsStepwise],
            Graph(After("present.self_blocks.0.k", "Gather", [NodeAttribute.Of("axis", 1L)], HeadOrder()))) { Variant = "fp32" },
        new("past not shared", "the second layer's attention starts from the first one's keys", [State, LogitsStepwise],
            Graph(Nodes("GroupQueryAttention", (node, graph) => node.Input[3] = "past.self_blocks.0.k"))) { Variant = "fp32" },
        new("spare room seen", "logits depend on how much longer the cache is than the sequence", [CheckNames.Runtime],
            Graph(SpareRoomInTheLogits)) { Variant = "fp32" },
        new("cache not in place", "the manifest says that keys come out elsewhere", [Signature, CheckNames.Runtime],
            Plant.InFolder(folder => FolderEdits.Variant(folder, variant => variant with
            {
                Signature = variant.Signature with
                {
                    State = [.. variant.Signature.State.Select(state =>
                        state.Past.Name is "past.mem_blocks.0.s" or "past.mem_blocks.1.s" ? state with { InPlace = false } : state)],
                },
            }))) { Variant = "fp32" },
        new("cache scales of the other layer", "the first layer's keys are rounded by the scales of the second's", [Structure],
            Graph(model => Attention(model, "k").Input[KeyScales] = "self_blocks.1.k.scales")) { Variant = Rounded },
        new("cache scales of the values", "keys are rounded by the scales of values", [Structure],
            Graph(Nodes("GroupQueryAttention", (node, _) => node.Input[KeyScales] = node.Input[KeyScales + 1]))) { Variant = Rounded },
        new("keys cut off", "codes of keys reach an eighth as far as calibration asks for", [State, Logits, Rounding],
            Graph(Change<float>(Inputs("GroupQueryAttention", KeyScales), (scales, _) => Each(scales, scale => scale / 8))))
        { Variant = Rounded },
        new("values in four bits", "codes of values are worth sixteen times as much", [State, Logits, Rounding],
            Graph(Change<float>(Inputs("GroupQueryAttention", KeyScales + 1), (scales, _) => Each(scales, scale => scale * 16))))
        { Variant = Rounded },
        new("cache scale of nothing", "one channel's codes are worth nothing", [Structure],
            Graph(Change<float>(Constants("self_blocks.0.k.scales"), (scales, _) => scales[5] = 0))) { Variant = Rounded },
        new("sequences a row longer", "the position after the last row is one too far, and lengths with it",
            [Logits, State, LogitsStepwise],
            Graph(After("present.position", "Add", [], Constant("one_more", TensorProto.Types.DataType.Int64, 1L)))) { Variant = "fp32" },
    ];

    /// <summary>The attention that gives keys or values of the first layer.</summary>
    private static NodeProto Attention(ModelProto model, string cache) =>
        model.Graph.Node.Single(node => node.Output.Contains($"present.self_blocks.0.{cache}"));

    private static Func<ModelProto, IEnumerable<string>> BiasWithOnes =>
        Parameters(parameter => parameter is { Ones: not null, Layout: WeightLayout.Checkpoint });

    private static Func<ModelProto, IEnumerable<string>> ScalesOf(string parameter) => model =>
        Inputs(IntegerProduct, 3, node => Parameter(parameter)(model).Contains(node.Input[1]))(model);

    /// <summary>Changes what the graph says about itself, and nothing else.</summary>
    private static Action<ModelProto> Tell(Func<GraphContents, GraphContents> lie) => model =>
    {
        var told = lie(GraphContents.Require(model, ""));
        model.MetadataProps.Clear();
        model.MetadataProps.Add(told.ToProto());
    };

    private static string Of(GraphContents contents, string parameter) =>
        contents.Parameters.Single(stored => stored.Name == parameter).Initializer;

    private static long Bits(NodeProto node) => node.Attribute.Single(attribute => attribute.Name == "bits").I;

    private static bool IsGate(string parameter) => parameter is "mem_blocks.0.gate" or "mem_blocks.1.gate";

    private static Plant Graph(params Action<ModelProto>[] edits) => Plant.InFolder(folder => FolderEdits.Model(folder, model =>
    {
        foreach (var edit in edits) edit(model);
    }));

    /// <summary>Right wherever the state is as long as the sequence; only a cache with room to spare shows it.</summary>
    private static void SpareRoomInTheLogits(ModelProto model)
    {
        var graph = model.Graph;
        var head = graph.Node.Single(node => node.Output.Contains("logits"));
        head.Output[0] = "sound";
        graph.Initializer.Add(Constant("wrong/share", TensorProto.Types.DataType.Float, 1e-3f));
        graph.Node.AddRange(
        [
            Node("Shape", "wrong/length", ["past.self_blocks.0.k"], NodeAttribute.Of("start", 2L), NodeAttribute.Of("end", 3L)),
            Node("ReduceMax", "wrong/position", ["past.position"]),
            Node("Sub", "wrong/room", ["wrong/length", "wrong/position"]),
            Node("Cast", "wrong/float", ["wrong/room"], NodeAttribute.Of("to", (long)TensorProto.Types.DataType.Float)),
            Node("Mul", "wrong/bias", ["wrong/float", "wrong/share"]),
            Node("Mul", "wrong/product", ["sound", "wrong/bias"]),
            Node("Add", "logits", ["sound", "wrong/product"]),
        ]);

        static NodeProto Node(string opType, string output, string[] inputs, params AttributeProto[] attributes) =>
            new() { Name = output, OpType = opType, Input = { inputs }, Output = { output }, Attribute = { attributes } };
    }

    private static void Remove(NodeProto node, string attribute) =>
        node.Attribute.Remove(node.Attribute.Single(known => known.Name == attribute));

    private static TensorProto HeadOrder() => new()
    {
        Name = "heads",
        DataType = TensorProto.Types.DataType.Int64,
        Dims = { Heads },
        RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<long>([1, 0, 2, 3])),
    };

    /// <summary>The bias of v's ones: taken away, or moved to the right.</summary>
    private static void MoveOnes(float[] bias, int? by)
    {
        for (var head = 0; head < Heads; head++)
        {
            var one = 2 * Dim + head * (Width + Extra) + Width;
            Assert.Equal(1, bias[one]);
            bias[one] = 0;
            if (by is { } columns) bias[one + columns] = 1;
        }
    }

    private static void Each<T>(T[] values, Func<T, T> change)
    {
        for (var i = 0; i < values.Length; i++) values[i] = change(values[i]);
    }

    private static void EachBoundary(float[] rows, Func<float, float> change)
    {
        for (var at = 16; at < rows.Length; at += 27) rows[at] = change(rows[at]);
    }
}
