using System.Text.Json;
using System.Text.Json.Serialization;
using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Models.Training;

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

/// <summary>A run that was at its end, or before it, and was given another one.</summary>
/// <param name="Step">Steps done then.</param>
/// <param name="Steps">The number of steps that it had before.</param>
public sealed record TrainingExtension(long Step, long Steps);

/// <summary>The network, as <c>cfg</c> has it.</summary>
public sealed record NetworkShape(int Dim, int DecLayers, int Heads, [property: JsonPropertyName("K")] int K, string Door)
{
    /// <summary>The network of a configuration.</summary>
    public static NetworkShape Of(AsymDecConfig config) =>
        new(config.Dim, config.DecLayers, config.Heads, config.SlotBytes, DoorConfig.Name(config.Door.Kind))
        {
            Substrate = DoorConfig.Name(config.Door.Substrate),
            SubstrateSeed = config.Door.Seed,
        };

    /// <summary>Where the features of a byte alone come from.</summary>
    /// <value>hsl, where an earlier release wrote it.</value>
    public string Substrate { get => field ?? "hsl"; init; }

    /// <summary>The seed of a random or permuted substrate; 0 for the others.</summary>
    public uint SubstrateSeed { get; init; }
}

/// <summary>
/// <c>training.json</c>: how a run is made, how far it is and what it did. Holds no time, so equal runs give equal files.
/// </summary>
public sealed record TrainingLog
{
    /// <summary>Name of the file in its folder.</summary>
    public const string FileName = "training.json";

    /// <summary>The value of <see cref="Format"/>.</summary>
    public const string FormatName = "holozero-training";

    /// <summary>The format version that this code writes; it reads the one before as well, which had no precision.</summary>
    public const int CurrentVersion = 3;

    private const int OldestVersion = 2;

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

    /// <summary>Held-out texts with files of their own; none where the end of each text is held out.</summary>
    public IReadOnlyList<TextSource> HeldOut { get; init; } = [];

    /// <summary>Steps done.</summary>
    public long Step { get; init; }

    /// <summary>Sum of the losses, in nats, since the last entry.</summary>
    public double PendingNats { get; init; }

    /// <summary>Sum of the gradient norms since the last entry.</summary>
    public double PendingNorms { get; init; }

    /// <summary>What happened.</summary>
    public IReadOnlyList<TrainingEntry> Entries { get; init; } = [];

    /// <summary>The other ends that it had before.</summary>
    public IReadOnlyList<TrainingExtension> Extensions { get; init; } = [];

    /// <summary>Steps whose weights are kept in files of their own.</summary>
    public IReadOnlyList<long> Kept { get; init; } = [];

    /// <summary>The SHA-256 of each file beside this one that a resumed run reads.</summary>
    public IReadOnlyDictionary<string, string> Files { get; init; } = new Dictionary<string, string>();

    /// <summary>The first entry that predicts held-out text best; null before there is any.</summary>
    [JsonIgnore]
    public TrainingEntry? Best => Entries.MinBy(entry => entry.HeldOutBitsPerByte);

    /// <summary>Whether held-out text is predicted worse now than at first.</summary>
    [JsonIgnore]
    public bool IsWorseThanItBegan => Entries.Count > 0 && Entries[^1].HeldOutBitsPerByte > Entries[0].HeldOutBitsPerByte;

    /// <summary>The run with another number of steps in all; its learning rates from here on are those of a run of so many.</summary>
    /// <exception cref="BadInputException">Fewer than it has done, or more than a run may have.</exception>
    public TrainingLog WithSteps(long steps)
    {
        if (steps == Options.Steps) return this;
        if (steps <= Step) throw new BadInputException("steps", $"{steps:N0} are done already, of {Step:N0}", "name more");
        var options = Options with { Steps = steps };
        options.Validate();
        return this with { Options = options, Extensions = [.. Extensions, new(Step, Options.Steps)] };
    }

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
            if (log.FormatVersion is < OldestVersion or > CurrentVersion)
            {
                throw new BadInputException(path, $"its format version is {log.FormatVersion}, this program reads {OldestVersion} to "
                    + $"{CurrentVersion}", "go on with the release that began the run");
            }

            log.Options.Validate();
            return log with { FormatVersion = CurrentVersion };
        }
        catch (JsonException e)
        {
            throw new BadInputException(path, $"it is not a sound training log ({e.Message})", remedy, e);
        }
    }
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    Converters = [typeof(LowerCase<PrefixAttention>), typeof(LowerCase<StreamPositions>), typeof(LowerCase<StreamOrigin>),
        typeof(LowerCase<TrainingPrecision>)], RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(TrainingLog))]
internal sealed partial class TrainingJson : JsonSerializerContext;

internal sealed class LowerCase<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
    where T : struct, Enum;
