using HoloZero.Models;
using HoloZero.Reference;
using HoloZero.Testing;

namespace HoloZero.Runtime.Tests.GoldenParity;

/// <summary>The same weights in other files give the same logits; rounded weights give those of the rounded weights.</summary>
public class CheckpointTwinTests
{
    [Theory]
    [InlineData("tiny.safetensors")]
    [InlineData("tiny-torch2.pt")]
    [InlineData("tiny-prefixed.pt")]
    public void Twins_of_tiny_agree_with_its_goldens(string file)
    {
        Compare(file, (_, test) => test.Logits);
    }

    [Theory]
    [InlineData("tiny-fp16.pt")]
    [InlineData("tiny-bf16.pt")]
    public void Rounded_twins_agree_with_the_reference_of_their_own_weights(string file)
    {
        var (config, weights) = GoldenSuite.Load(Repository.Golden(file), PrefixAttention.Causal);
        var reference = new ReferenceModel(config, weights);
        Compare(file, (slotBytes, test) => reference.Forward(test.Prefix(slotBytes), test.Stream(slotBytes)).Logits.Data);
        Assert.True(TensorComparison.MaxDifference<double, double>(
            reference.Forward([], GoldenSuite.Tiny.Cases[0].Bytes).Logits.Data, GoldenSuite.Tiny.Cases[0].Logits) > 1e-4,
            "the weights are not rounded at all");
    }

    private static void Compare(string file, Func<int, GoldenCase, double[]> expected)
    {
        using var exported = new ExportedModel(Repository.Golden(file), options: new() { Variants = ExportedSuites.Variants });
        foreach (var variant in ExportedSuites.Variants)
        {
            using var model = HoloZeroModel.Load(exported.Folder, new() { Variant = variant });
            using var session = model.OpenSession();
            foreach (var test in GoldenSuite.Tiny.Cases)
            {
                var logits = session.Prefill(test.Prefix(model.SlotBytes), test.Stream(model.SlotBytes));
                Assert.Null(TensorComparison.Mismatch<float, double>($"{file} {variant} {test}", logits.Data,
                    expected(model.SlotBytes, test), GoldenSuite.Tiny.Tolerance));
            }
        }
    }
}
