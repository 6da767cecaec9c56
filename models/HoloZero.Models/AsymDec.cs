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
    /// <param name="stream">Stream bytes [B, L], 0..255, L >= 1.</param>
    /// <param name="past">The state before this call.</param>
    public static AsymDecOutput<T> Forward<T>(ITensorOps<T> op, AsymDecConfig config, T prefix, T stream, AsymDecState<T> past)
    {
        var trace = new List<(string, T)>();
        var layers = new List<LayerState<T>>(config.DecLayers);

        var (x, slots, tail) = ZeroDoor(op.At("door"), config, prefix, stream, past);            // [B, T, d]
        trace.Add(("door", x));
        var positions = Positions(op.At("positions"), config, x, slots, past.Position);

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
        var position = op.At("positions").Add(past.Position, op.At("positions").Length(x, 1));
        return new(logits, new(position, tail, layers), trace);
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
        var table = op.Constant("value_table", HslFrontDoor.ValueTableAsDouble(), 256, HslFrontDoor.ValueColumns);
        var (prefixFeatures, _) = Features(op.At("prefix"), table, prefix, past);                // [B, N*K, 27]
        var (streamFeatures, tail) = Features(op.At("stream"), table, stream, past);             // [B, L, 27]
        var slotRows = op.PadLast(op.SlotRows(prefixFeatures, config.SlotBytes), config.Dim);    // [B, N, d]
        var streamRows = op.PadLast(streamFeatures, config.Dim);                                 // [B, L, d]
        return (op.Concat(1, slotRows, streamRows), op.Length(slotRows, 1), tail);               // [B, T, d]
    }

    /// <summary>HSL features of a run of n bytes: 18 columns from the table, 9 from the two bytes before.</summary>
    private static (T Features, T Tail) Features<T>(ITensorOps<T> op, T table, T bytes, AsymDecState<T> past)
    {
        var run = op.Concat(1, past.StreamTail, bytes);                                          // [B, n+2]
        var own = op.Gather(table, bytes);                                                       // [B, n, 18]
        var dxor = op.Slice(op.Gather(table, run), 2, 0, 8);                                     // [B, n+2, 8]
        var current = op.Slice(dxor, 1, 1);                                                      // [B, n+1, 8]
        var flips = op.Subtract(current, op.Slice(dxor, 1, 0, -1));
        var d2xor = op.Multiply(flips, flips);                                                   // [B, n+1, 8]: (a - b)^2 = a xor b
        var energy = op.Add(current, op.Multiply(d2xor, op.Scalar("half", 0.5)));                // [B, n+1, 8]
        var lastFour = op.Constant("last_four", [0, 0, 0, 0, 1, 1, 1, 1], 8, 1);
        var firstFive = op.Constant("first_five", [1, 1, 1, 1, 1, 0, 0, 0], 8, 1);
        var before = op.MatMul(op.Slice(energy, 1, 0, -1), lastFour);                            // [B, n, 1]
        var after = op.MatMul(op.Slice(energy, 1, 1), firstFive);                                // [B, n, 1]
        var index = op.Range(past.Position, op.Length(bytes, 1));                                // [n, 1]
        var isFirst = op.Apply(BinaryFunction.LessOrEqual, index, op.Scalar("first", 0));        // [n, 1]
        var terms = op.Where(isFirst, op.Scalar("terms_at_first", 5), op.Scalar("terms", 9));    // [n, 1]
        var boundary = op.RoundToFloat32(op.Divide(op.Add(before, after), terms));               // [B, n, 1]
        var ofNeighbours = op.Concat(2, op.Slice(d2xor, 1, 1), boundary);                        // [B, n, 9]
        var features = op.Concat(2, op.Concat(2, op.Slice(own, 2, 0, 8), ofNeighbours), op.Slice(own, 2, 8));
        return (features, op.Slice(run, 1, -2));                                                 // [B, n, 27], [B, 2]
    }

    private static RowPositions<T> Positions<T>(ITensorOps<T> op, AsymDecConfig config, T x, T slots, T position)
    {
        var zero = op.Scalar("zero", 0);
        var count = op.Length(x, 1);
        var rows = op.Range(position, count);                                                    // [T, 1]
        var keys = op.Transpose(op.Range(zero, op.Add(position, count)));                        // [1, P+T]
        var lastVisible = config.PrefixAttention == PrefixAttention.Causal
            ? rows
            : op.Apply(BinaryFunction.Maximum, rows, op.Subtract(slots, op.Scalar("one", 1)));   // [T, 1]
        var visible = op.Apply(BinaryFunction.LessOrEqual, keys, lastVisible);                   // [T, P+T]
        var earlier = op.Apply(BinaryFunction.LessOrEqual, op.Transpose(rows), rows);            // [T, T]
        var (cos, sin) = op.RopeTables(rows, config.HeadWidth, AsymDecConfig.RopeBase);          // [T, k/2]
        return new(rows, cos, sin, visible, earlier);
    }

    private static (T Output, KvCache<T> Present) SelfBlock<T>(ITensorOps<T> op, AsymDecConfig config, T x,
        RowPositions<T> positions, KvCache<T> past)
    {
        var d = config.Dim;
        var (q, k, v) = Qkv(op.At("qkv"), op.At("norm1").LayerNorm(x, d, AsymDecConfig.LayerNormEpsilon), d);
        var (attended, present) = op.At("attention").Attention(q, k, v, config.Heads, config.HeadWidth, positions, past);
        x = op.Add(x, op.At("proj").Linear(attended, d, d));                                     // [B, T, d]

        var normed = op.At("norm2").LayerNorm(x, d, AsymDecConfig.LayerNormEpsilon);             // [B, T, d]
        var hidden = op.At("ff.1").Gelu(op.At("ff.0").Linear(normed, d, 4 * d));                 // [B, T, 4d]
        return (op.Add(x, op.At("ff.3").Linear(hidden, 4 * d, d)), present);                     // [B, T, d]
    }

    private static (T Output, FastWeights<T> Present) MemoryBlock<T>(ITensorOps<T> op, AsymDecConfig config, T x,
        RowPositions<T> positions, FastWeights<T> past)
    {
        var d = config.Dim;
        var (q, k, v) = Qkv(op.At("qkv"), op.At("norm").LayerNorm(x, d, AsymDecConfig.LayerNormEpsilon), d);
        var (read, present) = op.At("memory").FastWeightRead(q, k, v, config.Heads, AsymDecConfig.MemoryEpsilon, positions, past);
        var gate = op.Apply(UnaryFunction.Tanh, op.Parameter("gate", 1));                        // [1]
        return (op.Add(x, op.Multiply(op.At("proj").Linear(read, d, d), gate)), present);        // [B, T, d]
    }

    /// <summary>[B, T, d] -> three times [B, T, d]: a row of 3d holds all of q, then k, then v.</summary>
    private static (T Q, T K, T V) Qkv<T>(ITensorOps<T> op, T x, int d)
    {
        var qkv = op.Linear(x, d, 3 * d);                                                        // [B, T, 3d]
        return (op.Slice(qkv, 2, 0, d), op.Slice(qkv, 2, d, 2 * d), op.Slice(qkv, 2, 2 * d));
    }
}
