using System.Numerics.Tensors;
using HoloZero.Models;
using HoloZero.Models.Ops;
using HoloZero.Models.PublishedArithmetic;

namespace HoloZero.Reference;

/// <summary>
/// AsymDec's operations in float64 and plain managed code, with the published float32 rotary tables: the arithmetic that every other
/// engine is measured against. Written for plainness, not for speed.
/// </summary>
/// <remarks>
/// Not thread-safe. Shape mistakes are <see cref="ShapeOps"/>'s business and end in an <see cref="ArgumentException"/> here.
/// </remarks>
public sealed class ReferenceOps : ITensorOps<DoubleTensor>
{
    private readonly string _path;
    private readonly Func<string, DoubleTensor> _parameters;
    private readonly CancellationToken _cancellation;
    private readonly Action<string, DoubleTensor>? _observe;

    /// <summary>An interpreter at the root module.</summary>
    /// <param name="parameters">Gives each parameter by its full name; called on every use.</param>
    /// <param name="cancellation">Stops the computation at the next module.</param>
    public ReferenceOps(Func<string, DoubleTensor> parameters, CancellationToken cancellation = default)
        : this(parameters, cancellation, observe: null)
    {
    }

    /// <summary>The same; what goes into each Linear and comes out of it is told to <paramref name="observe"/>, by module.</summary>
    internal ReferenceOps(Func<string, DoubleTensor> parameters, CancellationToken cancellation, Action<string, DoubleTensor>? observe)
        : this("", parameters, cancellation, observe)
    {
    }

    private ReferenceOps(string path, Func<string, DoubleTensor> parameters, CancellationToken cancellation,
        Action<string, DoubleTensor>? observe) =>
        (_path, _parameters, _cancellation, _observe) = (path, parameters, cancellation, observe);

    /// <inheritdoc/>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public ITensorOps<DoubleTensor> At(string module)
    {
        _cancellation.ThrowIfCancellationRequested();
        return new ReferenceOps(ModulePath.Join(_path, module), _parameters, _cancellation, _observe);
    }

    /// <inheritdoc/>
    public DoubleTensor Parameter(string name, params int[] shape)
    {
        var parameter = _parameters(ModulePath.Join(_path, name));
        return parameter.Shape.AsSpan().SequenceEqual(shape)
            ? parameter
            : throw new ArgumentException($"{ModulePath.Join(_path, name)} is {parameter}, not [{string.Join(", ", shape)}]");
    }

    /// <inheritdoc/>
    public DoubleTensor Constant(string name, double[] values, params int[] shape) => new(values, shape);

    /// <inheritdoc/>
    public DoubleTensor Apply(UnaryFunction function, DoubleTensor x)
    {
        var result = new double[x.Data.Length];
        Func<double, double> f = function switch
        {
            UnaryFunction.Exp => Math.Exp,
            UnaryFunction.Sqrt => Math.Sqrt,
            UnaryFunction.Erf => ErrorFunction.Erf,
            UnaryFunction.Tanh => Math.Tanh,
            _ => throw new ArgumentOutOfRangeException(nameof(function)),
        };
        for (var i = 0; i < result.Length; i++) result[i] = f(x.Data[i]);
        return new(result, x.Shape);
    }

    /// <inheritdoc/>
    public DoubleTensor Apply(BinaryFunction function, DoubleTensor a, DoubleTensor b)
    {
        Func<double, double, double> f = function switch
        {
            BinaryFunction.Add => (l, r) => l + r,
            BinaryFunction.Subtract => (l, r) => l - r,
            BinaryFunction.Multiply => (l, r) => l * r,
            BinaryFunction.Divide => (l, r) => l / r,
            BinaryFunction.Maximum => Math.Max,
            BinaryFunction.LessOrEqual => (l, r) => l <= r ? 1 : 0,
            _ => throw new ArgumentOutOfRangeException(nameof(function)),
        };
        var shape = Broadcasting.Shape(a.Shape, b.Shape);
        var (left, right) = (Broadcasting.Expand(a, shape), Broadcasting.Expand(b, shape));
        var result = new double[left.Length];
        for (var i = 0; i < result.Length; i++) result[i] = f(left[i], right[i]);
        return new(result, shape);
    }

    /// <inheritdoc/>
    public DoubleTensor Where(DoubleTensor condition, DoubleTensor a, DoubleTensor b)
    {
        var shape = Broadcasting.Shape(condition.Shape, Broadcasting.Shape(a.Shape, b.Shape));
        var (holds, left, right) = (Broadcasting.Expand(condition, shape), Broadcasting.Expand(a, shape), Broadcasting.Expand(b, shape));
        var result = new double[holds.Length];
        for (var i = 0; i < result.Length; i++) result[i] = holds[i] != 0 ? left[i] : right[i];
        return new(result, shape);
    }

    /// <inheritdoc/>
    public DoubleTensor MatMul(DoubleTensor a, DoubleTensor b)
    {
        Require(a.Rank >= 2 && b.Rank >= 2 && a.Shape[^1] == b.Shape[^2], $"{a} does not multiply {b}");
        var (m, n, p) = (a.Shape[^2], a.Shape[^1], b.Shape[^1]);

        var leading = Broadcasting.Shape(a.Shape[..^2], b.Shape[..^2]);
        var left = Broadcasting.Expand(a, [.. leading, m, n]);
        var right = Broadcasting.Expand(Transpose(b), [.. leading, p, n]);
        var batches = DoubleTensor.Product(leading);
        var result = new double[batches * m * p];
        Parallel.For(0, batches * m, row =>
        {
            var leftRow = left.AsSpan(row * n, n);
            var firstColumn = row / m * p;
            for (var column = 0; column < p; column++)
                result[row * p + column] = FixedOrder.Dot(leftRow, right.AsSpan((firstColumn + column) * n, n));
        });

        return new(result, [.. leading, m, p]);
    }

    /// <summary>
    /// As derived, bit for bit, but the weights are read as they lie, each row of them once for all rows of <paramref name="x"/>.
    /// </summary>
    public DoubleTensor Linear(DoubleTensor x, int inputs, int outputs)
    {
        var (weight, bias) = (Parameter("weight", outputs, inputs).Data, Parameter("bias", outputs).Data);
        Require(x.Rank >= 2 && x.Shape[^1] == inputs, $"{x} has no {inputs} columns");
        _observe?.Invoke(_path, x);

        var rows = x.Data.Length / inputs;
        var result = new double[rows * outputs];
        Parallel.For(0, outputs, output =>
        {
            var column = weight.AsSpan(output * inputs, inputs);
            for (var row = 0; row < rows; row++)
                result[row * outputs + output] = FixedOrder.Dot(x.Data.AsSpan(row * inputs, inputs), column) + bias[output];
        });
        var y = new DoubleTensor(result, [.. x.Shape[..^1], outputs]);
        _observe?.Invoke(ActivationRange.OutputOf(_path), y);
        return y;
    }

    /// <inheritdoc/>
    public DoubleTensor Transpose(DoubleTensor x)
    {
        Require(x.Rank >= 2, $"{x} has fewer than two axes");
        var (rows, columns) = (x.Shape[^2], x.Shape[^1]);
        var result = new double[x.Data.Length];
        for (var start = 0; start < result.Length; start += rows * columns)
        {
            for (var row = 0; row < rows; row++)
                for (var column = 0; column < columns; column++)
                    result[start + column * rows + row] = x.Data[start + row * columns + column];
        }

        return new(result, [.. x.Shape[..^2], columns, rows]);
    }

    /// <inheritdoc/>
    public DoubleTensor Sum(DoubleTensor x)
    {
        var width = x.Around(x.Rank - 1).Length;
        var result = new double[DoubleTensor.Product(x.Shape.AsSpan(0, x.Rank - 1))];
        for (var row = 0; row < result.Length; row++) result[row] = FixedOrder.Sum(x.Data.AsSpan(row * width, width));
        return new(result, [.. x.Shape[..^1], 1]);
    }

    /// <inheritdoc/>
    public DoubleTensor Softmax(DoubleTensor x)
    {
        var width = x.Around(x.Rank - 1).Length;
        var result = new double[x.Data.Length];
        for (var start = 0; start < result.Length; start += width)
        {
            var source = x.Data.AsSpan(start, width);
            var target = result.AsSpan(start, width);
            TensorPrimitives.Subtract(source, TensorPrimitives.Max<double>(source), target);
            foreach (ref var value in target) value = Math.Exp(value);
            TensorPrimitives.Divide(target, FixedOrder.Sum(target), target);
        }

        return new(result, x.Shape);
    }

    /// <inheritdoc/>
    public DoubleTensor Concat(int axis, DoubleTensor a, DoubleTensor b)
    {
        var (outer, lengthA, inner) = a.Around(axis);
        var lengthB = b.Around(axis).Length;
        Require(WithAxis(a.Shape, axis, lengthB).AsSpan().SequenceEqual(b.Shape), $"{a} and {b} differ in another axis than {axis}");

        var (widthA, widthB) = (lengthA * inner, lengthB * inner);
        var result = new double[a.Data.Length + b.Data.Length];
        for (var i = 0; i < outer; i++)
        {
            a.Data.AsSpan(i * widthA, widthA).CopyTo(result.AsSpan(i * (widthA + widthB)));
            b.Data.AsSpan(i * widthB, widthB).CopyTo(result.AsSpan(i * (widthA + widthB) + widthA));
        }

        return new(result, WithAxis(a.Shape, axis, lengthA + lengthB));
    }

    /// <inheritdoc/>
    public DoubleTensor Slice(DoubleTensor x, int axis, int start, int? end = null)
    {
        var (outer, length, inner) = x.Around(axis);
        var from = start < 0 ? length + start : start;
        var to = end is null ? length : end < 0 ? length + end.Value : end.Value;
        Require(0 <= from && from <= to && to <= length, $"{start}..{end} is not within axis {axis} of {x}");
        var result = new double[outer * (to - from) * inner];
        for (var i = 0; i < outer; i++)
            x.Data.AsSpan((i * length + from) * inner, (to - from) * inner).CopyTo(result.AsSpan(i * (to - from) * inner));
        return new(result, WithAxis(x.Shape, axis, to - from));
    }

    /// <inheritdoc/>
    public DoubleTensor Skip(DoubleTensor x, int axis, DoubleTensor count) => Slice(x, axis, Count(count));

    /// <inheritdoc/>
    public DoubleTensor Gather(DoubleTensor table, DoubleTensor indices)
    {
        Require(table.Rank == 2, $"the table {table} has not two axes");
        var width = table.Shape[1];
        var result = new double[indices.Data.Length * width];
        for (var i = 0; i < indices.Data.Length; i++)
            table.Data.AsSpan((int)indices.Data[i] * width, width).CopyTo(result.AsSpan(i * width));
        return new(result, [.. indices.Shape, width]);
    }

    /// <inheritdoc/>
    public DoubleTensor PadLast(DoubleTensor x, int width)
    {
        var missing = width - x.Around(x.Rank - 1).Length;
        Require(missing >= 0, $"{x} is wider than {width}");
        return Concat(x.Rank - 1, x, DoubleTensor.Zeros(WithAxis(x.Shape, x.Rank - 1, missing)));
    }

    /// <inheritdoc/>
    public DoubleTensor RoundToFloat32(DoubleTensor x) => new([.. x.Data.Select(value => (double)(float)value)], x.Shape);

    /// <inheritdoc/>
    public DoubleTensor Length(DoubleTensor x, int axis) => DoubleTensor.Of(x.Around(axis).Length);

    /// <inheritdoc/>
    public DoubleTensor Range(DoubleTensor start, DoubleTensor length) =>
        new([.. Enumerable.Range(0, Count(length)).Select(i => start.Scalar + i)], Count(length), 1);

    /// <inheritdoc/>
    public (DoubleTensor Cos, DoubleTensor Sin) RopeTables(DoubleTensor positions, int width, double @base)
    {
        Require(positions.Rank == 2 && positions.Shape[1] == 1 && width > 0 && width % 2 == 0,
            $"positions {positions} are not a column, or width {width} is not even");
        var frequencies = RotaryTable.Frequencies(width, @base);
        var (cos, sin) = (new float[frequencies.Length], new float[frequencies.Length]);
        var shape = new[] { positions.Shape[0], frequencies.Length };
        var (allCos, allSin) = (DoubleTensor.Zeros(shape), DoubleTensor.Zeros(shape));
        for (var row = 0; row < shape[0]; row++)
        {
            RotaryTable.Fill((long)positions.Data[row], frequencies, cos, sin);
            TensorPrimitives.ConvertChecked<float, double>(cos, allCos.Data.AsSpan(row * cos.Length, cos.Length));
            TensorPrimitives.ConvertChecked<float, double>(sin, allSin.Data.AsSpan(row * sin.Length, sin.Length));
        }

        return (allCos, allSin);
    }

    /// <inheritdoc/>
    public DoubleTensor SplitHeads(DoubleTensor x, int heads)
    {
        Require(x.Rank == 3 && heads > 0 && x.Shape[2] % heads == 0, $"{x} does not split into {heads} heads");
        var (batch, rows, k) = (x.Shape[0], x.Shape[1], x.Shape[2] / heads);
        return new(SwapMiddle(x.Data, batch, rows, heads, k), batch, heads, rows, k);
    }

    /// <inheritdoc/>
    public DoubleTensor MergeHeads(DoubleTensor x)
    {
        Require(x.Rank == 4, $"{x} has not four axes");
        var (batch, heads, rows, k) = (x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]);
        return new(SwapMiddle(x.Data, batch, heads, rows, k), batch, rows, heads * k);
    }

    /// <inheritdoc/>
    public DoubleTensor SlotRows(DoubleTensor x, int slotBytes)
    {
        Require(x.Rank == 3 && slotBytes > 0 && x.Shape[1] % slotBytes == 0, $"{x} does not make slots of {slotBytes} bytes");
        return new(x.Data, x.Shape[0], x.Shape[1] / slotBytes, x.Shape[2] * slotBytes);
    }

    private static int Count(DoubleTensor scalar)
    {
        Require(scalar.Rank == 0 && scalar.Scalar >= 0 && scalar.Scalar == Math.Floor(scalar.Scalar), $"{scalar} is not a count");
        return checked((int)scalar.Scalar);
    }

    private static void Require(bool holds, string what)
    {
        if (!holds) throw new ArgumentException(what);
    }

    /// <summary>[batch, m, n, k] -> [batch, n, m, k].</summary>
    private static double[] SwapMiddle(double[] data, int batch, int m, int n, int k)
    {
        var result = new double[data.Length];
        for (var b = 0; b < batch; b++)
            for (var i = 0; i < m; i++)
                for (var j = 0; j < n; j++)
                    data.AsSpan(((b * m + i) * n + j) * k, k).CopyTo(result.AsSpan(((b * n + j) * m + i) * k));
        return result;
    }

    private static int[] WithAxis(int[] shape, int axis, int length)
    {
        var result = (int[])shape.Clone();
        result[axis] = length;
        return result;
    }
}
