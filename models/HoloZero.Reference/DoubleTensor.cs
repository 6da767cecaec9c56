namespace HoloZero.Reference;

/// <summary>A dense row-major tensor of float64. Never changed once an operation has returned it.</summary>
public sealed class DoubleTensor
{
    /// <summary>Wraps <paramref name="data"/>, which the tensor owns from then on.</summary>
    /// <param name="data">Row-major elements, as many as <paramref name="shape"/> says.</param>
    /// <param name="shape">Lengths of the axes; none for a scalar.</param>
    /// <exception cref="ArgumentException">The number of elements is not the product of the shape.</exception>
    public DoubleTensor(double[] data, params int[] shape)
    {
        var count = shape.Aggregate(1, (product, length) => checked(product * length));
        if (data.Length != count)
            throw new ArgumentException($"{data.Length} elements do not fill [{string.Join(", ", shape)}]", nameof(data));
        (Data, Shape) = (data, shape);
    }

    /// <summary>Row-major elements.</summary>
    public double[] Data { get; }

    /// <summary>Lengths of the axes.</summary>
    public int[] Shape { get; }

    /// <summary>Number of axes.</summary>
    public int Rank => Shape.Length;

    /// <summary>The element of a tensor that has one.</summary>
    public double Scalar => Data.Length == 1 ? Data[0] : throw new InvalidOperationException($"{this} is not a scalar");

    /// <summary>A scalar.</summary>
    public static DoubleTensor Of(double value) => new([value]);

    /// <summary>A tensor of zeros.</summary>
    public static DoubleTensor Zeros(params int[] shape) => new(new double[shape.Aggregate(1, (a, b) => a * b)], shape);

    /// <summary>Product of the lengths before, of, and after <paramref name="axis"/>.</summary>
    /// <exception cref="ArgumentException">There is no such axis.</exception>
    internal (int Outer, int Length, int Inner) Around(int axis) => axis >= 0 && axis < Rank
        ? (Product(Shape.AsSpan(0, axis)), Shape[axis], Product(Shape.AsSpan(axis + 1)))
        : throw new ArgumentException($"{this} has no axis {axis}", nameof(axis));

    /// <inheritdoc/>
    public override string ToString() => $"float64 [{string.Join(", ", Shape)}]";

    internal static int Product(ReadOnlySpan<int> lengths)
    {
        var product = 1;
        foreach (var length in lengths) product *= length;
        return product;
    }
}
