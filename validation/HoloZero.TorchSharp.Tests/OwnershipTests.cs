using System.Diagnostics;
using HoloZero.Models;
using HoloZero.Testing;
using static TorchSharp.torch;

namespace HoloZero.TorchSharp.Tests;

/// <summary>Who owns tensors, and that nobody forgets them.</summary>
public class OwnershipTests
{
    public OwnershipTests() => TorchSharpHere.Require();

    [Fact]
    public void Memory_is_flat_over_1000_forward_passes()
    {
        var (config, weights) = GoldenSuite.Tiny.Load();
        var test = GoldenSuite.Tiny.Cases.MaxBy(c => c.Bytes.Length)!;
        using var engine = new TorchSharpEngine();
        Run(100);
        var (tensors, bytes) = (Tensor.TotalCount, ResidentBytes());
        Run(1000);
        Assert.Equal(tensors, Tensor.TotalCount);

        // A pass makes more than 1 MB of tensors: 1,000 of them forgotten would be a gigabyte.
        Assert.InRange(ResidentBytes() - bytes, long.MinValue, 16 << 20);

        void Run(int passes)
        {
            for (var i = 0; i < passes; i++)
                engine.Logits(config, weights, test.Prefix(config.SlotBytes), test.Stream(config.SlotBytes), default);
        }
    }

    [Fact]
    public void A_disposed_model_leaves_no_tensors()
    {
        var (config, weights) = GoldenSuite.Tiny.Load();
        var before = Tensor.TotalCount;
        using (var model = new TorchSharpModel(config, weights)) Assert.Equal(before + weights.Count, Tensor.TotalCount);
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void The_state_dict_has_the_published_names_and_gives_the_weights_back_bit_for_bit()
    {
        var (config, weights) = GoldenSuite.Demo.Load();
        using var model = new TorchSharpModel(config, weights);
        Assert.Equal(AsymDec.ParameterShapes(config).Keys.Order(), model.StateDict.Keys.Order());
        var back = model.Weights();
        Assert.All(weights.Values, weight =>
        {
            Assert.Equal(weight.Shape, back[weight.Name].Shape);
            Assert.Equal(weight.Data, back[weight.Name].Data);
        });
    }

    [Fact]
    public void Cancellation_stops_between_modules()
    {
        var (config, weights) = GoldenSuite.Tiny.Load();
        using var engine = new TorchSharpEngine();
        Assert.Throws<OperationCanceledException>(() => engine.Logits(config, weights, [], [65], new(canceled: true)));
    }

    private static long ResidentBytes()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
