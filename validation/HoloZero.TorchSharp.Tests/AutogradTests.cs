using HoloZero.Models;
using HoloZero.Reference;
using HoloZero.Testing;
using static TorchSharp.torch;

namespace HoloZero.TorchSharp.Tests;

/// <summary>Gradients against finite differences of the float64 reference, which knows nothing of autograd.</summary>
public class AutogradTests
{
    private static readonly byte[] Prefix = "In the beginning"u8.ToArray(), Stream = "was the byte"u8.ToArray();

    public AutogradTests() => TorchSharpHere.Require();

    [Theory]
    [InlineData(PrefixAttention.Causal)]
    [InlineData(PrefixAttention.Bidirectional)]
    public void Gradients_of_every_kind_of_parameter_are_the_slopes_of_the_reference(PrefixAttention attention)
    {
        var (config, weights) = GoldenSuite.Load(GoldenSuite.Tiny.CheckpointPath, attention);
        using var model = new TorchSharpModel(config, weights, new() { DoublePrecision = true, RequiresGrad = true });
        var names = model.StateDict.Keys.Order(StringComparer.Ordinal).ToArray();
        using var scope = NewDisposeScope();
        var loss = Loss(model);
        Assert.Equal(ReferenceLoss(config, weights), loss.item<double>(), 1e-10);
        var gradients = autograd.grad([loss], [.. names.Select(name => model.StateDict[name])]);

        for (var i = 0; i < names.Length; i++)
        {
            var gradient = gradients[i].cpu().contiguous().data<double>().ToArray();
            Assert.True(gradient.Any(value => value != 0), $"{names[i]} has no gradient");

            // The steepest element of each parameter and one of the others.
            var steepest = Array.FindIndex(gradient, value => Math.Abs(value) == gradient.Max(Math.Abs));
            foreach (var element in (int[])[steepest, gradient.Length / 3])
                Assert.Equal(Slope(config, weights, names[i], element), gradient[element], 1e-7);
        }
    }

    private static Tensor Loss(TorchSharpModel model)
    {
        var logits = model.Forward(model.Bytes(Prefix), model.Bytes(Stream[..^1])).Logits.log_softmax(-1);
        var targets = tensor(Stream[1..].Select(value => (long)value).ToArray(), [1, Stream.Length - 1, 1]);
        return -logits.gather(-1, targets).mean();
    }

    /// <summary>Central difference with a step that float32 weights can take exactly.</summary>
    private static double Slope(AsymDecConfig config, IReadOnlyDictionary<string, WeightTensor> weights, string name, int element)
    {
        var value = weights[name].Data[element];
        var step = MathF.Max(MathF.Abs(value), 0.125f) / 1024;
        var (above, below) = (value + step, value - step);
        return (With(above) - With(below)) / ((double)above - below);

        double With(float other)
        {
            var data = (float[])weights[name].Data.Clone();
            data[element] = other;
            var changed = new Dictionary<string, WeightTensor>(weights) { [name] = weights[name] with { Data = data } };
            return ReferenceLoss(config, changed);
        }
    }

    private static double ReferenceLoss(AsymDecConfig config, IReadOnlyDictionary<string, WeightTensor> weights)
    {
        var logits = new ReferenceModel(config, weights).Forward(Prefix, Stream[..^1]).Logits.Data;
        var nats = 0.0;
        for (var row = 0; row < Stream.Length - 1; row++)
        {
            var values = logits.AsSpan(row * AsymDecConfig.Vocabulary, AsymDecConfig.Vocabulary).ToArray();
            var largest = values.Max();
            nats += largest + Math.Log(values.Sum(value => Math.Exp(value - largest))) - values[Stream[row + 1]];
        }

        return nats / (Stream.Length - 1);
    }
}
