using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Reference;
using HoloZero.Testing;

namespace HoloZero.Training.Tests;

public class ProbeTests
{
    public static TheoryData<string> Cases { get; } = [.. GoldenSuite.Tiny.Cases.Where(c => c.PrefixSlots >= 2 && c.BitsPerByte is not null)
        .Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_window_costs_the_bits_that_the_published_code_says_under_both_readings(string name)
    {
        var (config, weights) = GoldenSuite.Tiny.Load();
        var causal = GoldenSuite.Tiny.Cases.Single(c => c.Name == name);
        var bidirectional = GoldenSuite.TinyBidirectional.Cases.Single(c => c.Name == name);
        var layout = new WindowLayout(causal.PrefixSlots, causal.Stream(config.SlotBytes).Length, Stride: 1);
        var result = Probe.Run(config, weights, causal.Bytes, layout, new ReferenceEngine());
        Assert.Equal((1, layout.StreamBytes - 1L), (result.Windows, result.Bytes));
        Assert.Equal(
            [(PrefixAttention.Causal, Round(causal.BitsPerByte)), (PrefixAttention.Bidirectional, Round(bidirectional.BitsPerByte))],
            result.Readings.Select(reading => (reading.PrefixAttention, Round(reading.BitsPerByte))));
        Assert.Null(result.Verdict);

        static double Round(double? bits) => Math.Round(bits!.Value, 9);
    }

    [Fact]
    public void Windows_follow_the_stride_and_only_whole_ones_count()
    {
        var (config, weights) = GoldenSuite.Tiny.Load();
        var text = new byte[4 + 5 + 3 * 4 + 3];
        var result = Probe.Run(config, weights, text, new(PrefixSlots: 2, StreamBytes: 5, Stride: 4), new ReferenceEngine());
        Assert.Equal((4, 16L), (result.Windows, result.Bytes));
        Assert.Equal(result.Readings[1].BitsPerByte - result.Readings[0].BitsPerByte, result.Difference, 1e-12);
        Assert.Equal(0, result.StandardError, 1e-12);
    }

    [Theory]
    [InlineData(0.1, 0.01, PrefixAttention.Causal)]
    [InlineData(-0.1, 0.01, PrefixAttention.Bidirectional)]
    [InlineData(0.1, 0.04, null)]
    [InlineData(-0.1, 0.04, null)]
    [InlineData(0, 0, null)]
    [InlineData(0.1, double.PositiveInfinity, null)]
    public void The_verdict_needs_a_difference_beyond_the_noise(double difference, double error, PrefixAttention? verdict) =>
        Assert.Equal(verdict, new ProbeResult("test", 2, 2, new(), [], difference, error).Verdict);

    [Theory]
    [InlineData(8, 2, 5, "text")]
    [InlineData(100, 1, 5, "prefix-slots")]
    [InlineData(100, 2, 1, "stream-bytes")]
    public void What_cannot_be_probed_is_refused(int length, int slots, int stream, string where)
    {
        var (config, weights) = GoldenSuite.Tiny.Load();
        var exception = Assert.Throws<BadInputException>(() =>
            Probe.Run(config, weights, new byte[length], new(slots, stream, 1), new ReferenceEngine()));
        Assert.Equal(where, exception.Where);
    }
}
