using HoloZero.Artifacts;
using HoloZero.Models.Ops;

namespace HoloZero.Models;

/// <summary>What a forward pass gives.</summary>
/// <param name="Logits">[B, L, 258]: row i predicts stream byte i + 1.</param>
/// <param name="State">The state after the last stream byte.</param>
/// <param name="Trace">Output [B, T, d] of the door and of every block, by module name, in order.</param>
public sealed record AsymDecOutput<T>(T Logits, AsymDecState<T> State, IReadOnlyList<(string Module, T Output)> Trace);

/// <summary>
/// The architecture, once: a byte decoder with 0 learned parameters in front of <c>dec_layers</c> pairs of a self block (rotary attention,
/// feed-forward) and a gated fast-weight memory. Published blocks: <c>holo/hsl_rope.py</c>, <c>holo/hsl_fastweight.py</c> (MIT, Jinhyun
/// Woo).
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

        var (x, slots, tail) = ZeroDoor(op.At("door"), config, prefix, stream, past);            // [B, T, d]
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

    /// <summary>The zero door: features of K prefix bytes side by side, or of one stream byte, padded with zeros to d.</summary>
    private static (T Rows, T Slots, T Tail) ZeroDoor<T>(ITensorOps<T> op, AsymDecConfig config, T prefix, T stream, AsymDecState<T> past)
    {
        // Both runs start from the tail: while there is a prefix, nothing has come before either of them and the tail is zero.
        var table = op.Constant("value_table", HslFrontDoor.ValueTableAsDouble(), ByteVocabulary.Bytes,
            HslFrontDoor.ValueColumns);
        var (prefixFeatures, _) = op.At("prefix").HslFeatures(table, prefix, past.StreamTail, past.Position, HslFrontDoor.FeatureCount);
        var slotRows = op.PadLast(op.SlotRows(prefixFeatures, config.SlotBytes), config.Dim);    // [B, N, d] of [B, N*K, 27]
        var (streamRows, tail) = op.At("stream").HslFeatures(table, stream, past.StreamTail, past.Position, config.Dim); // [B, L, d]
        return (op.Concat(1, slotRows, streamRows), op.Length(slotRows, 1), tail);               // [B, T, d]
    }

    private static (T Output, KvCache<T> Present) SelfBlock<T>(ITensorOps<T> op, AsymDecConfig config, T x,
        RowPositions<T> positions, KvCache<T> past)
    {
        var d = config.Dim;
        var normed1 = op.At("norm1").LayerNorm(x, d, AsymDecConfig.LayerNormEpsilon);            // [B, T, d]
        var qkv = op.At("qkv").Linear(normed1, d, 3 * d);                                        // [B, T, 3d]
        var (attended, present) = op.At("attention").Attention(qkv, d, config.Heads, positions, past);
        x = op.Add(x, op.At("proj").Linear(attended, d, d));                                     // [B, T, d]

        var normed2 = op.At("norm2").LayerNorm(x, d, AsymDecConfig.LayerNormEpsilon);            // [B, T, d]
        var hidden = op.At("ff.1").Gelu(op.At("ff.0").Linear(normed2, d, 4 * d));                // [B, T, 4d]
        return (op.Add(x, op.At("ff.3").Linear(hidden, 4 * d, d)), present);                     // [B, T, d]
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
