using System.Globalization;
using System.Text;
using HoloZero.Artifacts;
using HoloZero.Models;

namespace HoloZero.Validation.Goldens;

/// <summary>
/// The logits that an artifact carries: the exporter computed them from the checkpoint, so they tell whether the weights in the graph
/// are still those of the checkpoint.
/// </summary>
internal static class ArtifactGoldens
{
    private const string BytesSuffix = ".bytes";

    /// <summary>Reads them.</summary>
    /// <exception cref="BadInputException">They are damaged, or do not fit the configuration of the manifest.</exception>
    public static IReadOnlyList<GoldenCase> Read(ArtifactFolder artifact, AsymDecConfig config)
    {
        var path = artifact.PathOf(artifact.Manifest.Golden.File);
        using var file = SafetensorsFile.Open(path);
        var cases = file.Entries.Select(entry => entry.Name).Where(name => name.EndsWith(BytesSuffix, StringComparison.Ordinal))
            .Select(name => Read(file, name[..^BytesSuffix.Length], config)).ToArray();
        return cases.Length > 0 ? cases : throw Bad(path, "it holds no cases");
    }

    /// <summary>Prompts for an artifact without goldens: its own, and longer ones for the cache.</summary>
    public static IReadOnlyList<GoldenCase> Prompts(IReadOnlyList<GoldenCase> own, AsymDecConfig config)
    {
        const int longBytes = 200;
        var text = Encoding.UTF8.GetBytes("Every byte, 모든 바이트, ");
        var mixed = Enumerable.Range(0, longBytes)
            .Select(i => i / 40 % 2 == 0 ? text[i % text.Length] : (byte)(i * i * 7 + i * 31)).ToArray();
        return [.. own.Select(test => new GoldenCase(test.Name, test.Bytes, test.PrefixSlots)),
            Mixed("mixed_stream", 0), Mixed("mixed_half", longBytes / 2 / config.SlotBytes)];

        GoldenCase Mixed(string name, int slots) => new(name, GoldenCase.AsRead(config, mixed, slots), slots);
    }

    private static GoldenCase Read(SafetensorsFile file, string name, AsymDecConfig config)
    {
        var bytes = file.ReadBytes(name + BytesSuffix);
        var slots = file.Metadata.TryGetValue($"{name}.prefix_slots", out var text)
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
            : throw Bad(file.Path, $"case {Untrusted.Quote(name)} has no prefix_slots");
        var stream = bytes.Length - (long)slots * config.SlotBytes;
        var rows = stream + (config.StreamOrigin == StreamOrigin.Zero ? 1 : 0);
        var entry = file.Entry($"{name}.logits");
        if (stream < 1 || !entry.Shape.SequenceEqual([rows, AsymDecConfig.Vocabulary]))
        {
            throw Bad(file.Path, $"case {Untrusted.Quote(name)} of {bytes.Length} bytes and {slots} slots of {config.SlotBytes} has logits "
                + TensorShape.Format(entry.Shape));
        }

        return new(name, GoldenCase.AsRead(config, bytes, slots), slots) { Logits = file.ReadFloat64(entry.Name) };
    }

    private static BadInputException Bad(string path, string what) => new(path, what, "export the model again");
}
