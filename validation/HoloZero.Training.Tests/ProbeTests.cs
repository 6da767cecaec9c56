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
    public void A_window_costs_the_bits_that_the_published_code_says_under_both_masks(string name)
    {
        var (config, weights) = GoldenSuite.Tiny.Load();
        var causal = GoldenSuite.Tiny.Cases.Single(c => c.Name == name);
        var bidirectional = GoldenSuite.TinyBidirectional.Cases.Single(c => c.Name == name);
        var layout = new WindowLayout(causal.PrefixSlots, causal.Stream(config.SlotBytes).Length, Stride: 1);
        var result = Probe.Run(config, weights, causal.Bytes, layout, new ReferenceEngine());
        Assert.Equal((1, layout.StreamBytes - 1L), (result.Windows, result.Bytes));
        Assert.Equal(Reading.All, result.Readings.Select(reading => reading.Reading));
        Assert.Equal((Round(causal.BitsPerByte), Round(bidirectional.BitsPerByte)),
            (Of(PrefixAttention.Causal), Of(PrefixAttention.Bidirectional)));
        Assert.DoesNotContain(result.Answers, answer => answer.IsDecided);

        double Of(PrefixAttention attention) =>
            Round(result.Readings.Single(reading => reading.Reading == new Reading(attention)).BitsPerByte);

        static double Round(double? bits) => Math.Round(bits!.Value, 9);
    }

    [Fact]
    public void Every_reading_costs_the_bits_of_its_published_logits_on_the_same_bytes()
    {
        var tests = ReadingGoldens.All.Where(test => test.Name == "long_half").ToArray();
        var (config, weights) = GoldenSuite.Tiny.Load();
        var layout = new WindowLayout(tests[0].Prefix.Length / config.SlotBytes, tests[0].Stream.Length, Stride: 1);
        var result = Probe.Run(config, weights, (byte[])[.. tests[0].Prefix, .. tests[0].Stream], layout, new ReferenceEngine());
        Assert.Equal(8, result.Readings.Count);
        foreach (var (test, actual) in tests.Zip(result.Readings))
        {
            Assert.Equal(test.Reading, actual.Reading);
            var nats = CrossEntropy.Nats<double>(test.Logits.AsSpan(test.OriginRows * ByteVocabulary.Size), ByteVocabulary.Size,
                test.Stream.AsSpan(1));
            Assert.Equal(CrossEntropy.Bits(nats) / (test.Stream.Length - 1), actual.BitsPerByte, 1e-9);
            Assert.Equal(actual.BitsPerByte - result.Readings.Min(reading => reading.BitsPerByte), actual.Behind, 1e-12);
        }

        Assert.Equal(["prefix-attention", "stream-positions", "stream-origin"], result.Answers.Select(answer => answer.Question));
        Assert.Equal(result.Best.ToString(), string.Join('-', result.Answers.Select(answer => answer.Best)));
    }

    [Fact]
    public void Windows_follow_the_stride_and_only_whole_ones_count()
    {
        var (config, weights) = GoldenSuite.Tiny.Load();
        var text = new byte[4 + 5 + 3 * 4 + 3];
        Reading[] two = [new(PrefixAttention.Causal), new(PrefixAttention.Bidirectional)];
        var result = Probe.Run(config, weights, text, new(PrefixSlots: 2, StreamBytes: 5, Stride: 4), new ReferenceEngine(), two);
        Assert.Equal((4, 16L), (result.Windows, result.Bytes));
        Assert.Equal(two, result.Readings.Select(reading => reading.Reading));
        var answer = Assert.Single(result.Answers);
        Assert.Equal("prefix-attention", answer.Question);
        Assert.Equal(Math.Abs(result.Readings[1].BitsPerByte - result.Readings[0].BitsPerByte), answer.Difference, 1e-12);
        Assert.Equal(0, answer.StandardError!.Value, 1e-12);
        Assert.Empty(Probe.Run(config, weights, text, new(PrefixSlots: 2, StreamBytes: 5, Stride: 4), new ReferenceEngine(),
            two[..1]).Answers);
    }

    [Theory]
    [InlineData(0.1, 0.01, true)]
    [InlineData(0.1, 0.04, false)]
    [InlineData(0.0, 0.0, false)]
    [InlineData(0.1, null, false)]
    public void A_verdict_needs_a_difference_beyond_the_noise(double difference, double? error, bool decided) =>
        Assert.Equal(decided, new ProbeAnswer("stream-origin", "zero", difference, error).IsDecided);

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
