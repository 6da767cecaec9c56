using HoloZero.Models.Ops;
using HoloZero.Models.PublishedArithmetic;
using TorchSharp;
using static TorchSharp.torch;

namespace HoloZero.TorchSharp;

/// <summary>
/// AsymDec's operations as eager PyTorch does them, on CPU or CUDA, differentiable: the interpreter with autograd. Bytes are uint8, whole
/// numbers int64, conditions bool, all other numbers of the one type that it was made for; products may be rounded to a shorter one.
/// </summary>
/// <remarks>
/// Every tensor that it makes belongs to the caller's dispose scope (<c>torch.NewDisposeScope</c>): open one around a forward pass, or the
/// temporaries live until the garbage collector finds them. Scalars that lengths follow from stay on the CPU. Not thread-safe. Shape
/// mistakes are <see cref="ShapeOps"/>'s business and end in an <see cref="ArgumentException"/> or PyTorch's own exception here.
/// </remarks>
public sealed class TorchSharpOps : ITensorOps<Tensor>
{
    private readonly string _path;
    private readonly Func<string, Tensor> _parameters;
    private readonly ScalarType _real, _products;
    private readonly Device _device;
    private readonly CancellationToken _cancellation;
    private readonly Func<Tensor, Tensor>? _dropout;

    /// <summary>An interpreter at the root module.</summary>
    /// <param name="parameters">Gives each parameter by its full name, on <paramref name="device"/>; called on every use.</param>
    /// <param name="real">Float32 or Float64: the type of parameters and arithmetic.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="cancellation">Stops the computation at the next module.</param>
    /// <param name="products">
    /// What the factors and the result of <see cref="ITensorOps{T}.RoundableMatMul"/> and <see cref="Linear"/> are rounded to, BFloat16;
    /// null is <paramref name="real"/>, which rounds nothing.
    /// </param>
    /// <param name="dropout">What <see cref="Dropout"/> does, told place after place; null drops nothing.</param>
    public TorchSharpOps(Func<string, Tensor> parameters, ScalarType real, Device device, CancellationToken cancellation = default,
        ScalarType? products = null, Func<Tensor, Tensor>? dropout = null)
    {
        (_path, _parameters, _real, _products, _device) = ("", parameters, real, products ?? real, device);
        (_cancellation, _dropout) = (cancellation, dropout);
    }

    private TorchSharpOps(string path, TorchSharpOps outer)
    {
        (_path, _parameters, _real, _products, _device) = (path, outer._parameters, outer._real, outer._products, outer._device);
        (_cancellation, _dropout) = (outer._cancellation, outer._dropout);
    }

    /// <inheritdoc/>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public ITensorOps<Tensor> At(string module)
    {
        _cancellation.ThrowIfCancellationRequested();
        return new TorchSharpOps(ModulePath.Join(_path, module), this);
    }

    /// <inheritdoc/>
    public Tensor Parameter(string name, params int[] shape)
    {
        var parameter = _parameters(ModulePath.Join(_path, name));
        Require(parameter.shape.SequenceEqual(shape.Select(length => (long)length)),
            $"{ModulePath.Join(_path, name)} is {Text(parameter)}, not [{string.Join(", ", shape)}]");
        return parameter;
    }

    /// <inheritdoc/>
    public Tensor Constant(string name, double[] values, params int[] shape)
    {
        var count = shape.Aggregate(1L, (product, length) => product * length);
        Require(values.Length == count, $"{values.Length} values do not fill [{string.Join(", ", shape)}]");
        return tensor(values, Longs(shape), _real, _device);
    }

    /// <inheritdoc/>
    public Tensor Apply(UnaryFunction function, Tensor x) => function switch
    {
        UnaryFunction.Exp => Real(x).exp(),
        UnaryFunction.Sqrt => Real(x).sqrt(),
        UnaryFunction.Erf => Real(x).erf(),
        UnaryFunction.Tanh => Real(x).tanh(),
        _ => throw new ArgumentOutOfRangeException(nameof(function)),
    };

    /// <inheritdoc/>
    public Tensor Apply(BinaryFunction function, Tensor a, Tensor b) => function switch
    {
        BinaryFunction.Add => Number(a).add(Number(b), Scalars.One),
        BinaryFunction.Subtract => Number(a).sub(Number(b)),
        BinaryFunction.Multiply => Number(a).mul(Number(b)),
        BinaryFunction.Divide => Real(a).div(Real(b)),
        BinaryFunction.Maximum => Number(a).maximum(Number(b)),
        BinaryFunction.LessOrEqual => Number(a).le(Number(b)),
        _ => throw new ArgumentOutOfRangeException(nameof(function)),
    };

    /// <inheritdoc/>
    public Tensor Where(Tensor condition, Tensor a, Tensor b) =>
        where(condition.to_type(ScalarType.Bool), Real(a), Real(b));

    /// <inheritdoc/>
    public Tensor MatMul(Tensor a, Tensor b) => Product(Real(a), Real(b));

    /// <inheritdoc/>
    public Tensor Transpose(Tensor x)
    {
        Require(x.shape.Length >= 2, $"{Text(x)} has fewer than two axes");
        return x.transpose(-2, -1);
    }

    /// <inheritdoc/>
    public Tensor Sum(Tensor x) => Number(x).sum(LastAxis(x), true);

    /// <inheritdoc/>
    public Tensor Softmax(Tensor x) => Real(x).softmax(LastAxis(x));

    /// <inheritdoc/>
    public Tensor Concat(int axis, Tensor a, Tensor b)
    {
        // PyTorch would let an empty tensor of another rank pass.
        Require(a.shape.Length == b.shape.Length, $"{Text(a)} and {Text(b)} differ in rank");
        Length(a.shape, axis);
        return a.dtype == b.dtype ? cat([a, b], axis) : cat([Real(a), Real(b)], axis);
    }

    /// <inheritdoc/>
    public Tensor Slice(Tensor x, int axis, int start, int? end = null)
    {
        var length = Length(x.shape, axis);
        var from = start < 0 ? length + start : start;
        var to = end is null ? length : end < 0 ? length + end.Value : end.Value;
        Require(0 <= from && from <= to && to <= length, $"{start}..{end} is not within axis {axis} of {Text(x)}");
        return x.narrow(axis, from, to - from);
    }

    /// <inheritdoc/>
    public Tensor Skip(Tensor x, int axis, Tensor count) => Slice(x, axis, checked((int)Count(count)));

    /// <inheritdoc/>
    public Tensor Gather(Tensor table, Tensor indices)
    {
        Require(table.shape.Length == 2, $"the table {Text(table)} has not two axes");
        return table.index_select(0, indices.to_type(ScalarType.Int64).flatten()).reshape([.. indices.shape, table.shape[1]]);
    }

    /// <inheritdoc/>
    public Tensor PadLast(Tensor x, int width)
    {
        var axis = LastAxis(x);
        var missing = width - x.shape[axis];
        Require(missing >= 0, $"{Text(x)} is wider than {width}");
        return cat([x, zeros([.. x.shape[..axis], missing], x.dtype, x.device)], axis);
    }

    /// <inheritdoc/>
    public Tensor RoundToFloat32(Tensor x) => x.to_type(ScalarType.Float32).to_type(x.dtype);

    /// <inheritdoc/>
    public Tensor Length(Tensor x, int axis) => tensor(Length(x.shape, axis), ScalarType.Int64);

    /// <inheritdoc/>
    public Tensor Range(Tensor start, Tensor length)
    {
        var (first, count) = (Count(start), Count(length));
        using var from = first.ToScalar();
        using var to = (first + count).ToScalar();
        return arange(from, to, Scalars.One, ScalarType.Int64, _device).reshape(count, 1);
    }

    /// <inheritdoc/>
    public (Tensor Cos, Tensor Sin) RopeTables(Tensor positions, int width, double @base)
    {
        Require(positions.shape.Length == 2 && positions.shape[1] == 1 && width > 0 && width % 2 == 0,
            $"positions {Text(positions)} are not a column, or width {width} is not even");
        var frequencies = RotaryTable.Frequencies(width, @base);
        var rows = TorchSharpTensors.ToLongs(positions);
        var (cos, sin) = (new float[rows.Length * frequencies.Length], new float[rows.Length * frequencies.Length]);
        for (var i = 0; i < rows.Length; i++)
        {
            var row = i * frequencies.Length;
            RotaryTable.Fill(rows[i], frequencies, cos.AsSpan(row, frequencies.Length), sin.AsSpan(row, frequencies.Length));
        }

        long[] shape = [rows.Length, frequencies.Length];
        return (tensor(cos, shape, _real, _device), tensor(sin, shape, _real, _device));
    }

    /// <inheritdoc/>
    public Tensor SplitHeads(Tensor x, int heads)
    {
        Require(x.shape.Length == 3 && heads > 0 && x.shape[2] % heads == 0, $"{Text(x)} does not split into {heads} heads");
        return x.reshape(x.shape[0], x.shape[1], heads, x.shape[2] / heads).transpose(1, 2);
    }

    /// <inheritdoc/>
    public Tensor MergeHeads(Tensor x)
    {
        Require(x.shape.Length == 4, $"{Text(x)} has not four axes");
        return x.transpose(1, 2).reshape(x.shape[0], x.shape[2], x.shape[1] * x.shape[3]);
    }

    /// <inheritdoc/>
    public Tensor SlotRows(Tensor x, int slotBytes)
    {
        Require(x.shape.Length == 3 && slotBytes > 0 && x.shape[1] % slotBytes == 0, $"{Text(x)} does not make slots of {slotBytes} bytes");
        return x.reshape(x.shape[0], x.shape[1] / slotBytes, x.shape[2] * slotBytes);
    }

    /// <inheritdoc/>
    public Tensor RoundableMatMul(Tensor a, Tensor b) => Real(Product(Factor(a), Factor(b)));

    /// <inheritdoc/>
    public Tensor Dropout(Tensor x) => _dropout is null ? x : _dropout(x);

    // What PyTorch has a kernel for, with a kernel for its gradient.

    /// <inheritdoc/>
    public Tensor Linear(Tensor x, int inputs, int outputs) => Real(nn.functional.linear(Factor(x),
        Factor(Parameter("weight", outputs, inputs)), Factor(Parameter("bias", outputs))));

    /// <inheritdoc/>
    public Tensor LayerNorm(Tensor x, int width, double epsilon) =>
        nn.functional.layer_norm(Real(x), [width], Parameter("weight", width), Parameter("bias", width), epsilon);

    /// <inheritdoc/>
    public Tensor Gelu(Tensor x) => nn.functional.gelu(Real(x));

    /// <summary>Bytes and conditions wrap in arithmetic; whole numbers do not.</summary>
    private Tensor Number(Tensor x) => x.dtype is ScalarType.Int64 ? x : Real(x);

    private Tensor Real(Tensor x) => As(_real, x);

    private Tensor Factor(Tensor x) => As(_products, x);

    private static Tensor As(ScalarType type, Tensor x) => x.dtype == type ? x : x.to_type(type);

    private static Tensor Product(Tensor a, Tensor b)
    {
        // TorchSharp lets what PyTorch throws here end the process.
        Require(a.shape.Length >= 2 && b.shape.Length >= 2 && a.shape[^1] == b.shape[^2] && Broadcast(a.shape[..^2], b.shape[..^2]),
            $"{Text(a)} does not multiply {Text(b)}");
        return a.matmul(b);
    }

    private static long Length(long[] shape, int axis)
    {
        Require(axis >= 0 && axis < shape.Length, $"[{string.Join(", ", shape)}] has no axis {axis}");
        return shape[axis];
    }

    private static int LastAxis(Tensor x)
    {
        Require(x.shape.Length > 0, "a scalar has no last axis");
        return x.shape.Length - 1;
    }

    private static long Count(Tensor scalar)
    {
        Require(scalar.shape.Length == 0, $"{Text(scalar)} is not a count");
        var value = scalar.to_type(ScalarType.Float64).cpu().item<double>();
        Require(value >= 0 && value == Math.Floor(value), $"{value} is not a count");
        return (long)value;
    }

    private static bool Broadcast(long[] a, long[] b) =>
        a.Reverse().Zip(b.Reverse()).All(axis => axis.First == axis.Second || axis.First == 1 || axis.Second == 1);

    private static long[] Longs(int[] shape) => [.. shape.Select(length => (long)length)];

    private static string Text(Tensor x) => $"[{string.Join(", ", x.shape)}]";

    private static void Require(bool holds, string what)
    {
        if (!holds) throw new ArgumentException(what);
    }
}
