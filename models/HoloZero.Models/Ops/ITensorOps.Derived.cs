namespace HoloZero.Models.Ops;

/// <summary>Where the rows of a call stand: shared by every block of one forward pass.</summary>
/// <param name="Rows">Positions of the new rows, P .. P+T-1: [T, 1].</param>
/// <param name="Cos">Rotary cosines of those positions: [T, k/2].</param>
/// <param name="Sin">Rotary sines of those positions: [T, k/2].</param>
/// <param name="VisibleKeys">Which of all keys a new row attends to: condition [T, P+T].</param>
/// <param name="EarlierRows">Which new rows are not after a new row: condition [T, T].</param>
public sealed record RowPositions<T>(T Rows, T Cos, T Sin, T VisibleKeys, T EarlierRows);

/// <summary>Rotated keys and values of the positions so far, each [B, H, P, k].</summary>
public sealed record KvCache<T>(T Keys, T Values);

/// <summary>A fast-weight memory: S = sum phi(k) v^T, [B, H, k, k], and z = sum phi(k), [B, H, k, 1].</summary>
public sealed record FastWeights<T>(T S, T Z);

public partial interface ITensorOps<T>
{
    /// <summary>x W^T + b with the module's <c>weight</c> [out, in] and <c>bias</c> [out]: [.., in] -> [.., out].</summary>
    T Linear(T x, int inputs, int outputs) =>
        this.Add(MatMul(x, Transpose(Parameter("weight", outputs, inputs))), Parameter("bias", outputs));

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

    /// <summary>Rotary attention of new rows to every key so far: q, k, v [B, T, d] -> [B, T, d], with the cache grown by T.</summary>
    (T Output, KvCache<T> Present) Attention(T q, T k, T v, int heads, int headWidth, RowPositions<T> positions, KvCache<T> past)
    {
        var queries = Rope(SplitHeads(q, heads), headWidth, positions.Cos, positions.Sin);       // [B, H, T, k]
        var newKeys = Rope(SplitHeads(k, heads), headWidth, positions.Cos, positions.Sin);       // [B, H, T, k]
        var keys = Concat(2, past.Keys, newKeys);                                                // [B, H, P+T, k]
        var values = Concat(2, past.Values, SplitHeads(v, heads));                               // [B, H, P+T, k]
        var scores = this.Multiply(MatMul(queries, Transpose(keys)), this.Scalar("scale", 1 / Math.Sqrt(headWidth)));
        var masked = Where(positions.VisibleKeys, scores, this.Scalar("hidden", double.NegativeInfinity));
        return (MergeHeads(MatMul(Softmax(masked), values)), new(keys, values));
    }

    /// <summary>
    /// The gated memory's read, before its projection: o_t = phi(q_t) S_t / (phi(q_t) . z_t + epsilon), where S_t and z_t take in the
    /// rows up to t themselves: q, k, v [B, T, d] -> [B, T, d], with the memory after the last row.
    /// </summary>
    (T Output, FastWeights<T> Present) FastWeightRead(T q, T k, T v, int heads, double epsilon, RowPositions<T> positions,
        FastWeights<T> past)
    {
        var queries = Phi(SplitHeads(q, heads));                                                 // [B, H, T, k]
        var keys = Phi(SplitHeads(k, heads));                                                    // [B, H, T, k]
        var values = SplitHeads(v, heads);                                                       // [B, H, T, k]
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
