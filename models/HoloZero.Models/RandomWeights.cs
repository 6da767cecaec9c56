using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using HoloZero.Artifacts;
using HoloZero.Models.Checkpoints;

namespace HoloZero.Models;

/// <summary>
/// Weights of no training, for measuring speed at a size that no checkpoint at hand has: bell-shaped numbers around what a fresh network
/// starts from, such that logits are of ordinary size. A configuration and a seed give the same bits on every machine. Immutable and
/// thread-safe.
/// </summary>
/// <remarks>
/// Each tensor has a SplitMix64 generator of its own, started at the seed mixed with the FNV-1a hash of its name. A number is the sum
/// of the four 16-bit quarters of one output, centred and scaled to a variance of 1: integers and roundings that IEEE 754 prescribes,
/// where logarithms and cosines would differ from one system library to the next. A matrix [out, in] is scaled by 1/sqrt(in); a norm's
/// weight is 1 and a gate 0.5, each, like the biases, give or take 0.02 of such a number.
/// </remarks>
public sealed class RandomWeights : IWeightSource
{
    private const double Spread = 0.02, Gate = 0.5;

    /// <param name="config">The network.</param>
    /// <param name="seed">Any number.</param>
    public RandomWeights(AsymDecConfig config, ulong seed) => (Config, Seed) = (config, seed);

    /// <inheritdoc/>
    public AsymDecConfig Config { get; }

    /// <inheritdoc/>
    public PartialReading SavedReading { get; } = new();

    /// <summary>What the numbers start from.</summary>
    public ulong Seed { get; }

    /// <inheritdoc/>
    public string Name => FormattableString.Invariant(
        $"random weights: dim {Config.Dim}, dec_layers {Config.DecLayers}, heads {Config.Heads}, K {Config.SlotBytes}, ")
            + FormattableString.Invariant($"{OtherDoor}seed {Seed}");

    /// <inheritdoc/>
    public string Format => "random";

    /// <inheritdoc/>
    public IReadOnlyList<string> StoredTypes => ["float32"];

    /// <summary>Finds a configuration.</summary>
    /// <param name="config">A name of <see cref="ConfigurationFile.Known"/> or the path of a JSON file.</param>
    /// <param name="seed">Any number.</param>
    /// <exception cref="BadInputException">It is neither, or describes no network.</exception>
    public static RandomWeights Open(string config, ulong seed) => new(ConfigurationFile.Find("random", config), seed);

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, WeightTensor> LoadWeights(IReadOnlyDictionary<string, int[]> expectedShapes)
    {
        WeightMemory.Require(expectedShapes);
        return expectedShapes.ToDictionary(p => p.Key, p => new WeightTensor(p.Key, [.. p.Value], Data(p.Key, p.Value)),
            StringComparer.Ordinal);
    }

    /// <summary>The SHA-256 of the numbers, little-endian float32, tensors in the order of their names' code units.</summary>
    public string Sha256()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, shape) in AsymDec.ParameterShapes(Config).OrderBy(p => p.Key, StringComparer.Ordinal))
            hash.AppendData(MemoryMarshal.AsBytes(Data(name, shape).AsSpan()));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private string OtherDoor => Config.Door == new DoorConfig() ? "" : $"door {Config.Door}, ";

    private float[] Data(string name, int[] shape)
    {
        var (centre, scale) = shape.Length > 1 ? (0, 1 / Math.Sqrt(shape[^1]))
            : name.EndsWith(".gate", StringComparison.Ordinal) ? (Gate, Spread)
            : name.EndsWith(".weight", StringComparison.Ordinal) ? (1, Spread)
            : (0, Spread);
        var state = SplitMix64.Mix(Seed) ^ Fnv1a(name);
        var data = new float[shape.Aggregate(1, (a, b) => a * b)];
        for (var i = 0; i < data.Length; i++) data[i] = (float)(centre + scale * Bell(SplitMix64.Next(ref state)));
        return data;
    }

    /// <summary>Mean 0, variance 1, within 3.47 of 0: each quarter is uniform over 0..65,535, with a variance of (2^32 - 1) / 12.</summary>
    private static double Bell(ulong bits)
    {
        var sum = (int)(bits & 0xFFFF) + (int)(bits >> 16 & 0xFFFF) + (int)(bits >> 32 & 0xFFFF) + (int)(bits >> 48);
        return (sum - 2 * 65_535) / Math.Sqrt(4 * (4_294_967_295.0 / 12));
    }

    private static ulong Fnv1a(string name) =>
        Encoding.UTF8.GetBytes(name).Aggregate(14_695_981_039_346_656_037, (hash, value) => (hash ^ value) * 1_099_511_628_211);
}
