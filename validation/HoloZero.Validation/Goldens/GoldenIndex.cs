using System.Text.Json;
using System.Text.Json.Serialization;
using HoloZero.Artifacts;

namespace HoloZero.Validation.Goldens;

/// <summary><c>index.json</c> of a folder of goldens: which files belong to which checkpoint.</summary>
internal sealed record GoldenIndex
{
    public const string FileName = "index.json";
    public const string FormatName = "holozero-goldens";
    public const int CurrentVersion = 1;

    public required string Format { get; init; }

    public required int FormatVersion { get; init; }

    public required IReadOnlyList<SuiteEntry> Suites { get; init; }

    /// <summary>Checkpoints that are known to have no goldens of their own: they are compared with the reference.</summary>
    public required IReadOnlyList<BareCheckpoint> WithoutGoldens { get; init; }

    /// <summary>SHA-256 of every file that a suite uses.</summary>
    public required IReadOnlyDictionary<string, string> Files { get; init; }

    /// <param name="Name">What to call it.</param>
    /// <param name="PrefixAttention">causal or bidirectional.</param>
    /// <param name="Checkpoints">SHA-256 of every checkpoint with these weights, by file name.</param>
    /// <param name="Logits">The safetensors file: <c>CASE.bytes</c>, <c>CASE.logits</c>, perhaps <c>CASE.trace.MODULE</c>.</param>
    /// <param name="Cases">The JSON file: <c>cfg</c>, and below <paramref name="Section"/> one object per case.</param>
    /// <param name="Section">Where in it: names with a slash between them.</param>
    /// <param name="HeldOut">Held-out text.</param>
    internal sealed record SuiteEntry(string Name, string PrefixAttention, IReadOnlyDictionary<string, string> Checkpoints, string Logits,
        string Cases, string Section, HeldOutEntry? HeldOut = null)
    {
        /// <summary>continuous or restarted.</summary>
        public string StreamPositions { get => field ?? "continuous"; init; }

        /// <summary>bare or zero: then there is a row of logits more, of the origin.</summary>
        public string StreamOrigin { get => field ?? "bare"; init; }

        /// <summary>What stands before the names of logits and traces.</summary>
        public string Tensors { get => field ?? ""; init; }

        /// <summary>The JSON file with <c>cfg</c>; null where that stands beside the cases.</summary>
        public string? Configuration { get; init; }

        /// <summary>All three together, as options name them.</summary>
        public string Reading => $"{PrefixAttention}-{StreamPositions}-{StreamOrigin}";
    }

    /// <param name="Text">The file.</param>
    /// <param name="PrefixSlots">Prefix slots of a window.</param>
    /// <param name="StreamBytes">Stream bytes of a window.</param>
    /// <param name="BitsPerByte">The published number.</param>
    /// <param name="Digits">Digits after its point.</param>
    internal sealed record HeldOutEntry(string Text, int PrefixSlots, int StreamBytes, double BitsPerByte, int Digits);

    /// <param name="File">Its name.</param>
    /// <param name="Sha256">Of the file.</param>
    /// <param name="Reason">Why there are no goldens.</param>
    internal sealed record BareCheckpoint(string File, string Sha256, string Reason);

    /// <summary>Reads the index of a folder.</summary>
    /// <exception cref="BadInputException">There is no sound one.</exception>
    public static GoldenIndex Read(string folder)
    {
        if (!Directory.Exists(folder))
            throw new BadInputException(folder, "no such folder", "name a folder of goldens, or leave --golden out");
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            throw new BadInputException(folder, $"it holds no {FileName}", "name a folder of goldens, or leave --golden out");

        using var stream = InputFile.OpenRead(path);
        try
        {
            var index = InputFile.Guard(path, () => JsonSerializer.Deserialize(stream, GoldenIndexJson.Default.GoldenIndex));
            if (index?.Format == FormatName && index.FormatVersion == CurrentVersion) return index;
            throw new BadInputException(path, $"it is not a {FormatName} index of version {CurrentVersion}",
                "use the goldens of this release");
        }
        catch (JsonException e)
        {
            throw new BadInputException(path, $"it is not a sound index ({e.Message})", "copy the goldens again", e);
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(GoldenIndex))]
internal sealed partial class GoldenIndexJson : JsonSerializerContext;
