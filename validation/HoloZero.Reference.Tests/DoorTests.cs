using HoloZero.Models;
using HoloZero.Testing;

namespace HoloZero.Reference.Tests;

/// <summary>Other doors than the zero door in float64: where their weights make them alike, they compute alike.</summary>
public sealed class DoorTests
{
    public static TheoryData<string> LikeZero { get; } = [.. DoorModels.LikeZero.Keys];

    public static TheoryData<string> Alike { get; } = [.. DoorModels.Alike.Keys];

    public static TheoryData<string> All { get; } = [.. DoorModels.All.Select(door => $"{door}")];

    [Theory]
    [MemberData(nameof(LikeZero))]
    public void Weights_that_make_it_a_zero_door_give_the_published_logits(string name)
    {
        var (config, weights) = DoorModels.LikeZero[name];
        foreach (var test in GoldenSuite.Tiny.Cases)
        {
            Assert.Null(TensorComparison.Mismatch<double, double>($"{name}: {test}",
                new ReferenceModel(config, weights).Forward(test.Prefix(config.SlotBytes), test.Stream(config.SlotBytes)).Logits.Data,
                test.Logits, 1e-9));
        }
    }

    [Theory]
    [MemberData(nameof(Alike))]
    public void Doors_that_say_the_same_compute_the_same(string name)
    {
        var (one, other) = DoorModels.Alike[name];
        var fromZero = 0.0;
        foreach (var test in GoldenSuite.Tiny.Cases)
        {
            double[] Logits((AsymDecConfig Config, IReadOnlyDictionary<string, WeightTensor> Weights) model) =>
                new ReferenceModel(model.Config, model.Weights).Forward(test.Prefix(2), test.Stream(2)).Logits.Data;
            Assert.Null(TensorComparison.Mismatch<double, double>($"{name}: {test}", Logits(one), Logits(other), 1e-9));
            fromZero = Math.Max(fromZero, TensorComparison.MaxDifference<double, double>(Logits(one), test.Logits));
        }

        Assert.True(fromZero > 1e-3, $"{name} is the zero door");
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Byte_by_byte_gives_the_same(string name)
    {
        var door = DoorModels.All.Single(door => $"{door}" == name);
        var (config, weights) = DoorModels.With(door);
        var (model, test) = (new ReferenceModel(config, weights), GoldenSuite.Tiny.Cases.Single(test => test.Name == "korean_serve"));
        var (prefix, stream) = (test.Prefix(config.SlotBytes), test.Stream(config.SlotBytes));
        var whole = model.Forward(prefix, stream).Logits.Data;
        var state = (AsymDecState<DoubleTensor>?)null;
        for (var i = 0; i < stream.Length; i++)
        {
            var output = model.Forward(i == 0 ? prefix : [], [stream[i]], state);
            state = output.State;
            Assert.Null(TensorComparison.Mismatch<double, double>($"{name} row {i}", output.Logits.Data,
                whole.AsSpan(i * AsymDecConfig.Vocabulary, AsymDecConfig.Vocabulary).ToArray(), 1e-9));
        }
    }
}
