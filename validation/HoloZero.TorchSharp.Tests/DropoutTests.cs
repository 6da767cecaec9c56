using HoloZero.Models;
using HoloZero.Models.Training;
using HoloZero.Testing;

namespace HoloZero.TorchSharp.Tests;

/// <summary>Where a step drops elements, and that nothing else does.</summary>
public class DropoutTests
{
    private static readonly (AsymDecConfig Config, IReadOnlyDictionary<string, WeightTensor> Weights) Tiny =
        GoldenSuite.Load(GoldenSuite.Tiny.CheckpointPath, PrefixAttention.Causal);

    private static readonly WindowBatch Batch = new(3, "In the beginning was the"u8.ToArray(), "God byte "u8.ToArray(),
        [.. "od abyteo"u8.ToArray().Select(value => (short)value)]);

    public DropoutTests() => TorchSharpHere.Require();

    /// <summary>
    /// To drop all at a place is to take away the weights before it, or behind it: three places in each of two self blocks, as published.
    /// </summary>
    [Theory]
    [InlineData(0, "self_blocks.0.proj.weight", "self_blocks.0.proj.bias")]
    [InlineData(1, "self_blocks.0.ff.3.weight")]
    [InlineData(2, "self_blocks.0.ff.3.weight", "self_blocks.0.ff.3.bias")]
    [InlineData(3, "self_blocks.1.proj.weight", "self_blocks.1.proj.bias")]
    [InlineData(4, "self_blocks.1.ff.3.weight")]
    [InlineData(5, "self_blocks.1.ff.3.weight", "self_blocks.1.ff.3.bias")]
    public void What_is_dropped_is_what_the_published_blocks_drop(int place, params string[] gone)
    {
        var without = Tiny.Weights.ToDictionary(entry => entry.Key, entry => gone.Contains(entry.Key)
            ? entry.Value with { Data = new float[entry.Value.Data.Length] } : entry.Value);
        using var trainer = Start(Tiny.Weights, new Dropped(place));
        using var expected = Start(without, null);
        var loss = trainer.Step([Batch], 1e-3).Loss;
        Assert.Equal(expected.Nats(Batch) / Batch.Targets.Length, loss, 1e-6);
        using var untouched = Start(Tiny.Weights, null);
        Assert.NotEqual(untouched.Nats(Batch) / Batch.Targets.Length, loss, 1e-3);
    }

    [Fact]
    public void Nothing_dropped_is_nothing_changed_and_every_window_is_asked_for_once_in_each_place_of_each_step()
    {
        var (whole, parts) = (new Dropped(null), new Dropped(null));
        using var plain = Start(Tiny.Weights, null);
        using var kept = Start(Tiny.Weights, whole);
        using var parted = Start(Tiny.Weights, parts);
        for (var step = 0; step < 2; step++)
        {
            Assert.Equal(plain.Step([Batch], 1e-3), kept.Step([Batch], 1e-3));
            parted.Step(Batch.Split(2), 1e-3);
        }

        Assert.All(kept.Weights().Values, weight => Assert.Equal(plain.Weights()[weight.Name].Data, weight.Data));
        var all = from step in (long[])[0, 1]
                  from window in (int[])[0, 1, 2]
                  from place in Enumerable.Range(0, 6)
                  select (step, window, place, (place % 3 == 1 ? 4 : 1) * Tiny.Config.Dim * (Batch.Prefix.Length / Tiny.Config.SlotBytes
                      + Batch.Stream.Length) / Batch.Rows);
        Assert.Equal(all.Order(), whole.Asked.Order());
        Assert.Equal(all.Order(), parts.Asked.Order());
    }

    [Fact]
    public void Nothing_is_dropped_where_something_is_measured()
    {
        var dropped = new Dropped(0);
        using var trainer = Start(Tiny.Weights, dropped);
        using var plain = Start(Tiny.Weights, null);
        Assert.Equal(plain.Nats(Batch), trainer.Nats(Batch));
        Assert.Empty(dropped.Asked);
    }

    private static ITrainer Start(IReadOnlyDictionary<string, WeightTensor> weights, IDropout? dropout)
    {
        var none = new Dictionary<string, WeightTensor>();
        return new TorchSharpTraining(ComputeDevice.Cpu).Start(Tiny.Config, new(0, weights, none, none), new() { Dropout = dropout });
    }

    /// <summary>Drops all of one place, or nothing.</summary>
    private sealed class Dropped(int? all) : IDropout
    {
        public List<(long Step, int Window, int Place, int Length)> Asked { get; } = [];

        public void Fill(long step, int window, int place, Span<float> factors)
        {
            Asked.Add((step, window, place, factors.Length));
            factors.Fill(place == all ? 0 : 1);
        }
    }
}
