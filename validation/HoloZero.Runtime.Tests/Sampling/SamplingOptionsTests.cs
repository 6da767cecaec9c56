using HoloZero.Artifacts;

namespace HoloZero.Runtime.Tests;

public class SamplingOptionsTests
{
    public static TheoryData<SamplingOptions, string> Refused => new()
    {
        { new() { Temperature = 0 }, "temperature: is 0, " },
        { new() { Temperature = -1 }, "temperature: is -1, " },
        { new() { Temperature = double.NaN }, "temperature: is NaN, " },
        { new() { Temperature = double.PositiveInfinity }, "temperature: " },
        { new() { TopK = -1 }, "top-k: is -1, " },
        { new() { TopK = 259 }, "top-k: is 259, " },
        { new() { TopP = 0 }, "top-p: is 0, " },
        { new() { TopP = 1.5 }, "top-p: is 1.5, " },
        { new() { TopP = double.NaN }, "top-p: is NaN, " },
        { new() { MinP = -0.1 }, "min-p: is -0.1, " },
        { new() { MinP = 1.1 }, "min-p: is 1.1, " },
        { new() { MinP = double.NaN }, "min-p: is NaN, " },
        { new() { RepetitionPenalty = 0 }, "repetition-penalty: is 0, " },
        { new() { RepetitionPenalty = 101 }, "repetition-penalty: is 101, " },
        { new() { RepetitionPenalty = double.NaN }, "repetition-penalty: is NaN, " },
        { new() { RepetitionPenalty = 2, RepetitionWindow = 0 }, "repetition-window: is 0, " },
        { new() { RepetitionPenalty = 2, RepetitionWindow = 65_537 }, "repetition-window: is 65537, " },
        { new() { PresencePenalty = 2.1 }, "presence-penalty: is 2.1, " },
        { new() { PresencePenalty = double.NaN }, "presence-penalty: is NaN, " },
        { new() { FrequencyPenalty = -2.1 }, "frequency-penalty: is -2.1, " },
        { new() { FrequencyPenalty = double.NaN }, "frequency-penalty: is NaN, " },
        { new() { RepetitionWindow = 10 }, "repetition-window: is given without" },
        { new() { LogitBias = Bias(-1, 0) }, "logit-bias: is for id -1, " },
        { new() { LogitBias = Bias(258, 0) }, "logit-bias: is for id 258, " },
        { new() { LogitBias = Bias(256, 0) }, "logit-bias: is for id 256 (MASK)" },
        { new() { LogitBias = Bias(1, float.NaN) }, "logit-bias: is NaN for id 1" },
        { new() { LogitBias = Bias(1, float.PositiveInfinity) }, "for id 1, allowed" },
        { new() { LogitBias = Bias(257, 1), AllowEos = false }, "logit-bias: is for id 257 (EOS)" },
        { new() { LogitBias = Enumerable.Range(0, 256).ToDictionary(i => i, _ => float.NegativeInfinity) }, "logit-bias: bans all 256" },
        { new() { Greedy = true, Temperature = 1 }, "temperature: is given together with greedy" },
        { new() { Greedy = true, TopK = 0 }, "top-k: is given together with greedy" },
        { new() { Greedy = true, TopP = 1 }, "top-p: is given together with greedy" },
        { new() { Greedy = true, MinP = 0 }, "min-p: is given together with greedy" },
        { new() { Greedy = true, Seed = 0 }, "seed: is given together with greedy" },
    };

    public static TheoryData<SamplingOptions> Accepted => new((SamplingOptions[])
    [
        new(),
        new() { Temperature = double.Epsilon, TopK = 0, TopP = double.Epsilon, MinP = 0 },
        new() { Temperature = 1e300, TopK = 258, TopP = 1, MinP = 1, RepetitionPenalty = 100, RepetitionWindow = 65_536 },
        new() { Greedy = true, RepetitionPenalty = 0.01, LogitBias = Bias(257, -1), AllowEos = true },
        new() { AllowEos = false, LogitBias = Bias(257, float.NegativeInfinity) },
        new() { Greedy = true, PresencePenalty = -2, FrequencyPenalty = 2 },
        new() { LogitBias = Enumerable.Range(0, 255).ToDictionary(i => i, _ => float.NegativeInfinity) },
    ]);

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_cannot_be_meant_is_refused_in_one_line(SamplingOptions options, string cause)
    {
        var error = Assert.Throws<BadInputException>(options.Validate);
        Assert.Contains(cause, error.Message);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Equal(error.Message, Assert.Throws<BadInputException>(() => new ByteSampler(options.WithSeed())).Message);
    }

    [Theory]
    [MemberData(nameof(Accepted))]
    public void The_ends_of_every_range_are_accepted(SamplingOptions options) => _ = new ByteSampler(options.WithSeed());

    [Fact]
    public void A_bias_is_copied()
    {
        var bias = Bias(1, 2);
        var options = new SamplingOptions { LogitBias = bias };
        bias[1] = float.NaN;
        Assert.Equal(2, options.LogitBias[1]);
    }

    [Fact]
    public void A_seed_is_chosen_only_where_one_is_missing()
    {
        Assert.Equal(5UL, new SamplingOptions { Seed = 5 }.WithSeed().Seed);
        Assert.Null(new SamplingOptions { Greedy = true }.WithSeed().Seed);
        var (a, b) = (new SamplingOptions { TopK = 3 }.WithSeed(), new SamplingOptions { TopK = 3 }.WithSeed());
        Assert.NotNull(a.Seed);
        Assert.NotEqual(a.Seed, b.Seed);
        Assert.Equal(3, a.TopK);
    }

    [Fact]
    public void Sampling_without_a_seed_is_a_programming_error() =>
        Assert.Throws<ArgumentException>(() => new ByteSampler(new SamplingOptions()));

    private static Dictionary<int, float> Bias(int id, float bias) => new() { [id] = bias };
}
