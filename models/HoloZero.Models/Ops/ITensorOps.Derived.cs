namespace HoloZero.Models.Ops;

/// <summary>Where the rows of a call stand: shared by every block of one forward pass.</summary>
/// <param name="Rows">Positions of the new rows, P .. P+T-1: [T, 1].</param>
/// <param name="Cos">Rotary cosines of those positions: [T, k/2].</param>
/// <param name="Sin">Rotary sines of those positions: [T, k/2].</param>
/// <param name="VisibleKeys">Which of all keys a new row attends to: condition [T, P+T].</param>
/// <param name="EarlierRows">Which new rows are not after a new row: condition [T, T].</param>
/// <param name="End">The position after the last new row, P + T.</param>
public record RowPositions<T>(T Rows, T Cos, T Sin, T VisibleKeys, T EarlierRows, T End);

/// <summary>Rotated keys and values of the positions so far, each [B, H, P, k].</summary>
public sealed record KvCache<T>(T Keys, T Values);

/// <summary>A fast-weight memory: S = sum phi(k) v^T, [B, H, k, k], and z = sum phi(k), [B, H, k, 1].</summary>
public sealed record FastWeights<T>(T S, T Z);

public partial interface ITensorOps<T>
{
    /// <summary>
    /// <see cref="MatMul"/> of numbers that bear to be rounded to a shorter type, as an interpreter for training may: the factors and the
    /// product. Linear and attention ask for it, not features, which are exact, nor the memory, whose sums grow.
    /// </summary>
    T RoundableMatMul(T a, T b) => MatMul(a, b);

    /// <summary>
    /// Drops elements at random while a network learns: the identity, unless an interpreter for training does otherwise, with each of
    /// these calls as a place of its own, in the order of the forward pass.
    /// </summary>
    T Dropout(T x) => x;

    /// <summary>x W^T + b with the module's <c>weight</c> [out, in] and <c>bias</c> [out]: [.., in] -> [.., out].</summary>
    T Linear(T x, int inputs, int outputs) =>
        this.Add(RoundableMatMul(x, Transpose(Parameter("weight", outputs, inputs))), Parameter("bias", outputs));

    /// <summary>LayerNorm over the last axis with the module's <c>weight</c> and <c>bias</c>, both [width].</summary>
    T LayerNorm(T x, int width, double epsilon)
    {
        var count = this.Scalar("width", width);
        var centred = this.Subtract(x, this.Divide(Sum(x), count));                              // [.., width]
        var variance = this.Divide(Sum(this.Multiply(centred, centred)), count);                 // [.., 1]
        var deviation = Apply(UnaryFunction.Sqrt, this.Add(variance, this.Scalar("epsilon", epsilon)));
        var scaled = this.Multiply(this.Divide(centred, deviation), Parameter("weight", width));
        return this.Add(scaled, Parameter("bias", width));
    }

    /// <summary>Exact GELU: x (1 + erf(x / sqrt 2)) / 2.</summary>
    T Gelu(T x)
    {
        var erf = Apply(UnaryFunction.Erf, this.Multiply(x, this.Scalar("inv_sqrt2", 1 / Math.Sqrt(2))));
        return this.Multiply(this.Multiply(x, this.Scalar("half", 0.5)), this.Add(erf, this.Scalar("one", 1)));
    }

    /// <summary>elu(x) + 1, always positive: max(x, 0) + e^min(x, 0).</summary>
    T Phi(T x)
    {
        var positive = Apply(BinaryFunction.Maximum, x, this.Scalar("zero", 0));
        return this.Add(positive, Apply(UnaryFunction.Exp, this.Subtract(x, positive)));
    }

    /// <summary>Half-split rotary embedding of x [B, H, T, k] with tables [T, k/2]: (a, b) -> (a cos - b sin, b cos + a sin).</summary>
    T Rope(T x, int width, T cos, T sin)
    {
        var a = Slice(x, 3, 0, width / 2);                                                       // [B, H, T, k/2]
        var b = Slice(x, 3, width / 2);                                                          // [B, H, T, k/2]
        return Concat(3,
            this.Subtract(this.Multiply(a, cos), this.Multiply(b, sin)),
            this.Add(this.Multiply(b, cos), this.Multiply(a, sin)));                             // [B, H, T, k]
    }

    /// <summary>
    /// HSL features of a run of n bytes [B, n]: 18 columns from the table [256, 18], 9 from the two bytes before. Gives them with zeros
    /// up to <paramref name="width"/>, [B, n, width], and the last two bytes [B, 2]. Where there are <paramref name="values"/> [256, 18],
    /// the 18 columns come from those, and the 9 stay as they are.
    /// </summary>
    (T Features, T Tail) HslFeatures(T table, T? values, T bytes, T tail, T position, int width)
    {
        var run = Concat(1, tail, bytes);                                                        // [B, n+2]
        var own = Gather(values ?? table, bytes);                                                // [B, n, 18]
        var dxor = Slice(Gather(table, run), 2, 0, 8);                                           // [B, n+2, 8]
        var current = Slice(dxor, 1, 1);                                                         // [B, n+1, 8]
        var flips = this.Subtract(current, Slice(dxor, 1, 0, -1));
        var d2xor = this.Multiply(flips, flips);                                                 // [B, n+1, 8]: (a - b)^2 = a xor b
        var energy = this.Add(current, this.Multiply(d2xor, this.Scalar("half", 0.5)));          // [B, n+1, 8]
        var lastFour = Constant("last_four", [0, 0, 0, 0, 1, 1, 1, 1], 8, 1);
        var firstFive = Constant("first_five", [1, 1, 1, 1, 1, 0, 0, 0], 8, 1);
        var before = MatMul(Slice(energy, 1, 0, -1), lastFour);                                  // [B, n, 1]
        var after = MatMul(Slice(energy, 1, 1), firstFive);                                      // [B, n, 1]
        var index = Range(position, Length(bytes, 1));                                           // [n, 1]
        var isFirst = Apply(BinaryFunction.LessOrEqual, index, this.Scalar("first", 0));         // [n, 1]
        var terms = Where(isFirst, this.Scalar("terms_at_first", 5), this.Scalar("terms", 9));   // [n, 1]
        var boundary = RoundToFloat32(this.Divide(this.Add(before, after), terms));              // [B, n, 1]
        var ofNeighbours = Concat(2, Slice(d2xor, 1, 1), boundary);                              // [B, n, 9]
        var features = Concat(2, Concat(2, Slice(own, 2, 0, 8), ofNeighbours), Slice(own, 2, 8));
        return (PadLast(features, width), Slice(run, 1, -2));                                    // [B, n, width], [B, 2]
    }

    /// <summary>The last two bytes [B, 2] of a run of n bytes [B, n] after the two of <paramref name="tail"/>.</summary>
    T StreamTail(T tail, T bytes) => Slice(Concat(1, tail, bytes), 1, -2);

    /// <summary>
    /// Where <paramref name="count"/> new rows after <paramref name="position"/> stand, of which the first are prefix slots.
    /// </summary>
    /// <param name="config">The hyper-parameters.</param>
    /// <param name="position">Rows before these, P.</param>
    /// <param name="count">New rows, T.</param>
    /// <param name="slots">How many of the new rows are prefix slots.</param>
    /// <param name="streamStart">
    /// All prefix slots of the sequence, N, where rotary positions start again behind them; nothing where they run on.
    /// </param>
    RowPositions<T> RowPositions(AsymDecConfig config, T position, T count, T slots, T? streamStart)
    {
        var end = this.Add(position, count);
        var rows = Range(position, count);                                                       // [T, 1]
        var keys = Transpose(Range(this.Scalar("zero", 0), end));                                // [1, P+T]
        var lastVisible = config.PrefixAttention == PrefixAttention.Causal
            ? rows
            : Apply(BinaryFunction.Maximum, rows, this.Subtract(slots, this.Scalar("one", 1)));  // [T, 1]
        var visible = Apply(BinaryFunction.LessOrEqual, keys, lastVisible);                      // [T, P+T]
        var earlier = Apply(BinaryFunction.LessOrEqual, Transpose(rows), rows);                  // [T, T]
        var rotary = streamStart is null ? rows : RestartedRows(rows, streamStart);              // [T, 1]
        var (cos, sin) = RopeTables(rotary, config.HeadWidth, AsymDecConfig.RopeBase);           // [T, k/2]
        return new(rows, cos, sin, visible, earlier, end);
    }

    /// <summary>Rows counted from 0 again where the stream starts.</summary>
    T RestartedRows(T rows, T streamStart) =>
        Where(Apply(BinaryFunction.LessOrEqual, streamStart, rows), this.Subtract(rows, streamStart), rows);

    /// <summary>[B, T, 3d] -> three times [B, H, T, k]: a row of 3d holds all of q, then k, then v.</summary>
    (T Q, T K, T V) SplitQkv(T qkv, int d, int heads) => (SplitHeads(Slice(qkv, 2, 0, d), heads),
        SplitHeads(Slice(qkv, 2, d, 2 * d), heads), SplitHeads(Slice(qkv, 2, 2 * d), heads));

    /// <summary>Rotary attention of new rows to every key so far: qkv [B, T, 3d] -> [B, T, d], with the cache grown by T.</summary>
    (T Output, KvCache<T> Present) Attention(T qkv, int d, int heads, RowPositions<T> positions, KvCache<T> past)
    {
        var headWidth = d / heads;
        var (q, k, v) = SplitQkv(qkv, d, heads);                                                 // [B, H, T, k]
        var queries = Rope(q, headWidth, positions.Cos, positions.Sin);       // [B, H, T, k]
        var newKeys = Rope(k, headWidth, positions.Cos, positions.Sin);       // [B, H, T, k]
        var keys = Concat(2, past.Keys, newKeys);                                                // [B, H, P+T, k]
        var values = Concat(2, past.Values, v);                                                  // [B, H, P+T, k]
        var scores = this.Multiply(RoundableMatMul(queries, Transpose(keys)), this.Scalar("scale", 1 / Math.Sqrt(headWidth)));
        var masked = Where(positions.VisibleKeys, scores, this.Scalar("hidden", double.NegativeInfinity));
        return (MergeHeads(RoundableMatMul(Softmax(masked), values)), new(keys, values));
    }

    /// <summary>
    /// The gated memory's read, before its projection: o_t = phi(q_t) S_t / (phi(q_t) . z_t + epsilon), where S_t and z_t take in the
    /// rows up to t themselves: qkv [B, T, 3d] -> [B, T, d], with the memory after the last row.
    /// </summary>
    (T Output, FastWeights<T> Present) FastWeightRead(T qkv, int d, int heads, double epsilon, RowPositions<T> positions,
        FastWeights<T> past)
    {
        var (q, k, values) = SplitQkv(qkv, d, heads);                                            // [B, H, T, k]
        var (queries, keys) = (Phi(q), Phi(k));                                                  // [B, H, T, k]
        var keysByColumn = Transpose(keys);                                                      // [B, H, k, T]
        var weights = Where(positions.EarlierRows, MatMul(queries, keysByColumn), this.Scalar("zero", 0)); // [B, H, T, T]
        var numerator = this.Add(MatMul(weights, values), MatMul(queries, past.S));              // [B, H, T, k]
        var denominator = this.Add(Sum(weights), MatMul(queries, past.Z));                       // [B, H, T, 1]
        var read = this.Divide(numerator, this.Add(denominator, this.Scalar("epsilon", epsilon)));
        var s = this.Add(past.S, MatMul(keysByColumn, values));                                  // [B, H, k, k]
        var z = this.Add(past.Z, Sum(keysByColumn));                                             // [B, H, k, 1]
        return (MergeHeads(read), new(s, z));
    }
}

/// <summary>The short names of the element-wise functions.</summary>
public static class ElementwiseOps
{
    /// <summary>a + b, broadcast.</summary>
    public static T Add<T>(this ITensorOps<T> op, T a, T b) => op.Apply(BinaryFunction.Add, a, b);

    /// <summary>a - b, broadcast.</summary>
    public static T Subtract<T>(this ITensorOps<T> op, T a, T b) => op.Apply(BinaryFunction.Subtract, a, b);

    /// <summary>a * b, broadcast.</summary>
    public static T Multiply<T>(this ITensorOps<T> op, T a, T b) => op.Apply(BinaryFunction.Multiply, a, b);

    /// <summary>a / b, broadcast.</summary>
    public static T Divide<T>(this ITensorOps<T> op, T a, T b) => op.Apply(BinaryFunction.Divide, a, b);

    /// <summary>A constant without axes.</summary>
    public static T Scalar<T>(this ITensorOps<T> op, string name, double value) => op.Constant(name, [value]);
}
