using HoloZero.Models;
using HoloZero.Reference;
using HoloZero.Testing;
using HoloZero.Training;

namespace HoloZero.TorchSharp.Tests;

/// <summary>Other doors than the zero door by TorchSharp: against the reference, and in training.</summary>
public class DoorTests
{
    public static TheoryData<string> All { get; } = [.. DoorModels.All.Select(door => $"{door}")];

    public DoorTests() => TorchSharpHere.Require();

    [Theory]
    [MemberData(nameof(All))]
    public void Logits_are_those_of_the_reference(string name)
    {
        var (config, weights) = DoorModels.With(DoorModels.All.Single(door => $"{door}" == name));
        var test = GoldenSuite.Tiny.Cases.Single(test => test.Name == "korean_serve");
        using var engine = new TorchSharpEngine(new() { DoublePrecision = true });
        var (prefix, stream) = (test.Prefix(config.SlotBytes), test.Stream(config.SlotBytes));
        Assert.Null(TensorComparison.Mismatch<double, double>(name,
            engine.Logits(config, weights, prefix, stream, CancellationToken.None),
            new ReferenceEngine().Logits(config, weights, prefix, stream, CancellationToken.None), 1e-9));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_door_learns_with_the_rest(string name)
    {
        var config = new AsymDecConfig(dim: 64, decLayers: 1, heads: 4, slotBytes: 2).Behind(DoorModels.All.Single(d => $"{d}" == name));
        var weights = FreshWeights.For(config, 1);
        var options = new TrainingOptions { Steps = 30, BatchSize = 4, PrefixSlots = 4, StreamBytes = 33 };
        var text = new TrainingText([File.ReadAllBytes(Repository.Golden("demo-heldout.txt"))], [], options, config.SlotBytes);
        var none = new Dictionary<string, WeightTensor>();
        using var trainer = new TorchSharpTraining(ComputeDevice.Cpu).Start(config, new(0, weights, none, none), new() { Threads = 1 });
        double[] losses = [.. Enumerable.Range(0, 30).Select(step =>
            trainer.Step([text.Batch(options with { PrefixSlots = step % 2 == 0 ? 4 : 0 }, config.SlotBytes, step)], 3e-3).Loss)];
        Assert.True(losses[^5..].Average() < losses[..5].Average() - 0.5, $"{losses[0]} to {losses[^1]}");

        var learned = trainer.Weights();
        var door = learned.Keys.Where(parameter => parameter.StartsWith("door.", StringComparison.Ordinal)).ToArray();
        Assert.Equal(AsymDec.DoorParameters(config), door.Sum(parameter => learned[parameter].Data.LongLength));
        Assert.All(door, parameter => Assert.NotEqual(weights[parameter].Data, learned[parameter].Data));
    }
}
