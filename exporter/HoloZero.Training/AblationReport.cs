using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Models.Training;

namespace HoloZero.Training;

/// <summary>What came of one run.</summary>
/// <param name="Arm">Its arm.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Folder">Its folder, beside the results.</param>
/// <param name="ModelSha256">Of the weights that were measured.</param>
/// <param name="Text">Held-out text, bits/byte; null where there is none.</param>
/// <param name="Caption">Captions of held-out windows, bits/byte; null where there are none.</param>
/// <param name="BindingGap">Bits/byte more with the sound of another window; null where there are none.</param>
public sealed record AblationRun(string Arm, ulong Seed, string Folder, string ModelSha256, double? Text, double? Caption,
    double? BindingGap);

/// <summary>A figure over the seeds.</summary>
/// <param name="Mean">Their mean.</param>
/// <param name="Spread">Their sample standard deviation; null of a single seed.</param>
public sealed record AblationFigure(double Mean, double? Spread)
{
    /// <summary>Of the figures that there are; null of none.</summary>
    public static AblationFigure? Of(IEnumerable<double?> figures)
    {
        double[] values = [.. figures.OfType<double>()];
        if (values.Length == 0) return null;
        var mean = values.Average();
        return new(mean, values.Length == 1 ? null
            : Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1)));
    }

    /// <summary>As the table has it: 2.4560 ± 0.0270.</summary>
    public string ToText(string format) => Mean.ToString(format, CultureInfo.InvariantCulture)
        + (Spread is { } spread ? string.Create(CultureInfo.InvariantCulture, $" ± {spread:F4}") : "");
}

/// <summary>A row of the table.</summary>
/// <param name="Arm">Its name.</param>
/// <param name="Door">The input layer.</param>
/// <param name="Substrate">Where the value columns come from.</param>
/// <param name="DoorParameters">What it learns at the door.</param>
/// <param name="Parameters">What it learns in all.</param>
/// <param name="Runs">How many seeds are measured.</param>
/// <param name="Text">Held-out text, bits/byte.</param>
/// <param name="Caption">Captions, bits/byte.</param>
/// <param name="BindingGap">Bits/byte more with the sound of another window.</param>
public sealed record AblationRow(string Arm, string Door, string Substrate, long DoorParameters, long Parameters, int Runs,
    AblationFigure? Text, AblationFigure? Caption, AblationFigure? BindingGap);

/// <summary>
/// The results of an ablation: <c>ablation.json</c>, with the table as <c>ablation.md</c> and the runs as <c>ablation.svg</c>. Holds no
/// time, so equal runs give equal files.
/// </summary>
public sealed record AblationReport
{
    /// <summary>Name of the file in its folder.</summary>
    public const string FileName = "ablation.json";

    /// <summary>The table, as Markdown.</summary>
    public const string TableName = "ablation.md";

    /// <summary>The plot.</summary>
    public const string PlotName = "ablation.svg";

    private const string FormatName = "holozero-ablation";
    private const int Version = 1;
    private static readonly string[] Colours = ["#06c", "#c60", "#393", "#909", "#c03", "#777"];

    /// <summary>What kind of file this is.</summary>
    public string Format { get; init; } = FormatName;

    /// <summary>Version of the format; a reader refuses those it does not know.</summary>
    public int FormatVersion { get; init; } = Version;

    /// <summary>What computed.</summary>
    public required string Engine { get; init; }

    /// <summary>How each run trained, with the first seed.</summary>
    public required TrainingOptions Options { get; init; }

    /// <summary>The network without its door.</summary>
    public required NetworkShape Network { get; init; }

    /// <summary>The arms as they were asked for.</summary>
    public required IReadOnlyList<AblationRow> Rows { get; init; }

    /// <summary>The runs that are done.</summary>
    public required IReadOnlyList<AblationRun> Runs { get; init; }

    /// <summary>The results so far.</summary>
    public static AblationReport Of(string engine, AblationPlan plan, IReadOnlyList<AblationRun> runs) => new()
    {
        Engine = engine,
        Options = plan.Options,
        Network = NetworkShape.Of(plan.Network),
        Runs = [.. runs],
        Rows = [.. plan.Arms.Select(arm =>
        {
            var config = plan.Network.Behind(arm.Door(plan.Options.Seed), arm.Name);
            AblationRun[] own = [.. runs.Where(run => run.Arm == arm.Name)];
            return new AblationRow(arm.Name, DoorConfig.Name(arm.Kind), DoorConfig.Name(arm.Substrate), AsymDec.DoorParameters(config),
                AsymDec.ParameterShapes(config).Values.Sum(shape => shape.Aggregate(1L, (product, length) => product * length)), own.Length,
                AblationFigure.Of(own.Select(run => run.Text)), AblationFigure.Of(own.Select(run => run.Caption)),
                AblationFigure.Of(own.Select(run => run.BindingGap)));
        })],
    };

    /// <summary>The results that lie in a folder; null where none do.</summary>
    /// <exception cref="BadInputException">The file cannot be read, or is no sound report.</exception>
    public static AblationReport? ReadIfThere(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) return null;
        const string remedy = "name another folder, or remove the file: what is trained is measured again";
        using var stream = InputFile.OpenRead(path);
        try
        {
            var report = InputFile.Guard(path, () => JsonSerializer.Deserialize(stream, AblationJson.Default.AblationReport));
            return report is { Format: FormatName, FormatVersion: Version } ? report
                : throw new BadInputException(path, $"its format is not {FormatName} {Version}", remedy);
        }
        catch (JsonException e)
        {
            throw new BadInputException(path, $"it is not a sound ablation report ({Untrusted.Cut(e.Message)})", remedy, e);
        }
    }

    /// <summary>The table as Markdown, with what stands above it.</summary>
    public string Table()
    {
        var culture = CultureInfo.InvariantCulture;
        var (n, o) = (Network, Options);
        var text = new StringBuilder();
        text.Append(culture, $"dim {n.Dim}, {n.DecLayers} layers, {n.Heads} heads, K {n.K}; {o.Steps:N0} steps of {o.BatchSize} windows, ")
            .Append(culture, $"{o.StreamBytes} stream bytes behind up to {o.PrefixSlots} slots; seeds from {o.Seed}; ")
            .Append(culture, $"read as {o.Reading}; {o.Precision.ToString().ToLowerInvariant()}, dropout {o.Dropout}; ")
            .Append(culture, $"{Engine}.\n± is the sample standard deviation over the seeds.\n\n");
        text.Append("| arm | text bits/byte | caption bits/byte | binding gap | parameters at the door | seeds |\n")
            .Append("|---|---|---|---|---|---|\n");
        foreach (var row in Rows)
        {
            text.Append(culture, $"| {row.Arm} | {row.Text?.ToText("F4") ?? "-"} | {row.Caption?.ToText("F4") ?? "-"} | ")
                .Append(culture, $"{row.BindingGap?.ToText("+0.0000;-0.0000") ?? "-"} | {row.DoorParameters:N0} | {row.Runs} |\n");
        }

        return text.ToString();
    }

    /// <summary>Writes all three files.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="log">Reads what a run measured on its way.</param>
    internal void Write(string folder, Func<AblationRun, TrainingLog> log)
    {
        WriteText(FileName, JsonSerializer.Serialize(this, AblationJson.Default.AblationReport).ReplaceLineEndings("\n") + "\n");
        WriteText(TableName, Table());
        PlotLine[] lines = [.. Runs.Select(run =>
        {
            var arm = Rows.Select(row => row.Arm).ToList().IndexOf(run.Arm);
            var isFirst = Runs.First(other => other.Arm == run.Arm) == run;
            return new PlotLine(isFirst ? run.Arm : "", Colours[arm % Colours.Length], TrainingPlot.HeldOut(log(run)));
        })];
        WriteText(PlotName, LinePlot.Of($"held-out bits per byte over {Options.Steps:N0} steps, a line a run", Options.Steps, lines));

        void WriteText(string name, string content) =>
            OutputFile.Write(Path.Combine(folder, name), stream => stream.Write(Encoding.UTF8.GetBytes(content)));
    }
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    Converters = [typeof(LowerCase<PrefixAttention>), typeof(LowerCase<StreamPositions>), typeof(LowerCase<StreamOrigin>),
        typeof(LowerCase<TrainingPrecision>)], RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(AblationReport))]
internal sealed partial class AblationJson : JsonSerializerContext;
