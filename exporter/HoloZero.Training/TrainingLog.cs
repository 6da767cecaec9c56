using System.Text.Json;
using System.Text.Json.Serialization;
using HoloZero.Artifacts;
using HoloZero.Models;

namespace HoloZero.Training;

/// <summary>A text that a run learns from or holds out.</summary>
/// <param name="Path">Where it lay, as a full path.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">Its SHA-256 in lower-case hexadecimal.</param>
public sealed record TextSource(string Path, long Bytes, string Sha256);

/// <summary>What a stretch of training did.</summary>
/// <param name="Step">Steps done at its end.</param>
/// <param name="BitsPerByte">Mean over its batches, each before its step; null before the first.</param>
/// <param name="HeldOutBitsPerByte">Of held-out text at its end.</param>
/// <param name="LearningRate">Of its last step.</param>
/// <param name="GradientNorm">Mean over its steps, before clipping.</param>
public sealed record TrainingEntry(long Step, double? BitsPerByte, double HeldOutBitsPerByte, double LearningRate,
    double? GradientNorm);

/// <summary>The network, as <c>cfg</c> has it.</summary>
public sealed record NetworkShape(int Dim, int DecLayers, int Heads, [property: JsonPropertyName("K")] int K, string Door);

/// <summary>
/// <c>training.json</c>: how a run is made, how far it is and what it did. Holds no time, so equal runs give equal files.
/// </summary>
public sealed record TrainingLog
{
    /// <summary>Name of the file in its folder.</summary>
    public const string FileName = "training.json";

    /// <summary>The value of <see cref="Format"/>.</summary>
    public const string FormatName = "holozero-training";

    /// <summary>The format version that this code writes and reads.</summary>
    public const int CurrentVersion = 1;

    /// <summary>What kind of file this is: <see cref="FormatName"/>.</summary>
    public string Format { get; init; } = FormatName;

    /// <summary>Version of the format; a reader refuses those it does not know.</summary>
    public int FormatVersion { get; init; } = CurrentVersion;

    /// <summary>What computed.</summary>
    public required string Engine { get; init; }

    /// <summary>The network.</summary>
    public required NetworkShape Model { get; init; }

    /// <summary>What the weights were at first: a file's SHA-256, or how they were drawn.</summary>
    public required string BeganWith { get; init; }

    /// <summary>How it trains.</summary>
    public required TrainingOptions Options { get; init; }

    /// <summary>The texts, in order.</summary>
    public required IReadOnlyList<TextSource> Texts { get; init; }

    /// <summary>Windows of films; null where it learns from none.</summary>
    public TextSource? Windows { get; init; }

    /// <summary>Held-out text with a file of its own; null where the end of the texts is held out.</summary>
    public TextSource? HeldOut { get; init; }

    /// <summary>Steps done.</summary>
    public long Step { get; init; }

    /// <summary>Sum of the losses, in nats, since the last entry.</summary>
    public double PendingNats { get; init; }

    /// <summary>Sum of the gradient norms since the last entry.</summary>
    public double PendingNorms { get; init; }

    /// <summary>What happened.</summary>
    public IReadOnlyList<TrainingEntry> Entries { get; init; } = [];

    /// <summary>As JSON, the same bytes for the same content.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, TrainingJson.Default.TrainingLog).ReplaceLineEndings("\n") + "\n";

    /// <summary>Reads the file.</summary>
    /// <exception cref="BadInputException">It cannot be read, is no training log, or is of an unknown version.</exception>
    public static TrainingLog Read(string path)
    {
        const string remedy = "name a folder that holozero-export train wrote";
        using var stream = InputFile.OpenRead(path);
        try
        {
            var log = InputFile.Guard(path, () => JsonSerializer.Deserialize(stream, TrainingJson.Default.TrainingLog));
            if (log is null || log.Format != FormatName) throw new BadInputException(path, $"its format is not {FormatName}", remedy);
            if (log.FormatVersion != CurrentVersion)
            {
                throw new BadInputException(path, $"its format version is {log.FormatVersion}, this program reads {CurrentVersion}",
                    "go on with the release that began the run");
            }

            log.Options.Validate();
            return log;
        }
        catch (JsonException e)
        {
            throw new BadInputException(path, $"it is not a sound training log ({e.Message})", remedy, e);
        }
    }
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    Converters = [typeof(LowerCase<PrefixAttention>), typeof(LowerCase<StreamPositions>), typeof(LowerCase<StreamOrigin>)],
        RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(TrainingLog))]
internal sealed partial class TrainingJson : JsonSerializerContext;

internal sealed class LowerCase<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
    where T : struct, Enum;
