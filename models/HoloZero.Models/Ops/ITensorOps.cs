namespace HoloZero.Models.Ops;

/// <summary>Element-wise functions of one argument.</summary>
public enum UnaryFunction
{
    /// <summary>e^x.</summary>
    Exp,

    /// <summary>Square root.</summary>
    Sqrt,

    /// <summary>The error function.</summary>
    Erf,

    /// <summary>Hyperbolic tangent.</summary>
    Tanh,
}

/// <summary>Element-wise functions of two arguments, with NumPy broadcasting.</summary>
public enum BinaryFunction
{
    /// <summary>a + b.</summary>
    Add,

    /// <summary>a - b.</summary>
    Subtract,

    /// <summary>a * b.</summary>
    Multiply,

    /// <summary>a / b.</summary>
    Divide,

    /// <summary>The larger of a and b.</summary>
    Maximum,

    /// <summary>Whether a &lt;= b: a condition for <see cref="ITensorOps{T}.Where"/>.</summary>
    LessOrEqual,
}

/// <summary>
/// What AsymDec asks of a tensor library: this part is the required core, the other part (ITensorOps.Derived.cs) is defined in
/// terms of it and may be overridden where an interpreter has something better.
/// </summary>
/// <remarks>
/// Axes count from 0; all tensors are dense and row-major. Nothing computed from a <typeparamref name="T"/> ever becomes a host
/// value, so an interpreter may record instead of compute. Constants are double until an interpreter rounds them, once.
/// Parameters and constants are operands like any other. Arithmetic never wraps or truncates: bytes become real numbers in it, and
/// so do whole numbers in a division. Implementations need not be thread-safe.
/// </remarks>
/// <typeparam name="T">A tensor: a shape, an array, a graph value.</typeparam>
public partial interface ITensorOps<T>
{
    /// <summary>The same operations one module deeper: parameters and recorded nodes are named by this path.</summary>
    /// <param name="module">Dotted name below the present module, <c>self_blocks.0</c>.</param>
    ITensorOps<T> At(string module);

    /// <summary>The parameter <paramref name="name"/> of the present module, in the layout of the checkpoint.</summary>
    /// <param name="name">Name below the present module, <c>weight</c>.</param>
    /// <param name="shape">The shape that the configuration implies.</param>
    T Parameter(string name, params int[] shape);

    /// <summary>A constant of the given values; an empty <paramref name="shape"/> makes a scalar.</summary>
    /// <param name="name">What it is, for people who read the recorded graph.</param>
    /// <param name="values">Row-major values; their number is the product of <paramref name="shape"/>.</param>
    /// <param name="shape">The dimensions.</param>
    T Constant(string name, double[] values, params int[] shape);

    /// <summary><paramref name="function"/> of every element.</summary>
    T Apply(UnaryFunction function, T x);

    /// <summary><paramref name="function"/> of every pair of elements, broadcast.</summary>
    T Apply(BinaryFunction function, T a, T b);

    /// <summary>
    /// Elements of <paramref name="a"/> where <paramref name="condition"/> holds, else of <paramref name="b"/>, broadcast.
    /// </summary>
    T Where(T condition, T a, T b);

    /// <summary>Matrix product over the last two axes, leading axes broadcast: [.., m, n] x [.., n, p] -> [.., m, p].</summary>
    T MatMul(T a, T b);

    /// <summary>Swaps the last two axes.</summary>
    T Transpose(T x);

    /// <summary>Sum over the last axis, which stays with length 1.</summary>
    T Sum(T x);

    /// <summary>Softmax over the last axis; an element of minus infinity gets 0.</summary>
    T Softmax(T x);

    /// <summary><paramref name="a"/> followed by <paramref name="b"/> along <paramref name="axis"/>.</summary>
    T Concat(int axis, T a, T b);

    /// <summary>Elements <paramref name="start"/> to before <paramref name="end"/> of <paramref name="axis"/>.</summary>
    /// <param name="x">The tensor.</param>
    /// <param name="axis">The axis to cut.</param>
    /// <param name="start">First element; negative counts from the end.</param>
    /// <param name="end">One past the last element; negative counts from the end, null is the end.</param>
    T Slice(T x, int axis, int start, int? end = null);

    /// <summary>All but the first <paramref name="count"/> (a scalar) elements of <paramref name="axis"/>.</summary>
    T Skip(T x, int axis, T count);

    /// <summary>Rows of <paramref name="table"/> [n, f] picked by <paramref name="indices"/> [..] -> [.., f].</summary>
    T Gather(T table, T indices);

    /// <summary>Zeros appended to the last axis until it is <paramref name="width"/> long.</summary>
    T PadLast(T x, int width);

    /// <summary>
    /// The values rounded to float32, where the published code stores them so; the identity for interpreters that never hold more.
    /// </summary>
    T RoundToFloat32(T x);

    /// <summary>The length of <paramref name="axis"/>, a scalar.</summary>
    T Length(T x, int axis);

    /// <summary>The column start, start + 1, .. of <paramref name="length"/> whole numbers: [length, 1].</summary>
    T Range(T start, T length);

    /// <summary>
    /// cos and sin of position * base^(-2i / width), i = 0 .. width/2 - 1, for positions [n, 1]: two tensors [n, width / 2].
    /// Frequencies, angles, cos and sin are float32, as published (<c>holo/hsl_rope.py</c>), whatever the rest computes in.
    /// </summary>
    (T Cos, T Sin) RopeTables(T positions, int width, double @base);

    /// <summary>[B, T, H*k] -> [B, H, T, k].</summary>
    T SplitHeads(T x, int heads);

    /// <summary>[B, H, T, k] -> [B, T, H*k].</summary>
    T MergeHeads(T x);

    /// <summary>[B, N*K, f] -> [B, N, K*f]: K consecutive rows side by side.</summary>
    T SlotRows(T x, int slotBytes);
}
