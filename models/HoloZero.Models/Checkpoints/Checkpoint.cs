using System.Collections.Immutable;
using HoloZero.Artifacts;

namespace HoloZero.Models.Checkpoints;

/// <summary>
/// A trained AsymDec in a file, of whatever format. Opening reads and validates the description; weights are read by
/// <see cref="LoadWeights"/>, and nothing but the weights ever is: what else a training run saved may be larger than memory.
/// No code in the file is run. Owns the open file: dispose it. The properties are thread-safe, the methods are not.
/// </summary>
public abstract class Checkpoint : IWeightSource, IDisposable
{
    // Views may share and repeat storage, and records may be compressed: without a bound a small file could ask for all memory.
    // Honest files stay below 2 (float16 widened) times the number of names for one tensor.
    private const long BudgetBase = 64 << 20;
    private const long BudgetFactor = 16;

    // A flipped bit in an exponent makes 1e30 of a weight; honest ones are a few units.
    private const float LargestWeight = 1e12f;

    private const int MaxPrefixed = 256, Sha256Digits = 64;
    private static readonly string[] Prefixes = ["module.", "_orig_mod."];
    private readonly FileStream _stream;
    private readonly long _length;
    private string? _sha256;

    private protected Checkpoint(string path, string format, FileStream stream, (AsymDecConfig Config, PartialReading Saved) told,
        ImmutableArray<StoredTensor> tensors)
    {
        (Path, Format, (Config, SavedReading), Tensors) = (path, format, told, tensors);
        (_stream, _length) = (stream, stream.Length);
    }

    /// <summary>The path that it was opened by.</summary>
    public string Path { get; }

    /// <inheritdoc/>
    public string Name => System.IO.Path.GetFileName(Path);

    /// <summary>The file's format: <c>pytorch-zip</c> or <c>safetensors</c>.</summary>
    public string Format { get; }

    /// <summary>
    /// The configuration in the file. Files that others wrote do not tell the reading: it is our default, for the caller to change
    /// (<c>with { Reading = ... }</c>).
    /// </summary>
    public AsymDecConfig Config { get; }

    /// <inheritdoc/>
    public PartialReading SavedReading { get; }

    /// <summary>A line for each value of its configuration that is not read, with what it might mean; for people.</summary>
    public IReadOnlyList<string> Notes { get; private protected init; } = [];

    /// <summary>The model's tensors, in the file's order.</summary>
    public ImmutableArray<StoredTensor> Tensors { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> StoredTypes =>
        [.. Tensors.Select(tensor => tensor.Type.Name()).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The SHA-256 of the file in lower-case hexadecimal; computed at the first call, by reading the whole file.</summary>
    /// <exception cref="BadInputException">The disk fails.</exception>
    public string Sha256() => _sha256 ??= FileHash.Sha256(Path, _stream.SafeFileHandle);

    /// <summary>Opens a checkpoint. Its content, not its name, tells the format.</summary>
    /// <param name="path">The file.</param>
    /// <param name="sha256">
    /// The SHA-256 that it must have, in hexadecimal of either case, held against it before it is parsed; null is any.
    /// </param>
    /// <exception cref="BadInputException">
    /// The file cannot be read, is not a PyTorch zip or safetensors file, is damaged or hostile, or holds no AsymDec behind the
    /// zero door. The message names the file and the cause. Or <paramref name="sha256"/> is no hash, or not that of the file.
    /// </exception>
    public static Checkpoint Open(string path, string? sha256 = null)
    {
        if (sha256 is not null && (sha256.Length != Sha256Digits || !sha256.All(char.IsAsciiHexDigit)))
        {
            throw new BadInputException("sha256", $"{Untrusted.Quote(sha256)} is not {Sha256Digits} hexadecimal digits",
                "give what sha256sum prints");
        }

        var stream = InputFile.OpenRead(path);
        try
        {
            if (sha256 is not null && FileHash.Sha256(path, stream.SafeFileHandle) is var actual
                && !actual.Equals(sha256, StringComparison.OrdinalIgnoreCase))
            {
                throw new BadInputException(path, $"its SHA-256 is {actual}, not {sha256.ToLowerInvariant()}",
                    "download it again, or ask whoever published it for its hash");
            }

            return CheckpointFormat.Detect(path, stream) switch
            {
                CheckpointFormat.PyTorchZip => PyTorchCheckpoint.Open(path, stream),
                _ => SafetensorsCheckpoint.Open(path, stream),
            };
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Reads the weights as float32: float16 and bfloat16 exactly, float64 to the nearest.</summary>
    /// <param name="expectedShapes">Name and shape of every parameter of the network; the checkpoint must have these and no other.</param>
    /// <returns>The tensors by name, finite, row-major and contiguous; the caller owns them.</returns>
    /// <exception cref="BadInputException">
    /// Tensors are missing, unexpected, of another shape, not floating-point, not finite, beyond 1e12, damaged, or cannot be read.
    /// </exception>
    public IReadOnlyDictionary<string, WeightTensor> LoadWeights(IReadOnlyDictionary<string, int[]> expectedShapes)
    {
        RequireNames(expectedShapes);
        RequireShapes(expectedShapes);
        RequireTypes();
        RequireSizes();
        var weights = new Dictionary<string, WeightTensor>(StringComparer.Ordinal);
        foreach (var (name, data) in ReadAll())
        {
            RequireFinite(name, expectedShapes[name], data);
            weights.Add(name, new WeightTensor(name, [.. expectedShapes[name]], data));
        }
        return weights;
    }

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        DisposeReader();
        _stream.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected abstract void DisposeReader();

    /// <summary>Reads every tensor of <see cref="Tensors"/>, in any order.</summary>
    private protected abstract IEnumerable<KeyValuePair<string, float[]>> ReadAll();

    /// <summary>Refuses to take more memory than a file of this size can honestly need.</summary>
    private protected void RequireBytes(Int128 bytes)
    {
        if (bytes <= MemoryBudget(_length)) return;
        throw Bad($"its tensors would take {bytes} bytes of memory, far more than its {_length} bytes can hold",
            "save it anew with contiguous tensors, uncompressed");
    }

    private protected static Int128 MemoryBudget(long fileLength) => BudgetBase + (Int128)BudgetFactor * fileLength;

    private protected BadInputException Bad(string what, string remedy) => new(Path, what, remedy);

    /// <summary>Strips what data-parallel and compiled models put in front of every name.</summary>
    private protected static OrderedDictionary<string, T> StripPrefixes<T>(string path, IEnumerable<KeyValuePair<string, T>> tensors)
    {
        var stripped = new OrderedDictionary<string, T>(StringComparer.Ordinal);
        foreach (var (name, tensor) in tensors)
        {
            var start = 0;
            while (Prefixes.FirstOrDefault(p => name.AsSpan(start).StartsWith(p, StringComparison.Ordinal)) is { } prefix)
            {
                start += prefix.Length;
            }
            if (stripped.TryAdd(name[start..], tensor)) continue;
            throw new BadInputException(path, $"it has two tensors {Untrusted.Quote(name[start..])}, with and without a prefix",
                "save the state dict of the bare model");
        }
        return stripped;
    }

    private void RequireNames(IReadOnlyDictionary<string, int[]> expected)
    {
        var present = Tensors.Select(t => t.Name).ToHashSet(StringComparer.Ordinal);
        var missing = expected.Keys.Where(name => !present.Contains(name)).ToList();
        var unexpected = Tensors.Select(t => t.Name).Where(name => !expected.ContainsKey(name)).ToList();
        if (missing.Count > 0 && CommonPrefix(expected, present) is { } prefix)
        {
            throw Bad($"its tensors are those of the network with {Untrusted.Quote(prefix)} before each name",
                $"save them without it: {{k.removeprefix('{prefix}'): v for k, v in state_dict.items()}}");
        }

        var faults = new List<string>();
        if (missing.Count > 0) faults.Add($"{missing.Count} missing: {Untrusted.QuoteFew(missing)}");
        if (unexpected.Count > 0)
        {
            faults.Add($"{unexpected.Count} unexpected: {Untrusted.QuoteFew(unexpected)}"
                + $"{ForeignNames.OfTensors(unexpected)}");
        }

        if (faults.Count > 0) throw Foreign($"its tensors are not those of the network, {string.Join(", ", faults)}");
    }

    /// <summary>What stands before every expected name where the network is a part of another module; else null.</summary>
    private static string? CommonPrefix(IReadOnlyDictionary<string, int[]> expected, HashSet<string> present)
    {
        var last = expected.Keys.MaxBy(name => name.Length)!;
        return present.Where(name => name.Length <= MaxPrefixed && name.EndsWith($".{last}", StringComparison.Ordinal))
            .Select(name => name[..^last.Length]).Where(prefix => prefix.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.'))
            .FirstOrDefault(prefix => expected.Keys.All(name => present.Contains(prefix + name)));
    }

    private void RequireShapes(IReadOnlyDictionary<string, int[]> expected)
    {
        var wrong = Tensors.Where(t => !t.Shape.SequenceEqual(expected[t.Name].Select(d => (long)d))).ToList();
        if (wrong.Count == 0) return;
        var first = wrong[0];
        var more = wrong.Count > 1 ? $" (and {wrong.Count - 1} more tensors are of another shape)" : "";
        throw Foreign($"its tensor {Untrusted.Quote(first.Name)} has the shape {TensorShape.Format(first.Shape)}, "
            + $"expected is {TensorShape.Format([.. expected[first.Name]])}{more}");
    }

    private void RequireTypes()
    {
        if (Tensors.FirstOrDefault(t => !t.Type.IsFloatingPoint()) is not { } wrong) return;
        throw Foreign($"its tensor {Untrusted.Quote(wrong.Name)} is {wrong.Type}, weights are floating-point");
    }

    private void RequireSizes()
    {
        Int128 bytes = 0;
        foreach (var tensor in Tensors)
        {
            if (!TensorShape.TryCount(tensor.Shape.AsSpan(), out var count) || count > Array.MaxLength)
            {
                throw Foreign($"its tensor {Untrusted.Quote(tensor.Name)} has more than {Array.MaxLength} elements");
            }
            bytes += count * (long)sizeof(float);
        }
        RequireBytes(bytes);
    }

    private void RequireFinite(string name, int[] shape, float[] data)
    {
        var at = Array.FindIndex(data, value => !(MathF.Abs(value) <= LargestWeight));
        if (at < 0) return;
        var (index, rest) = (new long[shape.Length], at);
        for (var axis = shape.Length - 1; axis >= 0; axis--) (rest, index[axis]) = (rest / shape[axis], rest % shape[axis]);
        if (float.IsFinite(data[at]))
        {
            throw Bad(FormattableString.Invariant($"its tensor {Untrusted.Quote(name)} is {data[at]:g3} at {TensorShape.Format(index)}, ")
                + "more than any training gives", "copy or download the file again, or use a checkpoint from before the training diverged");
        }

        var value = float.IsNaN(data[at]) ? "NaN" : "infinite as float32";
        throw Bad($"its tensor {Untrusted.Quote(name)} is {value} at {TensorShape.Format(index)}",
            "use a checkpoint from before the training diverged");
    }

    private BadInputException Foreign(string what) => Bad(what, "use a checkpoint of the network that its configuration describes: "
        + $"dim {Config.Dim}, dec_layers {Config.DecLayers}, heads {Config.Heads}, K {Config.SlotBytes}");
}
