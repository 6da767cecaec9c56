using System.Globalization;
using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Models.Checkpoints;
using HoloZero.Reference;
using HoloZero.Testing;

namespace HoloZero.Mutants.Tests;

/// <summary>A sound model, to plant faults in.</summary>
internal sealed class SoundModel
{
    private readonly Lazy<byte[]> _checkpoint;
    private readonly ReferenceOnce _engine = new();

    private SoundModel(string name, Reading reading, string? goldenFolder, Func<byte[]> checkpoint) =>
        (Name, Reading, GoldenFolder, _checkpoint) = (name, reading, goldenFolder, new(checkpoint));

    /// <summary>tiny.pt.</summary>
    public static SoundModel Tiny { get; } = new("tiny.pt", new(), Repository.Golden(),
        () => File.ReadAllBytes(Repository.Golden("tiny.pt")));

    /// <summary>tiny.pt with a bidirectional prefix.</summary>
    public static SoundModel TinyBidirectional { get; } = new("tiny.pt", new(PrefixAttention.Bidirectional), Repository.Golden(),
        () => File.ReadAllBytes(Repository.Golden("tiny.pt")));

    /// <summary>tiny.pt whose positions start again with the stream.</summary>
    public static SoundModel TinyRestarted { get; } = new("tiny.pt", new(StreamPositions: StreamPositions.Restarted), Repository.Golden(),
        () => File.ReadAllBytes(Repository.Golden("tiny.pt")));

    /// <summary>tiny.pt with everything read otherwise than by default.</summary>
    public static SoundModel TinyOtherwise { get; } = new("tiny.pt",
        new(PrefixAttention.Bidirectional, StreamPositions.Restarted, StreamOrigin.Zero), Repository.Golden(),
        () => File.ReadAllBytes(Repository.Golden("tiny.pt")));

    /// <summary>tiny.pt with an origin before the stream.</summary>
    public static SoundModel TinyOrigin { get; } = new("tiny.pt", new(StreamOrigin: StreamOrigin.Zero), Repository.Golden(),
        () => File.ReadAllBytes(Repository.Golden("tiny.pt")));

    /// <summary>
    /// tiny.pt with memories so faint that phi(q) . z is of the size of their epsilon. In tiny.pt it is above 1, and what becomes of
    /// an epsilon of 1e-6 there is lost in float32. No other code made goldens of it: the float64 reference does.
    /// </summary>
    public static SoundModel Faint { get; } = new("faint.safetensors", new(), null, Fainter);

    /// <summary>tiny.pt behind a projection of random weights. As of all doors but the zero door, nobody else made goldens of it.</summary>
    public static SoundModel Projected { get; } = Behind("projection.safetensors", new(DoorKind.Projection));

    /// <summary>tiny.pt behind an embedding of random weights.</summary>
    public static SoundModel Embedded { get; } = Behind("embedding.safetensors", new(DoorKind.Embedding));

    /// <summary>tiny.pt behind a zero door on a permuted table.</summary>
    public static SoundModel Permuted { get; } = Behind("permuted.safetensors", new(DoorKind.Zero, SubstrateKind.Permuted, 3));

    /// <summary>tiny.pt behind a zero door on a learned table.</summary>
    public static SoundModel LearnedTable { get; } = Behind("learned.safetensors", new(DoorKind.Zero, SubstrateKind.Learned));

    public string Name { get; }

    public Reading Reading { get; }

    /// <summary>Goldens by other people's code; null where there are none.</summary>
    public string? GoldenFolder { get; }

    /// <summary>Computes the self-check, each prompt once: mutants differ in their graphs, not in the weights that it gets.</summary>
    public IReferenceEngine Engine => _engine;

    /// <summary>Opens its checkpoint, which it puts into <paramref name="folder"/>.</summary>
    public Checkpoint Open(string folder)
    {
        var path = Path.Combine(folder, Name);
        File.WriteAllBytes(path, _checkpoint.Value);
        return Checkpoint.Open(path);
    }

    public override string ToString() => $"{Name}, {Reading}";

    private static SoundModel Behind(string name, DoorConfig door) => new(name, new(), null, () =>
    {
        using var folder = new TemporaryFolder();
        var (config, weights) = DoorModels.With(door);
        CheckpointWriter.WriteSafetensors(folder[name], config, weights);
        return File.ReadAllBytes(folder[name]);
    });

    private static byte[] Fainter()
    {
        const float shift = -7;
        var (config, weights) = GoldenSuite.Tiny.Load();
        var writer = new SafetensorsWriter(new Dictionary<string, string>
        {
            ["dim"] = config.Dim.ToString(CultureInfo.InvariantCulture),
            ["dec_layers"] = config.DecLayers.ToString(CultureInfo.InvariantCulture),
            ["heads"] = config.Heads.ToString(CultureInfo.InvariantCulture),
            ["K"] = config.SlotBytes.ToString(CultureInfo.InvariantCulture),
            ["door"] = "zero",
        });
        foreach (var weight in weights.Values)
        {
            // Queries and keys, the first two thirds: phi of them is close to e^-7.
            var isMemoryBias = Enumerable.Range(0, config.DecLayers).Any(i => weight.Name == $"mem_blocks.{i}.qkv.bias");
            float[] data = isMemoryBias
                ? [.. weight.Data.Select((value, i) => i < 2 * config.Dim ? value + shift : value)]
                : weight.Data;
            writer.Add(weight.Name, [.. weight.Shape.Select(length => (long)length)], data);
        }

        using var file = new MemoryStream();
        writer.Write(file);
        return file.ToArray();
    }

    private sealed class ReferenceOnce : IReferenceEngine
    {
        private readonly ReferenceEngine _reference = new();
        private readonly Dictionary<string, double[]> _known = [];

        public string Name => _reference.Name;

        public double[] Logits(AsymDecConfig config, IReadOnlyDictionary<string, WeightTensor> weights, byte[] prefix, byte[] stream,
            CancellationToken cancellation)
        {
            var prompt = $"{Convert.ToHexString(prefix)} {Convert.ToHexString(stream)}";
            lock (_known)
            {
                if (_known.TryGetValue(prompt, out var logits)) return logits;
                return _known[prompt] = _reference.Logits(config, weights, prefix, stream, cancellation);
            }
        }
    }
}
