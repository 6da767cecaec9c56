namespace HoloZero.Conformance;

/// <summary>What the elements of a tensor stand for. Engines choose their own types for them.</summary>
internal enum Element
{
    /// <summary>Numbers; those of the cases are exact in float32 unless a case says otherwise.</summary>
    Real,

    /// <summary>Positions and lengths.</summary>
    Whole,

    /// <summary>0 to 255.</summary>
    Byte,

    /// <summary>What stands for a byte in the stream's tail of fused graphs.</summary>
    Code,

    /// <summary>1 where it holds, 0 where it does not.</summary>
    Condition,
}

/// <summary>A tensor that belongs to no engine: what goes into a case and what has to come out.</summary>
internal sealed record Tensor(Element Element, double[] Values, int[] Shape)
{
    public int Rank => Shape.Length;

    /// <summary>The element at <paramref name="index"/>.</summary>
    public double this[params int[] index] => Values[index.Zip(Shape).Aggregate(0, (offset, axis) => offset * axis.Second + axis.First)];

    public static Tensor Scalar(double value) => new(Element.Real, [value], []);

    public static Tensor Whole(long value) => new(Element.Whole, [value], []);

    public static Tensor Row(params double[] values) => new(Element.Real, values, [values.Length]);

    /// <summary>The given elements in row-major order.</summary>
    public static Tensor Of(int[] shape, params double[] values) => new(Element.Real, values, shape);

    public static Tensor Zeros(params int[] shape) => Build(shape, _ => 0);

    /// <summary>Scattered multiples of 1/16 from -2 to 2: exact in float32 and float16, and so are their sums and products.</summary>
    public static Tensor Pattern(int seed, params int[] shape)
    {
        var i = (uint)seed * 7919;
        return Build(shape, _ => ((int)((++i * 2654435761u) >> 16) % 65 - 32) / 16.0);
    }

    /// <summary>One element after the other, the last axis fastest.</summary>
    public static Tensor Build(int[] shape, Func<int[], double> value)
    {
        var values = new double[shape.Aggregate(1, (product, length) => product * length)];
        for (var i = 0; i < values.Length; i++)
        {
            var index = new int[shape.Length];
            for (int axis = shape.Length - 1, rest = i; axis >= 0; rest /= shape[axis--]) index[axis] = rest % shape[axis];
            values[i] = value(index);
        }

        return new(Element.Real, values, shape);
    }

    public Tensor Select(Func<double, double> map) => Build(Shape, i => map(this[i]));

    public Tensor As(Element element) => this with { Element = element };

    /// <summary>The element that NumPy's broadcasting puts at <paramref name="index"/> of a tensor of at least as many axes.</summary>
    public double Broadcast(int[] index) =>
        this[[.. Shape.Select((length, axis) => length == 1 ? 0 : index[index.Length - Rank + axis])]];

    public override string ToString() => $"{Element} [{string.Join(", ", Shape)}]";
}
