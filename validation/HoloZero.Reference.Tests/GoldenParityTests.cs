using HoloZero.Models;
using HoloZero.Testing;

namespace HoloZero.Reference.Tests;

/// <summary>The float64 reference against logits and block outputs of the published PyTorch code in float64.</summary>
public class GoldenParityTests
{
    // Both sides are float64 with the same float32 tables; what is left is the order of sums.
    private const double Relative = 1e-9;

    public static TheoryData<GoldenSuite, GoldenCase> Cases { get; } =
        [.. GoldenSuite.All.SelectMany(suite => suite.Cases.Select(test => (suite, test)))];

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void Logits_equal_the_published_ones(GoldenSuite suite, GoldenCase test)
    {
        var (config, weights) = suite.Load();
        var output = new ReferenceModel(config, weights).Forward(test.Prefix(config.SlotBytes), test.Stream(config.SlotBytes));

        Assert.Null(TensorComparison.Mismatch<double, double>($"{suite} {test}", output.Logits.Data, test.Logits,
            Relative * test.Logits.Max(Math.Abs)));
    }

    [Fact]
    public void Every_block_of_the_trace_equals_the_published_one()
    {
        foreach (var suite in (GoldenSuite[])[GoldenSuite.Tiny, GoldenSuite.TinyBidirectional])
        {
            var (config, weights) = suite.Load();
            var test = suite.Cases.Single(c => c.Name == "korean_serve");
            var output = new ReferenceModel(config, weights).Forward(test.Prefix(config.SlotBytes), test.Stream(config.SlotBytes));
            var golden = suite.Trace(test.Name);

            Assert.Equal(golden.Keys.Order(), output.Trace.Select(block => block.Module).Order());
            foreach (var (module, actual) in output.Trace)
            {
                Assert.Null(TensorComparison.Mismatch<double, double>($"{suite} {module}", actual.Data, golden[module],
                    Relative, config.Dim));
            }
        }
    }

    [Fact]
    public void Greedy_continuations_equal_the_published_ones_byte_by_byte()
    {
        var (config, weights) = GoldenSuite.Tiny.Load();
        var model = new ReferenceModel(config, weights);
        foreach (var test in GoldenSuite.Tiny.Cases)
        {
            var output = model.Forward(test.Prefix(config.SlotBytes), test.Stream(config.SlotBytes));
            var written = new List<byte>();
            while (written.Count < test.Greedy.Length)
            {
                var last = output.Logits.Data.AsSpan()[^AsymDecConfig.Vocabulary..].ToArray();
                written.Add(checked((byte)Array.IndexOf(last, last.Max())));
                output = model.Forward([], [written[^1]], output.State);
            }

            Assert.Equal(Convert.ToHexString(test.Greedy), Convert.ToHexString([.. written]));
        }
    }

    [Fact]
    public void A_sequence_in_pieces_equals_the_whole()
    {
        var (config, weights) = GoldenSuite.TinyBidirectional.Load();
        var model = new ReferenceModel(config, weights);
        var test = GoldenSuite.TinyBidirectional.Cases.Single(c => c.Name == "long_half");
        var stream = test.Stream(config.SlotBytes);
        foreach (var pieceLength in (int[])[1, 2, 3, 7, 50])
        {
            var logits = new List<double>();
            AsymDecState<DoubleTensor>? state = null;
            for (var done = 0; done < stream.Length; done += pieceLength)
            {
                var piece = stream[done..Math.Min(stream.Length, done + pieceLength)];
                var output = model.Forward(done == 0 ? test.Prefix(config.SlotBytes) : [], piece, state);
                state = output.State;
                logits.AddRange(output.Logits.Data);
            }

            Assert.Null(TensorComparison.Mismatch<double, double>($"pieces of {pieceLength}", logits.ToArray(), test.Logits,
                Relative * 10));
        }
    }

    [Fact]
    public void The_error_function_is_exact_to_the_last_digits()
    {
        // Abramowitz and Stegun, table 7.1, and NIST DLMF 7.23 for larger arguments.
        (double X, double Erf)[] published =
        [
            (0, 0), (0.1, 0.1124629160182848922), (0.5, 0.5204998778130465377), (1, 0.8427007929497148693),
            (2, 0.9953222650189527342), (2.6, 0.9997639655834707), (3, 0.9999779095030014146), (5.5, 0.999999999999992642),
        ];
        foreach (var (x, erf) in published)
        {
            Assert.Equal(erf, ErrorFunction.Erf(x), 1e-15);
            Assert.Equal(-erf, ErrorFunction.Erf(-x), 1e-15);
        }
    }
}
