using HoloZero.Exporter.Quantization;

namespace HoloZero.Exporter.Tests.Quantization;

public class BlockQuantizerTests
{
    public static TheoryData<int, int, bool> Formats =>
        new(from bits in (int[])[4, 8]
            from size in (int[])[16, 32, 64, 128, 256]
            from zeroPoints in (bool[])[false, true]
            select (bits, size, zeroPoints));

    [Fact]
    public void Four_bits_stand_two_a_byte_the_even_input_low_and_the_extreme_at_the_end_of_the_range()
    {
        float[] row = [-16, 14, 2, 0, -2, 4, 6, -8, 0, 0, 0, 0, 0, 0, 0, 10];
        var matrix = BlockQuantizer.Quantize(row, 1, 16, new(4, 16));

        // Scale 2: codes 0, 15, 9, 8, 7, 10, 11, 4, then zeros and 13.
        Assert.Equal([2f], matrix.Scales);
        Assert.Equal([0xf0, 0x89, 0xa7, 0x4b, 0x88, 0x88, 0x88, 0xd8], matrix.Values);
        Assert.Null(matrix.ZeroPoints);
        Assert.Equal(row, matrix.Dequantize());
    }

    [Fact]
    public void A_greatest_weight_above_zero_takes_the_longer_side_by_a_negative_scale()
    {
        float[] row = [16, -14, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        var matrix = BlockQuantizer.Quantize(row, 1, 16, new(4, 16));

        Assert.Equal([-2f], matrix.Scales);
        Assert.Equal([0xf0, 0x87, 0x88, 0x88, 0x88, 0x88, 0x88, 0x88], matrix.Values);
        Assert.Equal(row, matrix.Dequantize());
    }

    [Fact]
    public void Zero_points_of_4_bits_stand_two_blocks_a_byte_and_each_row_begins_a_byte()
    {
        // Three blocks a row: 0 to 15, -15 to 0 and -5 to 10; the second row the other way round.
        float[] ramp = [.. Enumerable.Range(0, 16).Select(i => (float)i)];
        float[] first = [.. ramp, .. ramp.Select(w => w - 15), .. ramp.Select(w => w - 5)];
        float[] weights = [.. first, .. first.Reverse()];
        var matrix = BlockQuantizer.Quantize(weights, 2, 48, new(4, 16, zeroPoints: true));

        Assert.Equal([0xf0, 0x05, 0xf5, 0x00], matrix.ZeroPoints!);
        Assert.Equal(Enumerable.Repeat(1f, 6), matrix.Scales);
        Assert.Equal([0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe], matrix.Values[..8]);
        Assert.Equal(weights, matrix.Dequantize());
    }

    [Fact]
    public void Eight_bits_stand_one_a_byte_around_128_or_around_a_zero_point_of_one_byte()
    {
        float[] row = [-128, 127, 1, 0, -1, .. new float[11]];
        var symmetric = BlockQuantizer.Quantize(row, 1, 16, new(8, 16));
        Assert.Equal([0, 255, 129, 128, 127, .. Enumerable.Repeat((byte)128, 11)], symmetric.Values);
        Assert.Equal([1f], symmetric.Scales);

        row = [-55, 200, 1, .. new float[13]];
        var asymmetric = BlockQuantizer.Quantize(row, 1, 16, new(8, 16, zeroPoints: true));
        Assert.Equal([55], asymmetric.ZeroPoints!);
        Assert.Equal([0, 255, 56, .. Enumerable.Repeat((byte)55, 13)], asymmetric.Values);
        Assert.Equal(row, asymmetric.Dequantize());
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Shapes_are_the_operators_also_where_the_last_block_is_padded(int bits, int blockSize, bool zeroPoints)
    {
        const int Outputs = 3, Inputs = 100;
        var matrix = BlockQuantizer.Quantize(Gaussian(Outputs * Inputs, 1), Outputs, Inputs, new(bits, blockSize, zeroPoints));
        var blocks = (int)Math.Ceiling(Inputs / (double)blockSize);

        Assert.Equal(blocks, matrix.Blocks);
        Assert.Equal(Outputs * blocks * blockSize * bits / 8, matrix.Values.Length);
        Assert.Equal(Outputs * blocks, matrix.Scales.Length);
        Assert.Equal(zeroPoints ? Outputs * (int)Math.Ceiling(blocks * bits / 8.0) : null, matrix.ZeroPoints?.Length);
        Assert.Equal(Outputs * Inputs, matrix.Dequantize().Length);

        // A code beyond K must weigh nothing whatever the operator multiplies it with.
        for (var row = 0; row < Outputs; row++)
        {
            for (var input = Inputs; input < blocks * blockSize; input++)
            {
                var at = row * blocks * blockSize + input;
                var code = bits == 8 ? matrix.Values[at] : (matrix.Values[at / 2] >> (at % 2 * 4)) & 15;
                Assert.Equal(matrix.ZeroPoint(row, blocks - 1), code);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void No_weight_is_further_than_a_step_where_the_extremes_decide(int bits, int blockSize, bool zeroPoints)
    {
        var weights = Gaussian(8 * 256, 2);
        var matrix = BlockQuantizer.Quantize(weights, 8, 256, new(bits, blockSize, zeroPoints), ScaleChoice.Extremes);
        var values = matrix.Dequantize();
        for (var i = 0; i < weights.Length; i++)
        {
            // At the far end of the shorter side, and where a zero point had to be rounded, up to one more half.
            var step = Math.Abs(matrix.Scales[i / blockSize]);
            Assert.InRange(Math.Abs(values[i] - weights[i]), 0, step * 1.0001);
        }

        var range = weights.Max() - weights.Min();
        Assert.InRange(SquaredError(weights, values), 1e-12, weights.Length * Math.Pow(range / ((1 << bits) - 1), 2) / 8);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void The_search_is_never_worse_than_plain_rounding_in_any_block_and_better_over_all(int bits, int blockSize, bool zeroPoints)
    {
        const int Outputs = 16, Inputs = 512;
        var weights = Gaussian(Outputs * Inputs, 3);
        for (var i = 0; i < Inputs; i++) weights[i] = Math.Abs(weights[i]);
        for (var i = 0; i < Inputs; i += 37) weights[Inputs + i] *= 12;

        var format = new BlockFormat(bits, blockSize, zeroPoints);
        var searched = BlockQuantizer.Quantize(weights, Outputs, Inputs, format).Dequantize();
        var extremes = BlockQuantizer.Quantize(weights, Outputs, Inputs, format, ScaleChoice.Extremes).Dequantize();
        for (var at = 0; at < weights.Length; at += blockSize)
        {
            var block = weights.AsSpan(at, blockSize);
            var error = SquaredError(block, searched.AsSpan(at, blockSize));
            Assert.InRange(error, 0, SquaredError(block, extremes.AsSpan(at, blockSize)) * (1 + 1e-5));
            Assert.InRange(error, 0, PlainRoundingError(block, bits) * (1 + 1e-5));
        }

        // The ordinary rows. Of 8 bits there is little to gain: the extremes are hardly ever worth clamping.
        var gain = SquaredError(weights.AsSpan(2 * Inputs), searched.AsSpan(2 * Inputs))
            / SquaredError(weights.AsSpan(2 * Inputs), extremes.AsSpan(2 * Inputs));
        Assert.InRange(gain, 0.5, bits == 4 ? 0.93 : 0.995);
    }

    [Fact]
    public void Zero_points_never_make_a_block_worse()
    {
        var weights = Gaussian(64 * 64, 4);
        var without = BlockQuantizer.Quantize(weights, 64, 64, new(4, 32)).Dequantize();
        var with = BlockQuantizer.Quantize(weights, 64, 64, new(4, 32, zeroPoints: true)).Dequantize();
        for (var at = 0; at < weights.Length; at += 32)
        {
            var block = weights.AsSpan(at, 32);
            Assert.InRange(SquaredError(block, with.AsSpan(at, 32)), 0, SquaredError(block, without.AsSpan(at, 32)) * (1 + 1e-5));
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    public void Scales_of_float16_are_searched_among_its_own_numbers(int bits)
    {
        const int Outputs = 8, Inputs = 512;
        var weights = Gaussian(Outputs * Inputs, 6);
        // A row whose scales are below float16's normal numbers, and one below all of them.
        for (var i = 0; i < Inputs; i++) (weights[i], weights[Inputs + i]) = (weights[i] * 1e-4f, weights[Inputs + i] * 1e-8f);
        var half = BlockQuantizer.Quantize(weights, Outputs, Inputs, new(bits, 128, halfScales: true));
        var single = BlockQuantizer.Quantize(weights, Outputs, Inputs, new(bits, 128));
        Assert.All(half.Scales, scale => Assert.Equal(scale, (float)(Half)scale));
        Assert.All(half.Scales.Skip(4).Take(4), scale => Assert.Equal(0, scale));
        Assert.All(half.Scales.Where((_, i) => i / 4 != 1), scale => Assert.NotEqual(0, scale));

        // Codes are chosen for the scale that is stored, so that its rounding costs next to nothing.
        var (ours, theirs) = (half.Dequantize(), single.Dequantize());
        for (var at = 2 * Inputs; at < weights.Length; at += 128)
        {
            var block = weights.AsSpan(at, 128);
            Assert.InRange(SquaredError(block, ours.AsSpan(at, 128)) / SquaredError(block, theirs.AsSpan(at, 128)), 0.95, 1.05);
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Weights_that_lie_on_a_grid_come_back_exactly(int bits, int blockSize, bool zeroPoints)
    {
        var middle = 1 << (bits - 1);
        var codes = Gaussian(4 * 256, 5).Select(x => Math.Clamp(MathF.Round(x * middle / 3), -middle, middle - 1)).ToArray();
        // Every block reaches the end of its range, so that the grid can be told from the weights.
        for (var at = 0; at < codes.Length; at += blockSize) codes[at] = -middle;
        var weights = codes.Select((code, i) => code * 0.0375f * (1 + i / blockSize % 5)).ToArray();

        var values = BlockQuantizer.Quantize(weights, 4, 256, new(bits, blockSize, zeroPoints)).Dequantize();
        for (var i = 0; i < weights.Length; i++) Assert.InRange(Math.Abs(values[i] - weights[i]), 0, 1e-6f * Math.Abs(weights[i]));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Zeros_stay_zeros_and_numbers_too_small_for_a_scale_become_zeros(int bits, int blockSize, bool zeroPoints)
    {
        var weights = new float[3 * 256];
        weights.AsSpan(256, 256).Fill(1e-40f);
        weights.AsSpan(512, 256).Fill(-0f);
        var matrix = BlockQuantizer.Quantize(weights, 3, 256, new(bits, blockSize, zeroPoints));
        Assert.All(matrix.Dequantize(), value => Assert.Equal(0f, value));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void The_largest_numbers_stay_finite(int bits, int blockSize, bool zeroPoints)
    {
        var weights = new float[256];
        for (var i = 0; i < weights.Length; i++) weights[i] = (i % 2 == 0 ? 0.9f : -0.9f) * float.MaxValue / (1 + i % 3);
        var values = BlockQuantizer.Quantize(weights, 1, 256, new(bits, blockSize, zeroPoints)).Dequantize();
        for (var i = 0; i < weights.Length; i++) Assert.InRange(values[i] / weights[i], 0.7f, 1.3f);
    }

    [Fact]
    public void An_important_input_gets_the_smaller_error_and_an_unimportant_outlier_does_not_cost_the_others()
    {
        var weights = Gaussian(32, 6);
        weights[7] = 30;
        var importance = Enumerable.Repeat(1f, 32).ToArray();
        importance[7] = 0;
        double ErrorOfOthers(float[] counts)
        {
            var values = BlockQuantizer.Quantize(weights, 1, 32, new(4, 32), importance: counts).Dequantize();
            return Enumerable.Range(0, 32).Where(i => i != 7).Sum(i => Math.Pow(values[i] - weights[i], 2));
        }

        Assert.True(ErrorOfOthers(importance) < 0.8 * ErrorOfOthers([]));
    }

    [Fact]
    public void The_same_weights_give_the_same_bytes_whatever_the_other_rows_are()
    {
        var weights = Gaussian(64 * 96, 7);
        var all = BlockQuantizer.Quantize(weights, 64, 96, new(4, 32, zeroPoints: true));
        for (var row = 0; row < 64; row++)
        {
            var one = BlockQuantizer.Quantize(weights.AsMemory(row * 96, 96), 1, 96, new(4, 32, zeroPoints: true));
            Assert.Equal(one.Values, all.Values[(row * 48)..((row + 1) * 48)]);
            Assert.Equal(one.Scales, all.Scales[(row * 3)..((row + 1) * 3)]);
            Assert.Equal(one.ZeroPoints!, all.ZeroPoints![(row * 2)..((row + 1) * 2)]);
        }
    }

    [Fact]
    public void What_is_no_matrix_of_finite_numbers_is_refused()
    {
        Assert.Throws<ArgumentException>(() => BlockQuantizer.Quantize(new float[31], 2, 16, new(4, 16)));
        Assert.Throws<ArgumentException>(() => BlockQuantizer.Quantize(new float[32], 2, 16, new(4, 16), importance: new float[15]));
        Assert.Throws<ArgumentException>(() => BlockQuantizer.Quantize(new[] { float.NaN }, 1, 1, new(4, 16)));
        Assert.Throws<ArgumentException>(() => BlockQuantizer.Quantize(new[] { 1f }, 1, 1, new(4, 16), importance: new[] { -1f }));
        Assert.Throws<ArgumentOutOfRangeException>(() => BlockQuantizer.Quantize(new float[0], 0, 16, new(4, 16)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BlockFormat(2, 32));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BlockFormat(4, 48));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BlockFormat(4, 512));
    }

    /// <summary>Normal numbers from a fixed sequence of uniform ones.</summary>
    internal static float[] Gaussian(int count, uint seed)
    {
        var state = seed * 2654435761u + 1;
        double Uniform() => ((state = state * 1664525 + 1013904223) >> 8) / (double)(1 << 24);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(Enumerable.Range(0, 12).Sum(_ => Uniform()) - 6))];
    }

    private static double SquaredError(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        var sum = 0.0;
        for (var i = 0; i < expected.Length; i++) sum += Math.Pow((double)expected[i] - actual[i], 2);
        return sum;
    }

    /// <summary>What everybody writes first: the greatest magnitude is the code 7 or 127.</summary>
    private static double PlainRoundingError(ReadOnlySpan<float> block, int bits)
    {
        var scale = 0.0;
        foreach (var weight in block) scale = Math.Max(scale, Math.Abs(weight) / (double)((1 << (bits - 1)) - 1));
        var sum = 0.0;
        foreach (var weight in block) sum += Math.Pow(weight - Math.Round(weight / scale) * scale, 2);
        return sum;
    }
}
