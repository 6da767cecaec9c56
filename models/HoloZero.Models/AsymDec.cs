using HoloZero.Artifacts;
using HoloZero.Models.Ops;

namespace HoloZero.Models;

/// <summary>What a forward pass gives.</summary>
/// <param name="Logits">[B, L, 258]: row i predicts stream byte i + 1.</param>
/// <param name="State">The state after the last stream byte.</param>
/// <param name="Trace">Output [B, T, d] of the door and of every block, by module name, in order.</param>
public sealed record AsymDecOutput<T>(T Logits, AsymDecState<T> State, IReadOnlyList<(string Module, T Output)> Trace);

/// <summary>
/// The architecture, once: a door, which of HoLo_ZeRo learns nothing, in front of <c>dec_layers</c> pairs of a self block (rotary
/// attention, feed-forward) and a gated fast-weight memory. Published blocks: <c>holo/hsl_rope.py</c>, <c>holo/hsl_fastweight.py</c>
/// (MIT, Jinhyun Woo).
/// </summary>
/// <remarks>
/// Letters: B batch, N prefix slots, K bytes a slot, L stream bytes, T = N + L new rows, P rows before this call, d width, H heads,
/// k = d / H. One call may hold a whole sequence or continue one: the prefix comes whole with the first call and is empty afterwards.
/// </remarks>
public static class AsymDec
{
    /// <summary>Runs or records one forward pass.</summary>
    /// <param name="op">The interpreter.</param>
    /// <param name="config">The hyper-parameters.</param>
    /// <param name="prefix">Prefix bytes [B, N*K], 0..255; empty unless <paramref name="past"/> is fresh.</param>
    /// <param name="stream">
    /// Stream bytes [B, L], 0..255, L >= 1; the first call's begin with the origin where the configuration has one.
    /// </param>
    /// <param name="past">The state before this call.</param>
    public static AsymDecOutput<T> Forward<T>(ITensorOps<T> op, AsymDecConfig config, T prefix, T stream, AsymDecState<T> past)
    {
        var trace = new List<(string, T)>();
        var layers = new List<LayerState<T>>(config.DecLayers);

        var (x, slots, tail) = Door(op.At("door"), config, prefix, stream, past);                // [B, T, d]
        trace.Add(("door", x));
        // The prefix comes with the first call alone, so that its slots are all that ever come before the stream.
        var start = past.StreamStart is null ? default : op.At("positions").Add(past.StreamStart, slots);
        var positions = op.At("positions").RowPositions(config, past.Position, op.At("positions").Length(x, 1), slots, start);

        for (var i = 0; i < config.DecLayers; i++)
        {
            (x, var attention) = SelfBlock(op.At($"self_blocks.{i}"), config, x, positions, past.Layers[i].Attention);
            trace.Add(($"self_blocks.{i}", x));
            (x, var memory) = MemoryBlock(op.At($"mem_blocks.{i}"), config, x, positions, past.Layers[i].Memory);
            trace.Add(($"mem_blocks.{i}", x));
            layers.Add(new(attention, memory));
        }

        var streamRows = op.At("norm").Skip(x, axis: 1, slots);                                  // [B, L, d]
        var normed = op.At("norm").LayerNorm(streamRows, config.Dim, AsymDecConfig.LayerNormEpsilon);
        var logits = op.At("head").Linear(normed, config.Dim, AsymDecConfig.Vocabulary);         // [B, L, 258]
        return new(logits, new(positions.End, tail, layers) { StreamStart = start }, trace);
    }

    /// <summary>The parameters that a configuration asks for, by name: what a checkpoint must hold, no more and no less.</summary>
    public static IReadOnlyDictionary<string, int[]> ParameterShapes(AsymDecConfig config)
    {
        // Unequal lengths everywhere, so that a confusion of axes cannot hide behind equal ones.
        const int batch = 2, slots = 3, streamBytes = 5;
        var op = new ShapeOps();
        var fresh = AsymDecState.Layout(config).Select(tensor => tensor.ShapeFor(batch, past: 0));
        Forward(op, config, new([batch, slots * config.SlotBytes]), new([batch, streamBytes]), fresh);
        return op.Parameters;
    }

    /// <summary>How many numbers the input layer of a configuration learns: 0 of HoLo_ZeRo's.</summary>
    public static long DoorParameters(AsymDecConfig config) => ParameterShapes(config)
        .Where(parameter => parameter.Key.StartsWith("door.", StringComparison.Ordinal))
        .Sum(parameter => parameter.Value.Aggregate(1L, (product, length) => product * length));

    /// <summary>Rows of the model's width from bytes: one of K prefix bytes, one of a stream byte.</summary>
    private static (T Rows, T Slots, T Tail) Door<T>(ITensorOps<T> op, AsymDecConfig config, T prefix, T stream, AsymDecState<T> past)
    {
        var (slotRows, streamRows, tail) = config.Door.Kind == DoorKind.Embedding
            ? EmbeddingDoor(op, config, prefix, stream, past) : FeatureDoor(op, config, prefix, stream, past);
        return (op.Concat(1, slotRows, streamRows), op.Length(slotRows, 1), tail);               // [B, T, d]
    }

    /// <summary>
    /// Features of K prefix bytes side by side, or of one stream byte: padded with zeros to d, or through a Linear of their own.
    /// </summary>
    private static (T SlotRows, T StreamRows, T Tail) FeatureDoor<T>(ITensorOps<T> op, AsymDecConfig config, T prefix, T stream,
        AsymDecState<T> past)
    {
        const int features = HslFrontDoor.FeatureCount;
        var (d, isZero) = (config.Dim, config.Door.Kind == DoorKind.Zero);
        // Both runs start from the tail: while there is a prefix, nothing has come before either of them and the tail is zero.
        var table = op.Constant("value_table", HslFrontDoor.ValueTableAsDouble(), ByteVocabulary.Bytes,
            HslFrontDoor.ValueColumns);
        var values = Substrate(op, config.Door);                                                 // [256, 18], or nothing
        var (prefixFeatures, _) = op.At("prefix").HslFeatures(table, values, prefix, past.StreamTail, past.Position, features);
        var slots = op.SlotRows(prefixFeatures, config.SlotBytes);                               // [B, N, K*27] of [B, N*K, 27]
        var slotRows = isZero ? op.PadLast(slots, d)
            : op.At("slots").Linear(slots, config.SlotBytes * features, d);                      // [B, N, d]
        var (streamFeatures, tail) = op.At("stream").HslFeatures(table, values, stream, past.StreamTail, past.Position,
            isZero ? d : features);                                                              // [B, L, d] or [B, L, 27]
        return (slotRows, isZero ? streamFeatures : op.At("bytes").Linear(streamFeatures, features, d), tail);
    }

    /// <summary>What the value columns are read from where it is not HSL's own table: [256, 18].</summary>
    private static T? Substrate<T>(ITensorOps<T> op, DoorConfig door) => door switch
    {
        { Substrate: SubstrateKind.Learned } => op.At("value").Parameter("weight", ByteVocabulary.Bytes, HslFrontDoor.ValueColumns),
        _ when door.BakedTable() is { } table => op.Constant("substrate_table", [.. table.Select(value => (double)value)],
            ByteVocabulary.Bytes, HslFrontDoor.ValueColumns),
        _ => default,
    };

    /// <summary>A learned row a byte; a slot is the mean of its K rows. Bytes before the stream's mean nothing to it.</summary>
    private static (T SlotRows, T StreamRows, T Tail) EmbeddingDoor<T>(ITensorOps<T> op, AsymDecConfig config, T prefix, T stream,
        AsymDecState<T> past)
    {
        var (d, k) = (config.Dim, config.SlotBytes);
        var table = op.At("embedding").Parameter("weight", AsymDecConfig.Vocabulary, d);         // [258, d]
        var inSlots = op.At("prefix");
        var slots = inSlots.SlotRows(inSlots.Gather(table, prefix), k);                          // [B, N, K*d] of [B, N*K, d]
        var sum = inSlots.Slice(slots, 2, 0, d);                                                 // [B, N, d]
        for (var i = 1; i < k; i++) sum = inSlots.Add(sum, inSlots.Slice(slots, 2, i * d, (i + 1) * d));
        var mean = inSlots.Multiply(sum, inSlots.Scalar("share", 1.0 / k));                      // [B, N, d]
        return (mean, op.At("stream").Gather(table, stream), op.At("stream").StreamTail(past.StreamTail, stream));
    }

    private static (T Output, KvCache<T> Present) SelfBlock<T>(ITensorOps<T> op, AsymDecConfig config, T x,
        RowPositions<T> positions, KvCache<T> past)
    {
        var d = config.Dim;
        var normed1 = op.At("norm1").LayerNorm(x, d, AsymDecConfig.LayerNormEpsilon);            // [B, T, d]
        var qkv = op.At("qkv").Linear(normed1, d, 3 * d);                                        // [B, T, 3d]
        var (attended, present) = op.At("attention").Attention(qkv, d, config.Heads, positions, past);
        x = op.Add(x, op.At("drop").Dropout(op.At("proj").Linear(attended, d, d)));              // [B, T, d]

        var normed2 = op.At("norm2").LayerNorm(x, d, AsymDecConfig.LayerNormEpsilon);            // [B, T, d]
        var hidden = op.At("ff.1").Gelu(op.At("ff.0").Linear(normed2, d, 4 * d));                // [B, T, 4d]
        var kept = op.At("ff.2").Dropout(hidden);
        return (op.Add(x, op.At("drop").Dropout(op.At("ff.3").Linear(kept, 4 * d, d))), present); // [B, T, d]
    }

    private static (T Output, FastWeights<T> Present) MemoryBlock<T>(ITensorOps<T> op, AsymDecConfig config, T x,
        RowPositions<T> positions, FastWeights<T> past)
    {
        var d = config.Dim;
        var normed = op.At("norm").LayerNorm(x, d, AsymDecConfig.LayerNormEpsilon);              // [B, T, d]
        var qkv = op.At("qkv").Linear(normed, d, 3 * d);                                         // [B, T, 3d]
        var (read, present) = op.At("memory").FastWeightRead(qkv, d, config.Heads, AsymDecConfig.MemoryEpsilon, positions, past);
        var gate = op.Apply(UnaryFunction.Tanh, op.Parameter("gate", 1));                        // [1]
        return (op.Add(x, op.Multiply(op.At("proj").Linear(read, d, d), gate)), present);        // [B, T, d]
    }
}
