using HoloZero.Exporter.Quantization;
using HoloZero.Models;

namespace HoloZero.Exporter.Tests.Quantization;

/// <summary>Whole numbers with one scale an output, activations with one scale in all, and channels that are evened out before.</summary>
public class ColumnQuantizerTests
{
    [Theory]
    [InlineData(37, 64)]
    [InlineData(3, 101)]
    [InlineData(1, 1)]
    public void Weights_are_at_most_half_a_step_off_or_cut_off_for_the_good_of_the_others(int outputs, int inputs)
    {
        var weights = BlockQuantizerTests.Gaussian(outputs * inputs, 21);
        var matrix = ColumnQuantizer.Quantize(weights, outputs, inputs);
        Assert.All(matrix.Codes, code => Assert.InRange(code, -64, 63));
        var values = matrix.Dequantize();
        for (var output = 0; output < outputs; output++)
        {
            var row = weights.AsSpan(output * inputs, inputs);
            var (largest, squares, error) = (0f, 0.0, 0.0);
            for (var i = 0; i < inputs; i++)
            {
                largest = Math.Max(largest, Math.Abs(row[i]));
                squares += row[i] * row[i];
                error += Math.Pow(values[output * inputs + i] - row[i], 2);
            }

            // Never worse than what the largest weight as the end of the range would give: half a step everywhere.
            Assert.InRange(Math.Abs(matrix.Scales[output]), 0, largest / 60);
            Assert.InRange(error, 0, inputs * Math.Pow(largest / 63 / 2, 2));
        }
    }

    [Fact]
    public void Codes_lie_input_by_input_and_zeros_have_the_scale_0()
    {
        // Two outputs of three inputs, of which the second is nothing.
        var matrix = ColumnQuantizer.Quantize(new float[] { 1, -0.5f, 0.25f, 0, 0, 0 }, 2, 3);

        Assert.Equal([1, -0.5, 0.25], matrix.Dequantize()[..3].Select(value => Math.Round(value, 2)));
        Assert.Equal(0, matrix.Scales[1]);
        Assert.Equal([0, 0, 0], new[] { matrix.Codes[1], matrix.Codes[3], matrix.Codes[5] });
        Assert.Equal(1, matrix.Codes[0] * matrix.Scales[0], 0.01);
    }

    [Fact]
    public void Whatever_was_seen_has_a_code_and_so_has_zero()
    {
        foreach (var (low, high) in ((double, double)[])[(-0.17, 9), (-3, 3), (-1, 0), (0, 5)])
        {
            var grid = ActivationGrid.Of(new([low, 0], [0, high]), null);
            Assert.InRange(low, (-grid.ZeroPoint - 0.51) * grid.Scale, 0);
            Assert.InRange(high, 0, (255 - grid.ZeroPoint + 0.51) * grid.Scale);
            Assert.Equal((float)((high - low) / 255), grid.Scale);
        }

        Assert.Equal(new(1, 128), ActivationGrid.Of(new([0], [0]), null));
    }

    [Fact]
    public void An_outlying_channel_gives_half_of_it_to_the_matrix()
    {
        // Channel 1 is 64 times as large as the others and meets weights of the same size.
        ActivationRange range = new([-1, -64, -1, -1], [1, 64, 1, 1]);
        float[] matrix = [1, 1, -1, 1, 0.5f, -1, 0.5f, 1];

        var exponents = ChannelEvening.Exponents(range, matrix);

        Assert.Equal(3, exponents[1] - exponents[0]);
        Assert.Equal([exponents[0], exponents[0], exponents[0]], new[] { exponents[0], exponents[2], exponents[3] });
        var (before, after) = (ActivationGrid.Of(range, null).Scale, ActivationGrid.Of(range, exponents).Scale);
        Assert.Equal(Math.ScaleB(before, -exponents[1]), after, 1e-9);
    }

    [Fact]
    public void Channels_that_are_nothing_stay_as_they_are()
    {
        ActivationRange range = new([0, -1], [0, 1]);
        Assert.Equal([0, 0], ChannelEvening.Exponents(range, [1f, 1]));
        Assert.Equal([0, 0], ChannelEvening.Exponents(new([-1, -1], [1, 1]), [0f, 1]));
    }
}
