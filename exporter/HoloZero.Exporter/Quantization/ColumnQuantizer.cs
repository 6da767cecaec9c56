using System.Runtime.Intrinsics;

namespace HoloZero.Exporter.Quantization;

/// <summary>
/// A linear layer's weights as the tensors of ONNX Runtime's <c>com.microsoft.MatMulIntegerToFloat</c>. A weight is code * scale.
/// </summary>
/// <param name="Outputs">N, rows of the checkpoint's [out, in] layout.</param>
/// <param name="Inputs">K, columns.</param>
/// <param name="Codes">Input B, int8 [K, N], -64 to 63.</param>
/// <param name="Scales">Input b_scale, float32 [N]. Finite; may be negative, and 0 for a row of zeros.</param>
internal sealed record QuantizedColumns(int Outputs, int Inputs, sbyte[] Codes, float[] Scales)
{
    /// <summary>The weights [N, K] that the codes stand for, in float32.</summary>
    public float[] Dequantize()
    {
        var weights = new float[Codes.Length];
        for (var output = 0; output < Outputs; output++)
            for (var input = 0; input < Inputs; input++)
                weights[output * Inputs + input] = Codes[input * Outputs + output] * Scales[output];
        return weights;
    }
}

/// <summary>
/// Rounds the weights of linear layers to 7 bits with one scale an output, so that a whole product is a sum of whole numbers. Two products
/// with codes of 8 bits then fit into 16 bits, by which x64 processors without VNNI add them up, and faster than in any other way. Pure
/// and thread-safe; the same weights give the same bytes on every machine.
/// </summary>
internal static class ColumnQuantizer
{
    /// <summary>255 * 64 * 2 is less than 2^15.</summary>
    public const int Bits = 7;

    private static readonly CodeRange Range = new(Bits);

    /// <summary>Quantizes one matrix, on all cores: each output with the scale of least squared error that a search finds.</summary>
    /// <param name="weights">float32 [outputs, inputs], row-major, finite: a linear layer in the checkpoint's layout.</param>
    /// <param name="outputs">Rows, at least 1.</param>
    /// <param name="inputs">Columns, at least 1.</param>
    /// <exception cref="ArgumentException">Lengths that disagree, or numbers that are not finite.</exception>
    public static QuantizedColumns Quantize(ReadOnlyMemory<float> weights, int outputs, int inputs)
    {
        BlockQuantizer.Require(weights, outputs, inputs, importance: default);
        var padded = (inputs + Vector256<float>.Count - 1) / Vector256<float>.Count * Vector256<float>.Count;
        var counts = new float[padded];
        counts.AsSpan(0, inputs).Fill(1);

        var result = new QuantizedColumns(outputs, inputs, new sbyte[checked(outputs * inputs)], new float[outputs]);
        Parallel.For(0, outputs, () => new float[padded], (output, _, row) =>
        {
            weights.Span.Slice(output * inputs, inputs).CopyTo(row);
            var grid = new GridSearch(Range, row, counts).LeastError();
            for (var input = 0; input < inputs; input++)
                result.Codes[input * outputs + output] = (sbyte)(grid.Code(row[input], Range.MaxCode) - Range.Middle);
            result.Scales[output] = grid.Scale;
            return row;
        }, _ => { });
        return result;
    }
}
