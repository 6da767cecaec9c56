using HoloZero.Models;
using HoloZero.Models.Ops;
using HoloZero.Models.Training;
using HoloZero.Testing;
using static TorchSharp.torch;

namespace HoloZero.TorchSharp.Tests;

/// <summary>Products in bfloat16: what is rounded is what PyTorch's autocast rounds, and nothing else is.</summary>
public class PrecisionTests
{
    private static readonly byte[] Prefix = "In the beginning"u8.ToArray(), Stream = "was the byte"u8.ToArray();

    public PrecisionTests() => TorchSharpHere.Require();

    /// <summary>
    /// PyTorch 1.13 on the CPU, within <c>torch.autocast("cpu", dtype=torch.bfloat16)</c>: <c>y = F.linear(x, w, b); s = y @ y.t()</c>,
    /// then outside of it <c>p = (s.float() / 8).softmax(-1); p[0, 0].backward()</c>. Sums of so few factors of 8 bits are exact in
    /// float32, so that their order does not matter.
    /// </summary>
    [Fact]
    public void A_Linear_a_product_and_a_softmax_are_those_of_PyTorchs_autocast_forwards_and_backwards()
    {
        using var scope = NewDisposeScope();
        var w = tensor(new[] { 0.3f, 0.9f, -1.1f, -0.6f, 0.77f, 0.123f }, [2, 3], requires_grad: true);
        var b = tensor(new[] { 0.05f, -0.31f }, [2], requires_grad: true);
        ITensorOps<Tensor> op = new TorchSharpOps(name => name == "weight" ? w : b, ScalarType.Float32, CPU,
            products: ScalarType.BFloat16);
        var y = op.Linear(tensor(new[] { 1 / 3f, -0.7f, 2.1f, 0.1f, 1.9f, -0.45f }, [2, 3]), 3, 2);
        Assert.Equal([-2.78125f, -0.79296875f, 2.28125f, 1.03125f], Floats(y));
        var s = op.RoundableMatMul(y, op.Transpose(y));
        Assert.Equal([8.375f, -7.15625f, -7.15625f, 6.28125f], Floats(s));
        var p = op.Softmax(op.Multiply(s, op.Scalar("eighth", 1 / 8.0)));
        Close([0.8745065331459045f, 0.12549345195293427f, 0.15713685750961304f, 0.842863142490387f], p, 1e-6f);
        var gradients = autograd.grad([p[0, 0]], [w, b]);
        // One unit of bfloat16, as the softmax's last bit may be another.
        Close([-0.031982421875f, 0.1474609375f, -0.2421875f, -0.0108642578125f, 0.0458984375f, -0.080078125f], gradients[0], 1 / 128f);
        Close([-0.0693359375f, -0.0250244140625f], gradients[1], 1 / 128f);

        static void Close(float[] expected, Tensor actual, float relative)
        {
            Assert.Equal(ScalarType.Float32, actual.dtype);
            Assert.All(expected.Zip(Floats(actual)), pair => Assert.Equal(pair.First, pair.Second, relative * MathF.Abs(pair.First)));
        }

        static float[] Floats(Tensor x) => x.detach().contiguous().data<float>().ToArray();
    }

    [Fact]
    public void What_rounds_no_product_is_float32_to_the_bit()
    {
        using var scope = NewDisposeScope();
        var (x, y) = (Waves(1, 6, 12), Waves(1, 12, 6));
        Dictionary<string, Tensor> parameters = new()
        {
            ["norm.weight"] = Waves(12),
            ["norm.bias"] = Waves(12),
            ["proj.weight"] = Waves(3, 12),
            ["proj.bias"] = Waves(3),
        };
        ITensorOps<Tensor> exact = new TorchSharpOps(name => parameters[name], ScalarType.Float32, CPU);
        ITensorOps<Tensor> rounded = new TorchSharpOps(name => parameters[name], ScalarType.Float32, CPU, products: ScalarType.BFloat16);
        foreach (var each in (Func<ITensorOps<Tensor>, Tensor>[])[op => op.MatMul(x, y), op => op.Softmax(x), op => op.Gelu(x),
            op => op.Phi(x), op => op.Sum(x), op => op.At("norm").LayerNorm(x, 12, 1e-5), op => Memory(op).Output,
            op => Memory(op).Present.S, op => Memory(op).Present.Z])
            Assert.True(each(exact).allclose(each(rounded), 0, 0));
        foreach (var each in (Func<ITensorOps<Tensor>, Tensor>[])[op => op.RoundableMatMul(x, y), op => op.At("proj").Linear(x, 12, 3)])
        {
            Assert.Equal(ScalarType.Float32, each(rounded).dtype);
            Assert.False(each(exact).allclose(each(rounded), 0, 0));
            Assert.True(each(exact).allclose(each(rounded), 0, 0.1));
        }

        (Tensor Output, FastWeights<Tensor> Present) Memory(ITensorOps<Tensor> op)
        {
            var rows = op.Range(tensor(0L), tensor(6L));
            var positions = new RowPositions<Tensor>(rows, rows, rows, rows, rows.transpose(0, 1).le(rows), tensor(6L));
            return op.FastWeightRead(x, 4, 2, 1e-6, positions, new(zeros(1, 2, 2, 2), zeros(1, 2, 2, 1)));
        }
    }

    [Theory]
    [InlineData(PrefixAttention.Causal)]
    [InlineData(PrefixAttention.Bidirectional)]
    public void Gradients_are_those_of_float32_but_for_the_rounding_of_products(PrefixAttention attention)
    {
        var (config, weights) = GoldenSuite.Load(GoldenSuite.Tiny.CheckpointPath, attention);
        using var model = new TorchSharpModel(config, weights, new() { RequiresGrad = true });
        var names = model.StateDict.Keys.Order(StringComparer.Ordinal).ToArray();
        using var scope = NewDisposeScope();
        var (exact, rounded) = (Gradients(ScalarType.Float32), Gradients(ScalarType.BFloat16));
        foreach (var (name, one, other) in names.Zip(exact, rounded))
        {
            Assert.Equal(ScalarType.Float32, other.dtype);
            var error = (other - one).norm().item<float>() / one.norm().item<float>();
            Assert.InRange(error, 1e-3, 0.05);
        }

        Tensor[] Gradients(ScalarType products)
        {
            var logits = model.Forward(model.Bytes(Prefix), model.Bytes(Stream[..^1]), products).Logits.log_softmax(-1);
            var targets = tensor(Stream[1..].Select(value => (long)value).ToArray(), [1, Stream.Length - 1, 1]);
            return [.. autograd.grad([-logits.gather(-1, targets).mean()], [.. names.Select(name => model.StateDict[name])])];
        }
    }

    [Fact]
    public void Steps_are_rounded_and_what_is_measured_and_saved_is_not()
    {
        var (config, weights) = GoldenSuite.Load(GoldenSuite.Tiny.CheckpointPath, PrefixAttention.Causal);
        var batch = new WindowBatch(1, Prefix, Stream[..^1], [.. Stream[1..].Select(value => (short)value)]);
        using var exact = Start(TrainingPrecision.Float32);
        using var rounded = Start(TrainingPrecision.Bfloat16);
        Assert.Equal(exact.Nats(batch), rounded.Nats(batch));
        var (one, other) = (exact.Step([batch], 1e-3), rounded.Step([batch], 1e-3));
        Assert.NotEqual(one.Loss, other.Loss);
        Assert.Equal(one.Loss, other.Loss, 0.01 * one.Loss);
        foreach (var weight in rounded.Weights().Values)
        {
            // Rounded to bfloat16, the lower half of every float would be 0.
            Assert.Contains(weight.Data, value => (BitConverter.SingleToUInt32Bits(value) & 0xFFFF) != 0);
            Assert.All(weight.Data.Zip(exact.Weights()[weight.Name].Data), pair => Assert.Equal(pair.Second, pair.First, 3e-3f));
        }

        ITrainer Start(TrainingPrecision precision)
        {
            var none = new Dictionary<string, WeightTensor>();
            return new TorchSharpTraining(ComputeDevice.Cpu).Start(config, new(0, weights, none, none), new() { Precision = precision });
        }
    }

    /// <summary>Numbers within -1 to 1 of which bfloat16 holds next to none.</summary>
    private static Tensor Waves(params long[] shape)
    {
        var count = shape.Aggregate(1L, (product, length) => product * length);
        return tensor([.. Enumerable.Range(0, (int)count).Select(i => MathF.Sin(i + 0.5f))], shape);
    }
}
