using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Models.Ops;
using HoloZero.Testing;

namespace HoloZero.Reference.Tests;

/// <summary>What goes into the matrices: measured over the whole network, and the same in every run.</summary>
public class ReferenceActivationsTests
{
    private static readonly byte[] Text = File.ReadAllBytes(Repository.Golden("demo-heldout.txt"));

    [Fact]
    public void The_network_writes_the_same_text_in_every_run_and_not_all_of_it_alike()
    {
        var (config, weights) = GoldenSuite.Tiny.Load();
        var text = new ReferenceActivations().Write(config, weights, TestContext.Current.CancellationToken);

        Assert.Equal(text, new ReferenceActivations().Write(config, weights, TestContext.Current.CancellationToken));
        Assert.Equal(16, text.Chunk(text.Length / 16).Select(Convert.ToHexString).Distinct().Count());
        Assert.True(text.Distinct().Count() > 16);
        Assert.NotEmpty(new ReferenceActivations().Measure(config, weights, text, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void What_the_network_writes_is_text_where_it_was_trained_on_text()
    {
        var (config, weights) = GoldenSuite.Demo.Load();
        var text = new ReferenceActivations().Write(config, weights, TestContext.Current.CancellationToken);
        Assert.InRange(text.Count(value => value is 10 or >= 32 and < 127), text.Length * 0.98, text.Length);
    }

    [Fact]
    public void Every_Linear_is_measured_channel_by_channel()
    {
        var (config, weights) = GoldenSuite.Tiny.Load();
        var ranges = new ReferenceActivations().Measure(config, weights, Text, TestContext.Current.CancellationToken);

        var matrices = AsymDec.ParameterShapes(config).Where(parameter => parameter.Value.Length == 2).ToDictionary();
        var widths = matrices.SelectMany(matrix => (KeyValuePair<string, int>[])
        [
            new(matrix.Key[..matrix.Key.LastIndexOf('.')], matrix.Value[1]),
            new(ActivationRange.OutputOf(matrix.Key[..matrix.Key.LastIndexOf('.')]), matrix.Value[0]),
        ]).ToDictionary();
        Assert.Equal(widths.Keys.Order(StringComparer.Ordinal), ranges.Keys.Order(StringComparer.Ordinal));
        foreach (var (name, range) in ranges)
        {
            Assert.Equal(widths[name], range.Lowest.Length);
            Assert.All(range.Lowest.Zip(range.Highest), channel =>
            {
                Assert.InRange(channel.First, -100, 0);
                Assert.InRange(channel.Second, 0, 100);
                Assert.NotEqual(channel.First, channel.Second);
            });
        }

        // GELU gives nothing below -0.17, and a norm's channels are what its weight and bias make of them.
        Assert.All(ranges["self_blocks.0.ff.3"].Lowest, lowest => Assert.InRange(lowest, -0.17, 0));
    }

    [Fact]
    public void A_text_of_less_than_sixteen_windows_is_refused()
    {
        var (config, weights) = GoldenSuite.Tiny.Load();
        var error = Assert.Throws<BadInputException>(() =>
            new ReferenceActivations().Measure(config, weights, Text.AsMemory(0, 3071), TestContext.Current.CancellationToken));
        Assert.Contains("3,072", error.Message);
        new ReferenceActivations().Measure(config, weights, Text.AsMemory(0, 3072), TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(1, 17)]
    [InlineData(5, 64)]
    public void Linear_is_the_derived_one_bit_for_bit(int rows, int inputs)
    {
        const int outputs = 9;
        var state = 7UL;
        var parameters = new Dictionary<string, DoubleTensor>
        {
            ["m.weight"] = Random(outputs, inputs),
            ["m.bias"] = Random(outputs),
        };
        var op = new ReferenceOps(name => parameters[name]).At("m");
        var x = Random(2, rows, inputs);

        var derived = op.Add(op.MatMul(x, op.Transpose(op.Parameter("weight", outputs, inputs))), op.Parameter("bias", outputs));
        var actual = op.Linear(x, inputs, outputs);

        Assert.Equal(derived.Shape, actual.Shape);
        Assert.Equal(derived.Data, actual.Data);

        DoubleTensor Random(params int[] shape)
        {
            var tensor = DoubleTensor.Zeros(shape);
            for (var i = 0; i < tensor.Data.Length; i++) tensor.Data[i] = (SplitMix64.Next(ref state) >> 11) * Math.ScaleB(1, -52) - 1;
            return tensor;
        }
    }
}
