using HoloZero.Testing;

namespace HoloZero.TorchSharp.Tests;

/// <summary>The eight readings of tiny.pt by TorchSharp against published PyTorch code.</summary>
public class ReadingParityTests
{
    public static TheoryData<string> Names { get; } = [.. ReadingGoldens.All.Select(test => test.ToString())];

    public ReadingParityTests() => TorchSharpHere.Require();

    [Theory]
    [MemberData(nameof(Names))]
    public void Logits_are_the_published_ones(string name)
    {
        var test = ReadingGoldens.All.Single(test => test.ToString() == name);
        var (config, weights) = ReadingGoldens.Load(test.Reading);
        foreach (var doublePrecision in (bool[])[true, false])
        {
            using var engine = new TorchSharpEngine(new() { DoublePrecision = doublePrecision });
            Assert.Null(TensorComparison.Mismatch<double, double>(name,
                engine.Logits(config, weights, test.Prefix, test.Stream, CancellationToken.None), test.Logits,
                doublePrecision ? 1e-9 : 1e-5));
        }
    }
}
