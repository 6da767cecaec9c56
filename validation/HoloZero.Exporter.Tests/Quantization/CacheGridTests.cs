using HoloZero.Exporter.Quantization;

namespace HoloZero.Exporter.Tests.Quantization;

/// <summary>What codes of keys and values are worth.</summary>
public class CacheGridTests
{
    // Two heads of width 4: channels 0 and 2 of a head are rotated into each other, and 1 and 3.
    private const int Dim = 8, Heads = 2;

    [Fact]
    public void Rotated_channels_share_what_either_may_get_and_values_have_their_own()
    {
        double[] largest = [.. Enumerable.Range(0, 3 * Dim).Select(channel => (double)channel)];
        (largest[Dim], largest[Dim + 2]) = (3, 4);
        (largest[Dim + 5], largest[Dim + 7]) = (5, 12);
        var (keys, values) = CacheGrid.Scales(new([.. largest.Select(value => -value)], largest), Dim, Heads);

        Assert.Equal((10f / 127, 10f / 127), (keys[0], keys[2]));
        Assert.Equal((26f / 127, 26f / 127), (keys[5], keys[7]));
        Assert.Equal([.. Enumerable.Range(16, 8).Select(value => 2 * value / 127f)], values);
    }

    [Fact]
    public void A_channel_reaches_as_far_below_as_above_and_one_of_zeros_has_a_scale_all_the_same()
    {
        var (lowest, highest) = (new double[3 * Dim], new double[3 * Dim]);
        (lowest[2 * Dim], highest[2 * Dim]) = (-254, 1);
        (lowest[2 * Dim + 1], highest[2 * Dim + 1]) = (-1, 254);
        var (keys, values) = CacheGrid.Scales(new(lowest, highest), Dim, Heads);

        Assert.Equal([4, 4, 1, 1, 1, 1, 1, 1], values);
        Assert.All(keys, key => Assert.Equal(1, key));
    }
}
