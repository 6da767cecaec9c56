using HoloZero.Testing;

namespace HoloZero.Runtime.Tests.GoldenParity;

/// <summary>Exported graphs on ONNX Runtime against numbers of the published PyTorch code.</summary>
public class GoldenParityTests(ExportedSuites suites)
{
    public static TheoryData<GoldenSuite, GoldenCase, string> Cases { get; } =
    [
        .. from variant in ExportedSuites.Variants from suite in GoldenSuite.All from test in suite.Cases select (suite, test, variant),
    ];

    public static TheoryData<string> Variants { get; } = [.. ExportedSuites.Variants];

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void Logits_of_the_whole_sequence(GoldenSuite suite, GoldenCase test, string variant)
    {
        using var session = suites[suite, variant].OpenSession();
        var logits = session.Prefill(test.Prefix(suites[suite, variant].SlotBytes), test.Stream(suites[suite, variant].SlotBytes));
        Assert.Null(TensorComparison.Mismatch<float, double>($"{suite} {variant} {test}", logits.Data, test.Logits, suite.Tolerance));
    }

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void Logits_byte_by_byte_through_the_cache(GoldenSuite suite, GoldenCase test, string variant)
    {
        var model = suites[suite, variant];
        var stream = test.Stream(model.SlotBytes);
        using var session = model.OpenSession();
        var logits = new List<float>();
        for (var i = 0; i < stream.Length; i++)
            logits.AddRange(i == 0 ? session.Prefill(test.Prefix(model.SlotBytes), [stream[0]]).Last : session.Step(stream[i]));

        Assert.Equal(test.PrefixSlots + stream.Length, session.Position);
        Assert.Null(TensorComparison.Mismatch<float, double>($"{suite} {variant} {test}", logits.ToArray(), test.Logits, suite.Tolerance));
    }

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public async Task Greedy_bytes(GoldenSuite suite, GoldenCase test, string variant)
    {
        // The goldens let the stream grow without end, so the window must not re-pack it.
        var options = new GenerationOptions
        {
            MaxBytes = test.Greedy.Length,
            PrefixSlots = test.PrefixSlots,
            Sampling = new() { Greedy = true },
            Window = new() { StreamBytes = 1024, MaxPrefixSlots = 1024 },
        };
        var written = new List<byte>();
        await foreach (var chunk in suites[suite, variant].GenerateAsync(test.Bytes, options, TestContext.Current.CancellationToken))
            written.AddRange(chunk.Bytes.Span);

        Assert.Equal(Convert.ToHexString(test.Greedy), Convert.ToHexString([.. written]));
    }

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void Bits_per_byte(GoldenSuite suite, GoldenCase test, string variant)
    {
        if (test.BitsPerByte is not { } expected)
        {
            Assert.Throws<Artifacts.BadInputException>(() =>
                Scoring.Score(suites[suite, variant], test.Bytes, new() { PrefixSlots = test.PrefixSlots }));
            return;
        }

        var score = Scoring.Score(suites[suite, variant], test.Bytes, new() { PrefixSlots = test.PrefixSlots });
        Assert.Equal(expected, score.BitsPerByte, suite.Tolerance);
        Assert.Equal(test.Stream(suites[suite, variant].SlotBytes).Length - 1, score.Bytes);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Held_out_text_in_windows(string variant)
    {
        var text = File.ReadAllBytes(Repository.Golden("demo-heldout.txt"));
        var score = Scoring.Score(suites[GoldenSuite.Demo, variant], text, new() { PrefixSlots = 24 },
            cancellation: TestContext.Current.CancellationToken);
        Assert.Equal((65_152, 509, 129), (score.Bytes, score.Windows, score.StreamBytes));
        Assert.Equal(1.54526, score.BitsPerByte, 5e-6);
    }
}
