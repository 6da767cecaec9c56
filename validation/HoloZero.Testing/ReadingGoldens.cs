using System.Text.Json;
using HoloZero.Artifacts;
using HoloZero.Models;

namespace HoloZero.Testing;

/// <summary>A prompt of tiny.pt under one reading, with what the published PyTorch code makes of it.</summary>
/// <param name="Name">Its name in the files.</param>
/// <param name="Reading">The reading.</param>
/// <param name="Prefix">The prefix bytes.</param>
/// <param name="Stream">The stream bytes, without an origin.</param>
/// <param name="Logits">[stream, 258], float64; with an origin a row more, which predicts the first byte.</param>
/// <param name="Trace">Outputs of blocks, [rows, 64]; empty where none were recorded.</param>
public sealed record ReadingCase(string Name, Reading Reading, byte[] Prefix, byte[] Stream, double[] Logits,
    IReadOnlyDictionary<string, double[]> Trace)
{
    /// <summary>The first rows that belong to no stream byte: 1 with an origin, else 0.</summary>
    public int OriginRows => Reading.StreamOrigin == StreamOrigin.Zero ? 1 : 0;

    /// <inheritdoc/>
    public override string ToString() => $"{Reading} {Name}";
}

/// <summary>tiny.pt under all eight readings.</summary>
public static class ReadingGoldens
{
    /// <summary>Every prompt under every reading.</summary>
    public static IReadOnlyList<ReadingCase> All { get; } = Read();

    /// <summary>Configuration and weights.</summary>
    public static (AsymDecConfig Config, IReadOnlyDictionary<string, WeightTensor> Weights) Load(Reading reading)
    {
        var (config, weights) = GoldenSuite.Load(Repository.Golden("tiny.pt"), reading.PrefixAttention);
        return (config with { Reading = reading }, weights);
    }

    private static ReadingCase[] Read()
    {
        const int slotBytes = 2;
        using var golden = SafetensorsFile.Open(Repository.Golden("tiny-readings.golden.safetensors"));
        using var json = JsonDocument.Parse(File.ReadAllBytes(Repository.Golden("tiny-readings.golden.json")));
        var cases = new List<ReadingCase>();
        foreach (var reading in Reading.All)
        {
            var section = reading.ToString().Replace("-zero", "-origin", StringComparison.Ordinal);
            foreach (var test in json.RootElement.GetProperty("readings").GetProperty(section).EnumerateObject())
            {
                var bytes = golden.ReadBytes($"{test.Name}.bytes");
                var border = test.Value.GetProperty("prefix_slots").GetInt32() * slotBytes;
                var trace = $"{section}.{test.Name}.trace.";
                cases.Add(new(test.Name, reading, bytes[..border], bytes[border..], golden.ReadFloat64($"{section}.{test.Name}.logits"),
                    golden.Entries.Where(entry => entry.Name.StartsWith(trace, StringComparison.Ordinal))
                        .ToDictionary(entry => entry.Name[trace.Length..], entry => golden.ReadFloat64(entry.Name))));
            }
        }

        return [.. cases];
    }
}
