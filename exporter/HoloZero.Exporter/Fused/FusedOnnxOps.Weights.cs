using System.Runtime.InteropServices;
using HoloZero.Exporter.Quantization;
using HoloZero.Exporter.Recording;
using HoloZero.Models.Ops;
using HoloZero.Onnx;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Exporter.Fused;

// Products with weights, in each format that they are stored in.
internal partial class FusedOnnxOps
{
    internal InitializerValue Bias(LinearWeights weights)
    {
        var name = Typed($"{weights.Name}.bias");
        return Graph.Initializer(name, Activation, new([weights.Outputs]), () => BytesOf(weights.Bias(), Activation),
            weights.Stored("bias", name, WeightLayout.Checkpoint));
    }

    /// <summary>x W^T, with or without the bias.</summary>
    internal GraphValue Product(GraphValue x, LinearWeights weights, Shape shape, bool withBias)
    {
        if (Format.Blocks is { } blocks) return BlockedProduct(x, weights, blocks, shape, withBias);
        if (Format.Type == DataType.Int8) return IntegerProduct(x, weights, shape, withBias);

        var product = Node("MatMul", Activation, shape, [As(Activation, x), Matrix(weights)]);
        return withBias ? Node("Add", Activation, shape, [product, Bias(weights)]) : product;
    }

    /// <summary>
    /// The product with weights in blocks. In float32 as whole numbers, for which the rows of x are rounded to 8 bits in blocks, too; in
    /// float16 the weights alone are rounded.
    /// </summary>
    private GraphValue BlockedProduct(GraphValue x, LinearWeights weights, BlockFormat format, Shape shape, bool withBias)
    {
        const int accuracyLevelInt8 = 4;
        var isHalf = Activation == DataType.Float16;
        var (n, k) = (weights.Outputs, weights.Inputs);
        var matrix = new Lazy<QuantizedMatrix>(() => BlockQuantizer.Quantize(weights.Matrix(), n, k, format));
        var name = $"{weights.Name}.weight.int{format.Bits}";
        var product = Contrib("MatMulNBits", shape,
        [
            As(Activation, x),
            Graph.Initializer(name, DataType.Uint8, new([n, format.Blocks(k), format.BlockBytes]), () => matrix.Value.Values,
                weights.Stored("weight", name, WeightLayout.Blocks)),
            Graph.Initializer(Typed($"{name}.scales"), Activation, new([n, format.Blocks(k)]),
                () => BytesOf(matrix.Value.Scales, Activation)),
            format.ZeroPoints ? Graph.Initializer($"{name}.zero_points", DataType.Uint8, new([n, format.ZeroPointBytes(k)]),
                () => matrix.Value.ZeroPoints!) : null,
            null,
            withBias && !isHalf ? Bias(weights) : null,
        ], NodeAttribute.Of("N", n), NodeAttribute.Of("K", k), NodeAttribute.Of("bits", format.Bits),
            NodeAttribute.Of("block_size", format.BlockSize), NodeAttribute.Of("accuracy_level", isHalf ? 0 : accuracyLevelInt8));
        // CUDA would add a bias in another kernel as well, and earlier releases of it take none.
        return withBias && isHalf ? Node("Add", Activation, shape, [product, Bias(weights)]) : product;
    }

    /// <summary>
    /// The product in whole numbers: activations are rounded with one scale that is part of the graph, weights with one an output. Sums are
    /// exact in any order, so that a row is the same whatever else is in the call.
    /// </summary>
    private GraphValue IntegerProduct(GraphValue x, LinearWeights weights, Shape shape, bool withBias)
    {
        var (n, k) = (weights.Outputs, weights.Inputs);
        var grid = ActivationGrid.Of(_ranges(Path), weights.Exponents);
        var matrix = new Lazy<QuantizedColumns>(() => ColumnQuantizer.Quantize(weights.Matrix(), n, k));
        var name = $"{weights.Name}.weight.int8";
        var scale = Graph.Initializer($"{Path}.input.scale", DataType.Float, new([]), () => BytesOf([grid.Scale]));
        var zeroPoint = Graph.Initializer($"{Path}.input.zero_point", DataType.Uint8, new([]), () => [grid.ZeroPoint]);
        var codes = Node("QuantizeLinear", DataType.Uint8, x.Shape, [x, scale, zeroPoint]);
        return Contrib("MatMulIntegerToFloat", shape,
        [
            codes,
            Graph.Initializer(name, DataType.Int8, new([k, n]), () => MemoryMarshal.AsBytes(matrix.Value.Codes.AsSpan()).ToArray(),
                weights.Stored("weight", name, WeightLayout.Columns)),
            scale,
            Graph.Initializer($"{name}.scales", DataType.Float, new([n]), () => BytesOf(matrix.Value.Scales)),
            zeroPoint,
            null,
            withBias ? Bias(weights) : null,
        ]);
    }

    private InitializerValue Matrix(LinearWeights weights)
    {
        var name = Typed($"{weights.Name}.weight.T");
        return Graph.Initializer(name, Activation, new([weights.Inputs, weights.Outputs]),
            () => BytesOf(Transposed(weights.Matrix(), weights.Outputs, weights.Inputs), Activation),
            weights.Stored("weight", name, WeightLayout.Transposed));
    }

    /// <summary>The name of an initializer that holds elements of <see cref="Activation"/>.</summary>
    private string Typed(string name) => Activation == DataType.Float16 ? $"{name}.float16" : name;

    /// <summary>A parameter whose element i is divided by 2 to the power of <c>exponents[i]</c>.</summary>
    private GraphValue Divided(string name, int width, int[]? exponents)
    {
        var parameter = (ParameterValue)Parameter(name, width);
        if (exponents is null)
        {
            var typed = Typed(parameter.Name);
            return Graph.Initializer(typed, Activation, parameter.Shape, () => BytesOf(parameter.Data, Activation),
                new(parameter.Name, typed, WeightLayout.Checkpoint));
        }

        int[] negative = [.. exponents.Select(exponent => -exponent)];
        var divided = $"{parameter.Name}.evened";
        return Graph.Initializer(divided, DataType.Float, parameter.Shape,
            () => BytesOf([.. parameter.Data.Zip(negative, MathF.ScaleB)]),
            new(parameter.Name, divided, WeightLayout.Checkpoint) { Exponents = negative });
    }

    /// <summary>Queries and keys rotated by the positions of their rows, and values: each [B, T, d].</summary>
    private (GraphValue Query, GraphValue? Key, GraphValue? Value) Rotated(GraphValue qkv, int d, int heads, FusedRowPositions rows)
    {
        var parts = Split(qkv, 2, d, d, d);
        return (Rotary(parts[0]), Rotary(parts[1]), parts[2]);

        GraphValue Rotary(GraphValue x) => Contrib("RotaryEmbedding", x.Shape, [x, rows.Restarted, rows.Cos, rows.Sin],
            NodeAttribute.Of("num_heads", heads), NodeAttribute.Of("interleaved", 0));
    }
}
