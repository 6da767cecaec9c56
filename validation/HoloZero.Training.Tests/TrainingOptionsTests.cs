using HoloZero.Artifacts;
using HoloZero.Models;

namespace HoloZero.Training.Tests;

public class TrainingOptionsTests
{
    private static readonly TrainingOptions Options = new() { Steps = 1100, WarmUp = 100, LearningRate = 0.01, FinalShare = 0.1 };

    [Theory]
    [InlineData(0, 0.0001)]
    [InlineData(49, 0.005)]
    [InlineData(99, 0.01)]
    [InlineData(100, 0.01)]
    [InlineData(600, 0.0055)]
    [InlineData(1100, 0.001)]
    public void The_learning_rate_rises_then_falls_along_half_a_cosine_to_a_tenth(long step, double expected) =>
        Assert.Equal(expected, Options.LearningRateAt(step), 1e-12);

    [Fact]
    public void No_warm_up_is_possible() => Assert.Equal(0.01, (Options with { WarmUp = 0 }).LearningRateAt(0), 1e-12);

    [Fact]
    public void What_is_out_of_range_is_refused_by_the_name_of_the_option()
    {
        Options.Validate();
        foreach (var (name, bad) in (IEnumerable<(string, TrainingOptions)>)
        [
            ("steps", Options with { Steps = 0 }), ("batch", Options with { BatchSize = 0 }),
            ("stream-bytes", Options with { StreamBytes = 1 }),
            ("prefix-slots", Options with { PrefixSlots = -1 }), ("learning-rate", Options with { LearningRate = 0 }),
            ("learning-rate", Options with { LearningRate = double.NaN }), ("warm-up", Options with { WarmUp = -1 }),
            ("final-share", Options with { FinalShare = 2 }), ("held-out-share", Options with { HeldOutShare = 1 }),
            ("held-out-windows", Options with { HeldOutWindows = 0 }), ("evaluate-every", Options with { EvaluateEvery = 0 }),
            ("save-every", Options with { SaveEvery = 0 }), ("save-minutes", Options with { SaveMinutes = 0 }),
            ("save-minutes", Options with { SaveMinutes = double.NaN }), ("keep", Options with { KeptSaves = -1 }),
            ("micro-batch", Options with { MicroBatch = 0 }), ("threads", Options with { Threads = 0 }),
            ("dropout", Options with { Dropout = 1 }), ("dropout", Options with { Dropout = -0.1 }),
            ("dropout", Options with { Dropout = double.NaN }),
            ("clip", Options with { Optimizer = new() { ClipNorm = 0 } }),
            ("beta1", Options with { Optimizer = new() { Beta1 = 1 } }), ("beta2", Options with { Optimizer = new() { Beta2 = -0.1 } }),
            ("weight-decay", Options with { Optimizer = new() { WeightDecay = double.NaN } }),
        ])
            Assert.Equal(name, Assert.Throws<BadInputException>(bad.Validate).Where);
    }

    [Fact]
    public void Fresh_weights_are_spread_as_PyTorch_spreads_them()
    {
        var config = new AsymDecConfig(dim: 64, decLayers: 2, heads: 4, slotBytes: 2);
        var weights = FreshWeights.For(config, 5);
        Assert.Equal(AsymDec.ParameterShapes(config).Keys.Order(), weights.Keys.Order());
        Assert.All(weights["self_blocks.0.norm1.weight"].Data, value => Assert.Equal(1, value));
        Assert.All(weights["self_blocks.0.norm1.bias"].Data, value => Assert.Equal(0, value));
        Assert.Equal([0], weights["mem_blocks.1.gate"].Data);
        foreach (var (name, inputs) in ((string, int)[])
            [("self_blocks.0.qkv.weight", 64), ("self_blocks.0.ff.3.weight", 256), ("head.bias", 64)])
        {
            var (data, bound) = (weights[name].Data, 1 / Math.Sqrt(inputs));
            Assert.All(data, value => Assert.InRange(value, -bound, bound));
            Assert.InRange(data.Max(), 0.95 * bound, bound);
            Assert.InRange(data.Average(), -0.1 * bound, 0.1 * bound);
        }

        Assert.Equal(weights["head.weight"].Data, FreshWeights.For(config, 5)["head.weight"].Data);
        Assert.NotEqual(weights["head.weight"].Data, FreshWeights.For(config, 6)["head.weight"].Data);
        Assert.NotEqual(weights["self_blocks.0.qkv.weight"].Data, weights["self_blocks.1.qkv.weight"].Data);
    }
}
