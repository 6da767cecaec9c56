using System.Text.Json;
using HoloZero.Artifacts;
using HoloZero.Models;

using static HoloZero.Validation.Goldens.GoldenIndex;

namespace HoloZero.Validation.Goldens;

/// <summary>Goldens that were made by other people's code. Everything in them is checked before anything is compared with it.</summary>
internal sealed class GoldenFolder
{
    private const string Remedy = "copy the goldens again";
    private readonly string _folder;
    private readonly GoldenIndex _index;

    private GoldenFolder(string folder, GoldenIndex index) => (_folder, _index) = (folder, index);

    /// <summary>Opens a folder.</summary>
    /// <exception cref="BadInputException">It has no sound index.</exception>
    public static GoldenFolder Open(string folder) => new(folder, GoldenIndex.Read(folder));

    /// <summary>
    /// The goldens of the checkpoint that an artifact was made from; null where it is known to have none, with the reason.
    /// </summary>
    /// <exception cref="BadInputException">They are of other checkpoints, or damaged.</exception>
    public (GoldenSuite? Suite, string? WhyNone) For(ArtifactManifest manifest)
    {
        var sha256 = manifest.Source.Sha256;
        if (_index.WithoutGoldens.FirstOrDefault(bare => bare.Sha256 == sha256) is { } known) return (null, known.Reason);

        var ofCheckpoint = _index.Suites.Where(suite => suite.Checkpoints.Values.Contains(sha256)).ToArray();
        if (ofCheckpoint.Length == 0)
        {
            throw Bad(FileName,
                $"it has no goldens of the checkpoint {Untrusted.Quote(manifest.Source.File)} with SHA-256 {Untrusted.Quote(sha256)}",
                "name the goldens of this checkpoint, or leave --golden out");
        }

        var reading = $"{manifest.Model.PrefixAttention}-{manifest.Model.StreamPositions}-{manifest.Model.StreamOrigin}";
        var entry = ofCheckpoint.FirstOrDefault(suite => suite.Reading == reading)
            ?? throw Bad(FileName, $"its goldens of {Untrusted.Quote(manifest.Source.File)} are for the reading "
                + $"{string.Join(", ", ofCheckpoint.Select(suite => suite.Reading))}, not {Untrusted.Quote(reading)}",
                "name goldens for it, or leave --golden out");
        return (Read(entry), null);
    }

    private GoldenSuite Read(SuiteEntry entry)
    {
        using var logits = SafetensorsFile.Open(PathOf(entry.Logits));
        try
        {
            using var json = JsonDocument.Parse(InputFile.ReadBytes(PathOf(entry.Cases)));
            using var configuration = JsonDocument.Parse(InputFile.ReadBytes(PathOf(entry.Configuration ?? entry.Cases)));
            var cfg = configuration.RootElement.GetProperty("cfg");
            var config = new AsymDecConfig(Number(cfg, "dim"), Number(cfg, "dec_layers"), Number(cfg, "heads"), Number(cfg, "K"),
                source: PathOf(entry.Cases))
            {
                Reading = Reading.Parse(entry.PrefixAttention, entry.StreamPositions, entry.StreamOrigin)
                    ?? throw Bad(FileName, $"{Untrusted.Quote(entry.Name)} is of a reading that there is not", Remedy),
            };
            var cases = entry.Section.Split('/').Aggregate(json.RootElement, (element, name) => element.GetProperty(name))
                .EnumerateObject().Select(test => Read(entry, config, logits, test)).ToArray();
            if (cases.Length == 0) throw Bad(entry.Cases, $"its section {Untrusted.Quote(entry.Section)} has no cases", Remedy);

            var heldOut = entry.HeldOut is null ? null : Read(entry.HeldOut, config);
            string?[] named = [entry.Logits, entry.Cases, entry.Configuration, entry.HeldOut?.Text];
            foreach (var file in named.OfType<string>()) RequireHash(file);
            return new(config, new($"published PyTorch code in float64: {entry.Name}, {cases.Length} cases"
                + $"{(heldOut is null ? "" : " and held-out text")}", cases, heldOut));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw Bad(entry.Cases, $"it is not a sound description of cases ({e.Message})", Remedy, e);
        }

        static int Number(JsonElement parent, string name) => parent.GetProperty(name).GetInt32();
    }

    private GoldenCase Read(SuiteEntry entry, AsymDecConfig config, SafetensorsFile file, JsonProperty test)
    {
        var name = test.Name;
        var bytes = file.ReadBytes($"{name}.bytes");
        var slots = test.Value.GetProperty("prefix_slots").GetInt32();
        if (test.Value.TryGetProperty("bytes", out var stated) && stated.GetInt32() is var length && bytes.Length != length)
            throw Bad(entry.Logits, $"case {Untrusted.Quote(name)} has {bytes.Length} bytes, {entry.Cases} says {length}", Remedy);

        byte[] prompt = bytes.Length == 0 ? [0] : bytes;
        var stream = prompt.Length - (long)slots * config.SlotBytes;
        // Behind an origin the stream has a row more; where rows are counted, it is among them.
        var origin = config.StreamOrigin == StreamOrigin.Zero ? 1 : 0;
        var rows = test.Value.TryGetProperty("rows", out var counted) ? counted.GetInt32()
            : test.Value.GetProperty("stream_bytes").GetInt32() + origin;
        if (slots < 0 || stream < 1 || stream + origin != rows)
        {
            throw Bad(entry.Cases,
                $"case {Untrusted.Quote(name)} does not split {prompt.Length} bytes into {slots} slots of {config.SlotBytes} "
                    + "and a stream", Remedy);
        }

        var trace = $"{entry.Tensors}{name}.trace.";
        var traces = file.Entries.Select(e => e.Name).Where(n => n.StartsWith(trace, StringComparison.Ordinal));
        var result = new GoldenCase(name, GoldenCase.AsRead(config, prompt, slots), slots)
        {
            Logits = Floats(file, $"{entry.Tensors}{name}.logits", rows, AsymDecConfig.Vocabulary),
            Greedy = test.Value.TryGetProperty("greedy_hex", out var greedy) ? Convert.FromHexString(greedy.GetString()!) : null,
            BitsPerByte = test.Value.TryGetProperty("bits_per_byte", out var bits) ? bits.GetDouble() : null,
            Trace = traces.ToDictionary(n => n[trace.Length..], n => Floats(file, n, slots + rows, config.Dim)),
        };
        RequireConsistent(entry, config, result);
        return result;
    }

    /// <summary>A golden that contradicts itself convicts nobody.</summary>
    private void RequireConsistent(SuiteEntry entry, AsymDecConfig config, GoldenCase test)
    {
        if (test.BitsPerByte is not { } stated) return;

        var stream = test.Stream(config.SlotBytes);
        var computed = stream.Length < 2 ? double.NaN : Probability.Bits(test.Logits, stream) / (stream.Length - 1);
        if (Math.Abs(computed - stated) <= Tolerances.GoldenConsistency * Math.Max(1, Math.Abs(stated))) return;
        throw Bad(entry.Logits,
            $"its logits of case {Untrusted.Quote(test.Name)} give {computed:g9} bits per byte, {entry.Cases} says {stated:g9}", Remedy);
    }

    private double[] Floats(SafetensorsFile file, string name, long rows, int columns)
    {
        var entry = file.Entry(name);
        if (!entry.Shape.SequenceEqual([rows, columns]))
        {
            throw Bad(Path.GetFileName(file.Path),
                $"{Untrusted.Quote(name)} has the shape {TensorShape.Format(entry.Shape)}, expected is [{rows}, {columns}]",
                "use the goldens of this configuration");
        }

        var values = file.ReadFloat64(name);
        var at = Array.FindIndex(values, value => !double.IsFinite(value));
        return at < 0 ? values
            : throw Bad(Path.GetFileName(file.Path),
                $"{Untrusted.Quote(name)} is {values[at]} at [{at / columns}, {at % columns}]", Remedy);
    }

    private HeldOut Read(HeldOutEntry entry, AsymDecConfig config)
    {
        var path = PathOf(entry.Text);
        var text = InputFile.ReadBytes(path);
        if (entry.PrefixSlots < 0 || entry.StreamBytes < 2 || (long)entry.PrefixSlots * config.SlotBytes + entry.StreamBytes > text.Length
            || !double.IsFinite(entry.BitsPerByte) || entry.Digits is < 1 or > 15)
        {
            throw Bad(FileName, $"the windows of {Untrusted.Quote(entry.Text)} do not fit its {text.Length} bytes", Remedy);
        }

        return new(text, entry.PrefixSlots, entry.StreamBytes, entry.BitsPerByte, entry.Digits);
    }

    private void RequireHash(string name)
    {
        if (!_index.Files.TryGetValue(name, out var expected))
            throw Bad(FileName, $"it uses {Untrusted.Quote(name)} without listing its hash", Remedy);
        if (FileHash.Sha256(PathOf(name)) is var actual && actual != expected)
            throw Bad(name, $"it has SHA-256 {actual}, {FileName} says {Untrusted.Quote(expected)}", Remedy);
    }

    private string PathOf(string name) => name == Path.GetFileName(name) ? Path.Combine(_folder, name)
        : throw Bad(FileName, $"it names {Untrusted.Quote(name)}, which is not a plain file name", Remedy);

    private BadInputException Bad(string file, string what, string remedy, Exception? inner = null) =>
        new(Path.Combine(_folder, file), what, remedy, inner);
}

/// <summary>Goldens with the configuration that they were made for.</summary>
internal sealed record GoldenSuite(AsymDecConfig Config, GoldenSet Set);
