namespace HoloZero.Exporter.Quantization;

/// <summary>
/// A linear layer's weights as the tensors of ONNX Runtime's <c>com.microsoft.MatMulNBits</c> (its attributes N, K, bits and block_size
/// are <paramref name="Outputs"/>, <paramref name="Inputs"/> and <paramref name="Format"/>). A weight is (code - zero point) * scale.
/// </summary>
/// <param name="Outputs">N, rows of the checkpoint's [out, in] layout.</param>
/// <param name="Inputs">K, columns.</param>
/// <param name="Format">Bits, block size and whether there are zero points.</param>
/// <param name="Values">
/// Input B, uint8 [N, blocks, blockSize * bits / 8]. 4 bits: two codes a byte, the even input in the low half. Codes beyond K are the
/// block's zero point, so that padding weighs nothing.
/// </param>
/// <param name="Scales">Input scales, [N, blocks]. Finite; may be negative, and 0 for a block of zeros.</param>
/// <param name="ZeroPoints">
/// Input zero_points, uint8 [N, ceil(blocks * bits / 8)], 4 bits: two blocks a byte, the even block in the low half. Null without.
/// </param>
internal sealed record QuantizedMatrix(int Outputs, int Inputs, BlockFormat Format, byte[] Values, float[] Scales, byte[]? ZeroPoints)
{
    public int Bits => Format.Bits;

    public int BlockSize => Format.BlockSize;

    /// <summary>Blocks of a row.</summary>
    public int Blocks => Format.Blocks(Inputs);

    /// <summary>Bytes of all tensors together: what a product with one vector reads.</summary>
    public long ByteCount => Values.LongLength + Scales.LongLength * (Format.HalfScales ? 2 : 4) + (ZeroPoints?.LongLength ?? 0);

    /// <summary>The weights [N, K] that the codes stand for, in float32 as ONNX Runtime computes them.</summary>
    public float[] Dequantize()
    {
        var weights = new float[checked(Outputs * Inputs)];
        for (var row = 0; row < Outputs; row++)
        {
            for (var input = 0; input < Inputs; input++)
            {
                var block = input / BlockSize;
                var code = Code(Values, ((row * (long)Blocks) + block) * Format.BlockBytes, input % BlockSize);
                weights[row * Inputs + input] = (code - ZeroPoint(row, block)) * Scales[row * Blocks + block];
            }
        }

        return weights;
    }

    /// <summary>The code of zero in one block of one row.</summary>
    public int ZeroPoint(int row, int block) =>
        ZeroPoints is null ? Format.Codes.Middle : Code(ZeroPoints, row * (long)Format.ZeroPointBytes(Inputs), block);

    private int Code(byte[] packed, long start, int index) =>
        Bits == 8 ? packed[start + index] : (packed[start + index / 2] >> (index % 2 * 4)) & 15;
}
