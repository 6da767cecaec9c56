using System.Text.Json;
using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Models.Checkpoints;

namespace HoloZero.Testing;

/// <summary>A prompt with what the published PyTorch code makes of it.</summary>
/// <param name="Name">Its name in the files.</param>
/// <param name="Bytes">The prompt as the model sees it: the empty one is a single 0x00.</param>
/// <param name="PrefixSlots">How many slots of it are prefix.</param>
/// <param name="Logits">[stream, 258], float64.</param>
/// <param name="Greedy">Greedy continuation: prefix fixed, stream growing.</param>
/// <param name="BitsPerByte">Of the stream bytes but the first; null where there is only one.</param>
public sealed record GoldenCase(string Name, byte[] Bytes, int PrefixSlots, double[] Logits, byte[] Greedy, double? BitsPerByte)
{
    /// <summary>The prefix bytes.</summary>
    public byte[] Prefix(int slotBytes) => Bytes[..(PrefixSlots * slotBytes)];

    /// <summary>The stream bytes.</summary>
    public byte[] Stream(int slotBytes) => Bytes[(PrefixSlots * slotBytes)..];

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>A checkpoint with the goldens made from it, of <c>validation/golden</c>.</summary>
public sealed class GoldenSuite
{
    private readonly string _logitsFile;

    private GoldenSuite(string name, string checkpoint, string logitsFile, string jsonFile, string section, PrefixAttention attention,
        double tolerance)
    {
        (Name, CheckpointPath, _logitsFile, PrefixAttention, Tolerance) = (name, checkpoint, logitsFile, attention, tolerance);
        using var golden = SafetensorsFile.Open(logitsFile);
        using var json = JsonDocument.Parse(File.ReadAllBytes(jsonFile));
        Cases = [.. json.RootElement.GetProperty(section).EnumerateObject().Select(c => Read(golden, c))];
    }

    /// <summary>tiny.pt, causal.</summary>
    public static GoldenSuite Tiny { get; } = new("tiny", Repository.Golden("tiny.pt"), Repository.Golden("tiny.golden.safetensors"),
        Repository.Golden("tiny.golden.json"), "causal", PrefixAttention.Causal, 1e-5);

    /// <summary>tiny.pt with a bidirectional prefix.</summary>
    public static GoldenSuite TinyBidirectional { get; } = new("tiny-bidirectional", Repository.Golden("tiny.pt"),
        Repository.Golden("tiny-bidirectional.golden.safetensors"), Repository.Golden("tiny.golden.json"), "bidirectional",
        PrefixAttention.Bidirectional, 1e-5);

    /// <summary>The demo checkpoint.</summary>
    public static GoldenSuite Demo { get; } = new("demo", Path.Combine(Repository.Root, "models", "demo", "demo.pt"),
        Repository.Golden("demo.golden.safetensors"), Repository.Golden("demo.golden.json"), "prompts", PrefixAttention.Causal, 1e-4);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<GoldenSuite> All { get; } = [Tiny, TinyBidirectional, Demo];

    /// <summary>What to call it.</summary>
    public string Name { get; }

    /// <summary>The checkpoint.</summary>
    public string CheckpointPath { get; }

    /// <summary>What a prefix position sees.</summary>
    public PrefixAttention PrefixAttention { get; }

    /// <summary>How far float32 logits may be from the golden ones, absolute.</summary>
    public double Tolerance { get; }

    /// <summary>The prompts.</summary>
    public IReadOnlyList<GoldenCase> Cases { get; }

    /// <summary>Configuration and weights of the checkpoint.</summary>
    public (AsymDecConfig Config, IReadOnlyDictionary<string, WeightTensor> Weights) Load() => Load(CheckpointPath, PrefixAttention);

    /// <summary>Configuration and weights of a checkpoint.</summary>
    public static (AsymDecConfig Config, IReadOnlyDictionary<string, WeightTensor> Weights) Load(string path, PrefixAttention attention)
    {
        using var checkpoint = Checkpoint.Open(path);
        var config = checkpoint.Config with { PrefixAttention = attention };
        return (config, checkpoint.LoadWeights(AsymDec.ParameterShapes(config)));
    }

    /// <summary>Outputs of the door and every block for one case, by module name; empty where none were recorded.</summary>
    public IReadOnlyDictionary<string, double[]> Trace(string test)
    {
        using var golden = SafetensorsFile.Open(_logitsFile);
        var prefix = $"{test}.trace.";
        return golden.Entries.Where(e => e.Name.StartsWith(prefix, StringComparison.Ordinal))
            .ToDictionary(e => e.Name[prefix.Length..], e => golden.ReadFloat64(e.Name));
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static GoldenCase Read(SafetensorsFile golden, JsonProperty test)
    {
        var bytes = golden.ReadBytes($"{test.Name}.bytes");
        return new(test.Name, bytes.Length == 0 ? [0] : bytes, test.Value.GetProperty("prefix_slots").GetInt32(),
            golden.ReadFloat64($"{test.Name}.logits"), Convert.FromHexString(test.Value.GetProperty("greedy_hex").GetString()!),
            test.Value.TryGetProperty("bits_per_byte", out var bits) ? bits.GetDouble() : null);
    }
}
