using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Testing;

namespace HoloZero.Reference.Tests;

/// <summary>The eight readings of tiny.pt in float64 against published PyTorch code in float64.</summary>
public sealed class ReadingParityTests
{
    private const double Tolerance = 1e-9;

    public static TheoryData<string> Names { get; } = [.. ReadingGoldens.All.Select(test => test.ToString())];

    [Theory]
    [MemberData(nameof(Names))]
    public void Logits_and_blocks_are_the_published_ones(string name)
    {
        var test = ReadingGoldens.All.Single(test => test.ToString() == name);
        var (config, weights) = ReadingGoldens.Load(test.Reading);
        var output = new ReferenceModel(config, weights).Forward(test.Prefix, config.Stream(test.Stream));
        Assert.Null(TensorComparison.Mismatch<double, double>(name, output.Logits.Data, test.Logits, Tolerance));
        Assert.Equal(output.Logits.Data, new ReferenceEngine().Logits(config, weights, test.Prefix, test.Stream, CancellationToken.None));
        foreach (var (module, expected) in test.Trace)
        {
            Assert.Null(TensorComparison.Mismatch<double, double>($"{name} {module}",
                output.Trace.Single(block => block.Module == module).Output.Data, expected, Tolerance));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Byte_by_byte_gives_the_same(string name)
    {
        var test = ReadingGoldens.All.Single(test => test.ToString() == name);
        var (config, weights) = ReadingGoldens.Load(test.Reading);
        var model = new ReferenceModel(config, weights);
        var (stream, state) = (config.Stream(test.Stream), (AsymDecState<DoubleTensor>?)null);
        for (var i = 0; i < stream.Length; i++)
        {
            var output = model.Forward(i == 0 ? test.Prefix : [], [stream[i]], state);
            state = output.State;
            Assert.Null(TensorComparison.Mismatch<double, double>($"{name} row {i}", output.Logits.Data,
                test.Logits.AsSpan(i * ByteVocabulary.Size, ByteVocabulary.Size).ToArray(), Tolerance));
        }
    }

    [Fact]
    public void The_goldens_tell_every_reading_from_every_other()
    {
        foreach (var group in ReadingGoldens.All.Where(test => test.Name == "long_half").ToArray())
        {
            foreach (var other in ReadingGoldens.All.Where(test => test.Name == "long_half" && test.Reading != group.Reading))
            {
                var last = ByteVocabulary.Size;
                Assert.True(group.Logits[^last..].Zip(other.Logits[^last..]).Max(pair => Math.Abs(pair.First - pair.Second)) > 1e-3);
            }
        }
    }
}
