using System.Runtime.InteropServices;
using Google.Protobuf;
using HoloZero.Exporter.Recording;
using HoloZero.Onnx;
using HoloZero.Mutants.Tests.Faults;
using HoloZero.Validation;
using static HoloZero.Mutants.Tests.Faults.FusedEdits;
using static HoloZero.Validation.CheckNames;

namespace HoloZero.Mutants.Tests;

/// <summary>Faults in what only fused graphs have: folded and quantized weights, tables, operators, state in place.</summary>
internal static class FusedMutants
{
    private const int Heads = 4, Width = 16, Dim = 64, Extra = 8;

    private static readonly string[] Arithmetic = [Logits, Trace], Quantized = [Rounding];

    public static IReadOnlyList<Mutant> All { get; } = [.. Weights(), .. Tables(), .. Operators(), .. States()];

    private static IEnumerable<Mutant> Weights() =>
    [
        new("int8 scales off by one block", "each block of every matrix has the scale of the block before it", Quantized,
            Graph(Change<float>(".scales", (scales, _) => ShiftRows(scales, 1, 1)))) { Variant = "int8" },
        new("int8 scales of one block", "one block of 128 weights has twice its scale", Quantized,
            Graph(Change<float>("head.weight.int8.scales", (scales, _) => scales[65] *= 2))) { Variant = "int8" },
        new("int8 zero point 127", "the code of zero is 127 instead of 128", Quantized,
            Graph(Nodes("MatMulNBits", (node, graph) => ZeroPoints(node, graph, 127)))) { Variant = "int8" },
        new("nibbles swapped", "the even input lies in the upper half of a byte", Quantized,
            Graph(Change<byte>(".int4", (codes, _) => Each(codes, code => (byte)(code << 4 | code >> 4))))) { Variant = "int4" },
        new("int4 zero point 7", "the code of zero is 7 instead of 8", Quantized,
            Graph(Nodes("MatMulNBits", (node, graph) =>
            {
                if (node.Attribute.Single(attribute => attribute.Name == "bits").I == 4) ZeroPoints(node, graph, 7);
            }))) { Variant = "int4" },
        new("head in 4 bits of the wrong sign", "one row of the head's codes is mirrored", Quantized,
            Graph(Change<byte>("head.weight.int8", (codes, tensor) =>
            {
                var row = (int)(tensor.Dims[1] * tensor.Dims[2]);
                for (var i = 'e' * row; i < ('e' + 1) * row; i++) codes[i] = (byte)(256 - codes[i]);
            }))) { Variant = "int4" },
        new("float16 cut off", "matrices lost their last three bits on the way to float16", Quantized,
            Graph(Change<ushort>(".weight.T.float16", (bits, _) => Each(bits, value => (ushort)(value & ~7)))))
        { Variant = "fp16" },
        new("ones column missing", "no head's v is followed by a one", [Structure, State],
            Graph(Change<float>("+ones.bias", (bias, _) => MoveOnes(bias, null)))) { Variant = "fp32" },
        new("ones in the next column", "the one stands a column too far right", [Structure, State],
            Graph(Change<float>("+ones.bias", (bias, _) => MoveOnes(bias, 1)))) { Variant = "fp32" },
        new("ones of two", "each key counts twice in z", [Structure, State],
            Graph(Change<float>("+ones.bias", (bias, _) => Each(bias, value => value == 1 ? 2 : value)))) { Variant = "fp32" },
        new("gate not folded", "projections of the memory lack tanh(gate)", [CheckNames.Reference, Logits],
            Plant.InWeights((name, sound) => name.EndsWith(".gate", StringComparison.Ordinal) ? [20] : sound(name))) { Variant = "fp32" },
        new("gate folded without tanh", "the stored gate is folded in as it is", [CheckNames.Reference, Logits],
            Plant.InWeights((name, sound) => name.EndsWith(".gate", StringComparison.Ordinal)
                ? [MathF.Atanh(sound(name)[0])] : sound(name))) { Variant = "fp32" },
        new("gate not folded into the bias", "the memory's projection is scaled, its bias is not", [CheckNames.Reference, Logits],
            Plant.InWeights((name, sound) => name == "mem_blocks.0.proj.bias"
                ? [.. sound(name).Select(value => value / MathF.Tanh(sound("mem_blocks.0.gate")[0]))] : sound(name))) { Variant = "fp32" },
    ];

    private static IEnumerable<Mutant> Tables() =>
    [
        new("rotary table off by one row", "each position has the angles of the one before", [RotaryTable, State],
            Graph(Change<float>("positions/cos", (rows, _) => ShiftRows(rows, Width / 2, 1)),
                Change<float>("positions/sin", (rows, _) => ShiftRows(rows, Width / 2, 1)))) { Variant = "fp32" },
        new("rotary table wrong far out", "one angle of position 5,000 is another's", [RotaryTable],
            Graph(Change<float>("positions/sin", (rows, _) => rows[5000 * Width / 2] = rows[0]))) { Variant = "fp32" },
        new("more positions than the table has", "the manifest promises twice as many", [RotaryTable],
            Plant.InFolder(folder => FolderEdits.Variant(folder, variant => variant with { MaxPositions = 2 * variant.MaxPositions })))
        { Variant = "fp32" },
        new("terms swapped", "a run's first boundary is divided by nine and the others by five", [ValueTable, FrontDoor],
            Graph(Change<float>("door/terms", (rows, _) => Each(rows, value => value == 5 ? 9 : value == 9 ? 5 : 1)))) { Variant = "fp32" },
        new("change without halves", "flips of the leading bits count in full", [ValueTable, FrontDoor],
            Graph(Change<float>("door/change", (rows, _) => EachBoundary(rows, value => 2 * value)))) { Variant = "fp32" },
        new("trailing bits of the wrong half", "the boundary of the byte before takes in its flips in full", [ValueTable, FrontDoor],
            Graph(Change<float>("door/change_before", (rows, _) => EachBoundary(rows, value => 2 * value)))) { Variant = "fp32" },
        new("one row of the byte's own", "byte 0xC1, which no text holds, has the phase of 0xC0", [ValueTable, FrontDoor],
            Graph(Change<float>("door/own", (rows, _) =>
                Array.Copy(rows, (256 + 0xC0) * 27 + 25, rows, (256 + 0xC1) * 27 + 25, 2)))) { Variant = "fp32" },
    ];

    private static IEnumerable<Mutant> Operators() =>
    [
        new("attention one row short", "the length of each sequence lacks its last row", [Logits, Trace, Structure],
            Graph(Change<int>("positions/one.int32", (value, _) => value[0] = 2))) { Variant = "fp32" },
        new("SkipLayerNormalization without bias", "the projection before a norm lacks its bias", Arithmetic,
            Graph(Nodes("SkipLayerNormalization", (node, _) => node.Input.RemoveAt(4)))) { Variant = "fp32" },
        new("SkipLayerNormalization of epsilon 1e-12", "the operator's own default", Arithmetic,
            Graph(Nodes("SkipLayerNormalization", (node, _) => node.Attribute.Clear()))) { Variant = "fp32" },
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
        new("phi without its one", "the memory's keys are elu(x) + 0.5", Arithmetic,
            Graph(Change<float>("memory/one", (value, _) => value[0] = 0.5f))) { Variant = "fp32" },
        new("prefix left causal", "a bidirectional artifact's prefix rows are those of the causal operator", Arithmetic,
            Graph(graph =>
            {
                foreach (var attention in graph.Node.Where(node => node.OpType == "GroupQueryAttention").ToArray())
                {
                    var module = attention.Name[..(attention.Name.IndexOf('/') + 1)];
                    var whole = graph.Node.Single(node => node.OpType == "Concat" && node.Attribute.Single().I == 1
                        && node.Name.StartsWith(module, StringComparison.Ordinal));
                    foreach (var reader in graph.Node)
                    {
                        for (var i = 0; i < reader.Input.Count; i++)
                            if (reader.Input[i] == whole.Output[0]) reader.Input[i] = attention.Output[0];
                    }
                }
            })) { Variant = "fp32", Model = SoundModel.TinyBidirectional },
    ];

    private static IEnumerable<Mutant> States() =>
    [
        new("tail without the present bit", "the last bytes are handed on as bytes: a 0x00 is no byte", [State, LogitsStepwise],
            Graph(After("present.stream_tail", "BitwiseAnd", Constant("low_bits", TensorProto.Types.DataType.Int32, 255))))
        { Variant = "fp32" },
        new("keys of the wrong head", "the first layer hands its heads' keys on in another order", [State, LogitsStepwise],
            Graph(After("present.self_blocks.0.k", "Gather", HeadOrder()), Nodes("Gather", (node, _) =>
            {
                if (node.Name.StartsWith("present.", StringComparison.Ordinal)) node.Attribute.Add(NodeAttribute.Of("axis", 1L));
            }))) { Variant = "fp32" },
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
                        state.Past.Name.EndsWith(".s", StringComparison.Ordinal) ? state with { InPlace = false } : state)],
                },
            }))) { Variant = "fp32" },
        new("sequences a row longer", "the position after the last row is one too far, and lengths with it",
            [Logits, State, LogitsStepwise],
            Graph(After("present.position", "Add", Constant("one_more", TensorProto.Types.DataType.Int64, 1L)))) { Variant = "fp32" },
    ];

    private static Plant Graph(params Action<GraphProto>[] edits) => Plant.InFolder(folder => FolderEdits.Graph(folder, graph =>
    {
        foreach (var edit in edits) edit(graph);
    }));

    /// <summary>Right wherever the state is as long as the sequence; only a cache with room to spare shows it.</summary>
    private static void SpareRoomInTheLogits(GraphProto graph)
    {
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
