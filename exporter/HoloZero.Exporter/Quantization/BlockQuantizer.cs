namespace HoloZero.Exporter.Quantization;

/// <summary>How the scale of a block is chosen.</summary>
internal enum ScaleChoice
{
    /// <summary>The greatest weight becomes the end of the code range: one pass, and what ONNX Runtime's own tool does.</summary>
    Extremes,

    /// <summary>The least squared error that a search around <see cref="Extremes"/> finds; never a greater one.</summary>
    LeastError,
}

/// <summary>
/// Rounds the weights of linear layers to 4 or 8 bits in blocks. Pure and thread-safe; the same weights give the same bytes on every
/// machine.
/// </summary>
internal static class BlockQuantizer
{
    /// <summary>Quantizes one matrix, on all cores.</summary>
    /// <param name="weights">float32 [outputs, inputs], row-major, finite: a linear layer in the checkpoint's layout.</param>
    /// <param name="outputs">Rows, at least 1.</param>
    /// <param name="inputs">Columns, at least 1. Where they are no multiple of the block size, the last block is padded.</param>
    /// <param name="format">Bits, block size and zero points.</param>
    /// <param name="scales">How scales are chosen.</param>
    /// <param name="importance">
    /// What a squared error in each input counts, float32 [inputs], finite and at least 0: the mean square of the activation that the
    /// column meets, say. Empty: all the same. Only <see cref="ScaleChoice.LeastError"/> looks at it.
    /// </param>
    /// <returns>The tensors; owned by the caller.</returns>
    /// <exception cref="ArgumentException">Lengths that disagree, or numbers that are not finite.</exception>
    public static QuantizedMatrix Quantize(ReadOnlyMemory<float> weights, int outputs, int inputs, BlockFormat format,
        ScaleChoice scales = ScaleChoice.LeastError, ReadOnlyMemory<float> importance = default)
    {
        Require(weights, outputs, inputs, importance);
        var blocks = format.Blocks(inputs);
        var result = new QuantizedMatrix(outputs, inputs, format, new byte[checked(outputs * blocks * format.BlockBytes)],
            new float[checked(outputs * blocks)], format.ZeroPoints ? new byte[checked(outputs * format.ZeroPointBytes(inputs))] : null);
        var counts = new float[blocks * format.BlockSize];
        counts.AsSpan(0, inputs).Fill(1);
        importance.CopyTo(counts);

        Parallel.For(0, outputs, () => new float[format.BlockSize], (row, _, block) =>
        {
            var remaining = weights.Span.Slice(row * inputs, inputs);
            for (var index = 0; index < blocks; index++)
            {
                var count = Math.Min(remaining.Length, block.Length);
                remaining[..count].CopyTo(block);
                block.AsSpan(count).Clear();
                remaining = remaining[count..];

                var search = new GridSearch(format.Codes, block, counts.AsSpan(index * format.BlockSize, format.BlockSize));
                Store(result, row, index, block, scales == ScaleChoice.Extremes ? search.Extremes() : search.LeastError());
            }

            return block;
        }, _ => { });
        return result;
    }

    /// <summary>Refuses what is no matrix.</summary>
    /// <exception cref="ArgumentException">Lengths that disagree, or numbers that are not finite.</exception>
    internal static void Require(ReadOnlyMemory<float> weights, int outputs, int inputs, ReadOnlyMemory<float> importance)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(outputs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(inputs, 1);
        if (weights.Length != (long)outputs * inputs)
            throw new ArgumentException($"{weights.Length} weights are no matrix of {outputs} x {inputs}", nameof(weights));
        if (importance.Length != 0 && importance.Length != inputs)
            throw new ArgumentException($"{importance.Length} weightings for {inputs} inputs", nameof(importance));
        foreach (var weight in weights.Span)
            if (!float.IsFinite(weight)) throw new ArgumentException("a weight is not finite", nameof(weights));
        foreach (var count in importance.Span)
            if (!(count >= 0 && float.IsFinite(count))) throw new ArgumentException($"a weighting is {count}", nameof(importance));
    }

    private static void Store(QuantizedMatrix result, int row, int block, ReadOnlySpan<float> weights, Grid grid)
    {
        var format = result.Format;
        var index = row * result.Blocks + block;
        var codes = result.Values.AsSpan(index * format.BlockBytes, format.BlockBytes);
        for (var i = 0; i < weights.Length; i++) Put(codes, i, format.Bits, grid.Code(weights[i], format.Codes.MaxCode));
        result.Scales[index] = grid.Scale;
        if (result.ZeroPoints is null) return;

        var rowBytes = format.ZeroPointBytes(result.Inputs);
        Put(result.ZeroPoints.AsSpan(row * rowBytes, rowBytes), block, format.Bits, grid.ZeroPoint);
    }

    private static void Put(Span<byte> packed, int index, int bits, int code)
    {
        if (bits == 8) packed[index] = (byte)code;
        else packed[index / 2] |= (byte)(code << (index % 2 * 4));
    }
}
