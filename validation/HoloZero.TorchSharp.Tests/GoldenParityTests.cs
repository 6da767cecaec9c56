using HoloZero.Testing;
using static TorchSharp.torch;

// The number of living tensors is counted for the whole process.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace HoloZero.TorchSharp.Tests;

/// <summary>TorchSharp against what the published PyTorch code computed: every case of every suite.</summary>
public class GoldenParityTests
{
    public static TheoryData<string, string> Cases { get; } =
        new(GoldenSuite.All.SelectMany(suite => suite.Cases.Select(test => (suite.Name, test.Name))));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Logits_in_float32_are_within_the_promise(string suiteName, string caseName)
    {
        var (suite, test) = Find(suiteName, caseName);
        Assert.Null(TensorComparison.Mismatch<double, double>(test.Name, Logits(suite, test, new()), test.Logits, suite.Tolerance));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Logits_in_float64_are_the_published_ones(string suiteName, string caseName)
    {
        var (suite, test) = Find(suiteName, caseName);
        var logits = Logits(suite, test, new() { DoublePrecision = true });
        Assert.Null(TensorComparison.Mismatch<double, double>(test.Name, logits, test.Logits, 1e-9 * test.Logits.Max(Math.Abs)));
    }

    [Theory]
    [InlineData("tiny", false, 1e-5)]
    [InlineData("tiny-bidirectional", false, 1e-5)]
    [InlineData("tiny", true, 1e-9)]
    [InlineData("tiny-bidirectional", true, 1e-9)]
    public void Every_block_of_the_recorded_traces_agrees(string suiteName, bool doublePrecision, double tolerance)
    {
        var suite = GoldenSuite.All.Single(s => s.Name == suiteName);
        var traces = suite.Cases.Select(test => (test, Trace: suite.Trace(test.Name))).Where(entry => entry.Trace.Count > 0).ToArray();
        Assert.NotEmpty(traces);
        var (config, weights) = suite.Load();
        using var model = new TorchSharpModel(config, weights, new() { DoublePrecision = doublePrecision });
        foreach (var (test, golden) in traces)
        {
            using var scope = NewDisposeScope();
            using var untracked = no_grad();
            var output = model.Forward(model.Bytes(test.Prefix(config.SlotBytes)), model.Bytes(test.Stream(config.SlotBytes)));
            Assert.Equal(golden.Keys.Order(), output.Trace.Select(block => block.Module).Order());
            foreach (var (module, block) in output.Trace)
            {
                var values = block.to_type(ScalarType.Float64).contiguous().data<double>().ToArray();
                var allowed = tolerance * Math.Max(1, golden[module].Max(Math.Abs));
                Assert.Null(TensorComparison.Mismatch<double, double>($"{test.Name} {module}", values, golden[module], allowed,
                    config.Dim));
            }
        }
    }

    [Fact]
    public void A_sequence_continued_byte_by_byte_gives_the_logits_of_the_whole()
    {
        var (config, weights) = GoldenSuite.Tiny.Load();
        using var model = new TorchSharpModel(config, weights);
        foreach (var test in GoldenSuite.Tiny.Cases)
        {
            using var scope = NewDisposeScope();
            using var untracked = no_grad();
            var stream = test.Stream(config.SlotBytes);
            var output = model.Forward(model.Bytes(test.Prefix(config.SlotBytes)), model.Bytes([stream[0]]));
            var rows = new List<Tensor> { output.Logits };
            foreach (var next in stream.Skip(1))
            {
                output = model.Forward(model.Bytes([]), model.Bytes([next]), output.State);
                rows.Add(output.Logits);
            }

            var logits = cat(rows, 1).to_type(ScalarType.Float64).contiguous().data<double>().ToArray();
            Assert.Null(TensorComparison.Mismatch<double, double>(test.Name, logits, test.Logits, 1e-5));
        }
    }

    private static (GoldenSuite Suite, GoldenCase Case) Find(string suiteName, string caseName)
    {
        var suite = GoldenSuite.All.Single(s => s.Name == suiteName);
        return (suite, suite.Cases.Single(test => test.Name == caseName));
    }

    private static double[] Logits(GoldenSuite suite, GoldenCase test, TorchSharpOptions options)
    {
        var (config, weights) = suite.Load();
        using var engine = new TorchSharpEngine(options);
        return engine.Logits(config, weights, test.Prefix(config.SlotBytes), test.Stream(config.SlotBytes), default);
    }
}
