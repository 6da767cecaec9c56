using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using HoloZero.Artifacts;
using HoloZero.Exporter.Media;
using HoloZero.Exporter.Recording;
using HoloZero.Models;
using HoloZero.Onnx;
using static HoloZero.Artifacts.ArtifactManifest;

namespace HoloZero.Exporter;

/// <summary>What to export.</summary>
public sealed record ExportOptions
{
    /// <summary>The names of all variants that there are.</summary>
    public static IReadOnlyList<string> AllVariants { get; } = [.. GraphVariant.All.Select(variant => variant.Name)];

    /// <summary>Names of the variants, the default one first.</summary>
    /// <value><c>fp32</c> alone.</value>
    public IReadOnlyList<string> Variants { get; init; } = [GraphVariant.Float32.Name];

    /// <summary>What is told of the reading; a source that tells it, too, must not say otherwise.</summary>
    /// <value>Nothing: it is the source's, or our default where that tells none.</value>
    public PartialReading Reading { get; init; } = new();

    /// <summary>The context that a generation keeps where it is not told otherwise: best what the model was trained with.</summary>
    /// <value>null, which leaves it to the runtime.</value>
    public WindowInfo? Window { get; init; }

    /// <summary>
    /// Whether int8 and int4 keep keys and values in 8 bits, with a fixed scale a channel: a quarter of their memory, faster steps of many,
    /// slower prompts.
    /// </summary>
    /// <value>false.</value>
    public bool Int8Cache { get; init; }

    /// <summary>What variants with rounded weights may cost.</summary>
    /// <value>Nothing to measure it with: such variants are refused.</value>
    public QualityOptions Quality { get; init; } = new();

    /// <summary>What variants with fixed scales of activations round by.</summary>
    /// <value>Nothing to measure with: such variants are refused.</value>
    public CalibrationOptions Calibration { get; init; } = new();

    /// <summary>
    /// Bytes that a graph beside each exact variant computes in one call, 2 to <see cref="CheckInfo.MostRows"/>, as so many steps would:
    /// for checking guesses. Both graphs then share their weights in a file of its own. 0 leaves it out.
    /// </summary>
    /// <value>0.</value>
    public int CheckedRows { get; init; }

    /// <summary>Text like that which will be generated: guesses are counted in it. Null guesses by the bytes so far alone.</summary>
    /// <value>null.</value>
    public ReadOnlyMemory<byte>? DraftText { get; init; }

    /// <summary>Runs every graph against the self-check before the folder gets its name; null leaves that to whoever deploys it.</summary>
    /// <value>null.</value>
    public IArtifactCheck? Check { get; init; }

    /// <summary>Weights of more bytes than this go to a file of their own beside the graph.</summary>
    /// <value>Just under the 2 GiB at which protocol buffers end.</value>
    public long MaxInlineBytes { get; init; } = OnnxFile.MaxInlineBytes;
}

/// <summary>Turns weights, most often a checkpoint's, into an artifact folder. Stateless and thread-safe.</summary>
public static class ArtifactExporter
{
    private const string Tool = "holozero-export";

    private static string ToolVersion { get; } =
        typeof(ArtifactExporter).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>
    /// Exports <paramref name="source"/> into <paramref name="folder"/>, whole or not at all. The same input gives the same bytes.
    /// </summary>
    /// <param name="source">An open checkpoint, or random weights.</param>
    /// <param name="folder">A new or empty folder, or an older artifact to replace.</param>
    /// <param name="options">What to export.</param>
    /// <param name="engine">Computes the logits for the self-check.</param>
    /// <param name="progress">Told each step.</param>
    /// <param name="cancellation">Checked between steps; nothing is left behind.</param>
    /// <returns>The manifest as written.</returns>
    /// <exception cref="BadInputException">
    /// The source does not hold this network, a variant is unknown or cannot compute it, or the folder cannot be written.
    /// </exception>
    /// <exception cref="UnsoundModelException">
    /// A variant does not compute what the reference does, or its rounded weights cost more bits/byte than they may.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static ArtifactManifest Export(IWeightSource source, string folder, ExportOptions options, IReferenceEngine engine,
        IProgress<string>? progress = null, CancellationToken cancellation = default) =>
        Export(source, folder, options, Chosen(options), engine, progress, cancellation);

    /// <summary>The same with variants of the caller's making instead of those that <paramref name="options"/> name.</summary>
    internal static ArtifactManifest Export(IWeightSource source, string folder, ExportOptions options,
        IReadOnlyList<GraphVariant> variants, IReferenceEngine engine, IProgress<string>? progress = null,
        CancellationToken cancellation = default)
    {
        if (variants.Count == 0) throw new BadInputException("variant", "no variant is chosen", "name at least one");

        var config = source.Config with { Reading = options.Reading.Resolve(source.SavedReading, source.Name) };
        foreach (var variant in variants) variant.RequireFits(config);
        if (options.DraftText is not null && options.CheckedRows == 0)
        {
            throw new BadInputException("draft-from", "nothing would check what is guessed by it",
                "give draft-rows, 4 say, or leave it out");
        }

        if (options.CheckedRows is not 0 and (< 2 or > CheckInfo.MostRows))
        {
            throw new BadInputException("draft-rows", $"{options.CheckedRows} is not within 2 to {CheckInfo.MostRows}",
                "leave it out, or give 0 for none");
        }

        if (options.Window?.Violation(config.SlotBytes) is { } violation)
            throw new BadInputException("window", violation, "choose what the model was trained with");
        using var output = new FolderTransaction(folder);
        Step("reading the weights");
        var weights = source.LoadWeights(AsymDec.ParameterShapes(config));

        var files = new List<string>();
        var variantInfos = new List<VariantInfo>();
        var written = QualityGate.WithBaseline(variants, options.Quality);
        var calibration = Calibration.For(variants, options.Calibration, config, weights, Step, cancellation);
        float[] Data(string name) => weights[name].Data;
        ActivationRange Ranges(string module) => calibration!.Ranges[module];

        foreach (var variant in written)
        {
            Step($"recording variant {variant.Name}");
            var name = FileOf(variant);
            var path = Path.Combine(output.Staging, name);
            var check = options.CheckedRows == 0 || variant.Checker is not { } checker ? null : AsymDecGraph.Record(config,
                recorder => checker(recorder, Data, Ranges, options.CheckedRows), variant.State(config), options.CheckedRows);
            var graph = AsymDecGraph.Record(config, recorder => variant.Interpreter(recorder, Data, Ranges), variant.State(config));
            var initializers = graph.Initializers();
            using var shared = check is null ? null : OnnxDataFile.Beside(path);
            files.AddRange(OnnxFile.Write(graph.ToProto(), initializers, path, variant.Opsets, (Tool, ToolVersion), options.MaxInlineBytes,
                shared));
            if (check is not null)
            {
                files.AddRange(OnnxFile.Write(check.ToProto(), check.Initializers(), path + CheckSuffix, variant.Opsets,
                    (Tool, ToolVersion), options.MaxInlineBytes, shared).Except(files));
            }

            variantInfos.Add(Describe(variant, name, graph) with
            {
                WeightBytes = initializers.Sum(initializer => initializer.ByteCount),
                Calibration = variant.NeedsRanges ? calibration!.Info : null,
                Check = check is null ? null : new(name + CheckSuffix, options.CheckedRows, Describe(check.Stream), Describe(check.Logits),
                    [.. check.State.Select(state => state.Presents.Select(port => port.Value.Name).ToArray())]),
            });
        }

        // An embedding reads bytes, and no features that one could show.
        var features = config.Door.Kind == DoorKind.Embedding ? null : FeatureGraph.Record(config.Door, Data);
        if (features is not null)
        {
            files.AddRange(OnnxFile.Write(features.ToProto(), features.Initializers(),
                Path.Combine(output.Staging, FeatureGraph.FileName), FeatureGraph.Opsets, (Tool, ToolVersion)));
        }

        Step("recording the graphs for pictures and sound");
        MediaInfo[] media = [.. MediaGraph.All().Select(graph => graph.Write(output.Staging, (Tool, ToolVersion)))];
        files.AddRange(media.Select(info => info.File));

        Step($"computing the self-check with {engine.Name}");
        GoldenLogits.Write(Path.Combine(output.Staging, GoldenLogits.FileName), config, weights, engine, cancellation);
        files.Add(GoldenLogits.FileName);

        var drafts = options.DraftText is { } draftText ? DraftCounts.Of(draftText.Span, source.Sha256()) : null;
        if (drafts is not null)
        {
            using var file = File.Create(Path.Combine(output.Staging, DraftCounts.FileName));
            drafts.Write(file);
            files.Add(DraftCounts.FileName);
        }

        Step("hashing");
        var manifest = new ArtifactManifest
        {
            Format = FormatName,
            FormatVersion = CurrentVersion,
            Producer = new(Tool, ToolVersion),
            Model = Describe(config, weights.Values.Sum(weight => weight.Data.LongLength)),
            Source = new(source.Name, source.Format, source.Sha256(), source.StoredTypes),
            ValueTable = new(ByteVocabulary.Bytes, HslFrontDoor.ValueColumns,
                Sha256(MemoryMarshal.AsBytes(HslFrontDoor.ValueTable.AsSpan()))),
            Variants = variantInfos,
            Media = media,
            Golden = new(GoldenLogits.FileName, engine.Agreeing),
            Window = options.Window,
            Drafts = drafts is null ? null
                : new(DraftCounts.FileName, drafts.Count, options.DraftText!.Value.Length, Sha256(options.DraftText.Value.Span)),
            Features = features is null ? null
                : new(FeatureGraph.FileName, Describe(features.Inputs[0]), Describe(features.Outputs[0]), FeatureGraph.Channels),
            Files = new SortedDictionary<string, ArtifactManifest.FileInfo>(
                files.ToDictionary(name => name, name => Hash(output.Staging, name)), StringComparer.Ordinal),
        };
        Write(manifest);
        ArtifactChecks.Require(options.Check, output.Staging, written, options.Quality.AcceptAny, weights, Step, cancellation);
        var quality = QualityGate.Measure(output.Staging, variants, options.Quality, Step, cancellation);
        if (quality.Count > 0)
        {
            manifest = Without(written.Except(variants), manifest) with
            {
                Variants = [.. variantInfos.Where(info => variants.Any(variant => variant.Name == info.Name))
                    .Select(info => info with { Quality = quality.GetValueOrDefault(info.Name) })],
            };
            Write(manifest);
        }

        cancellation.ThrowIfCancellationRequested();
        output.Commit();
        return manifest;

        void Write(ArtifactManifest content) => File.WriteAllText(Path.Combine(output.Staging, FileName), content.ToJson());

        // The baseline goes again where nobody asked for it.
        ArtifactManifest Without(IEnumerable<GraphVariant> extra, ArtifactManifest content)
        {
            var kept = new SortedDictionary<string, ArtifactManifest.FileInfo>(content.Files.ToDictionary(), StringComparer.Ordinal);
            foreach (var name in extra.SelectMany(variant => files.Where(file => file.StartsWith(FileOf(variant),
                StringComparison.Ordinal))))
            {
                File.Delete(Path.Combine(output.Staging, name));
                kept.Remove(name);
            }

            return content with { Files = kept };
        }

        void Step(string what)
        {
            cancellation.ThrowIfCancellationRequested();
            progress?.Report(what);
        }
    }

    private static GraphVariant[] Chosen(ExportOptions options)
    {
        GraphVariant[] named = [.. options.Variants.Select(GraphVariant.Named).Distinct()];
        if (!options.Int8Cache) return named;
        return named.Any(variant => variant.WithInt8Cache is not null) ? [.. named.Select(variant => variant.WithInt8Cache ?? variant)]
            : throw new BadInputException("int8-cache", "no variant that is exported keeps keys and values in 8 bits",
                $"export the variant {GraphVariant.Int8.Name} or {GraphVariant.Int4.Name}, or leave it out");
    }

    private const string CheckSuffix = ".check.onnx";

    private static string FileOf(GraphVariant variant) => $"model.{variant.Name}.onnx";

    private static ModelInfo Describe(AsymDecConfig config, long parameters) => new("AsymDec", config.Dim, config.DecLayers, config.Heads,
        config.SlotBytes, DoorConfig.Name(config.Door.Kind), config.PrefixAttention.ToString().ToLowerInvariant(),
        AsymDecConfig.Vocabulary, AsymDecConfig.MaskId, AsymDecConfig.EosId, parameters)
    {
        StreamPositions = config.StreamPositions.ToString().ToLowerInvariant(),
        StreamOrigin = config.StreamOrigin.ToString().ToLowerInvariant(),
        Substrate = DoorConfig.Name(config.Door.Substrate),
        SubstrateSeed = config.Door.Seed,
    };

    private static VariantInfo Describe(GraphVariant variant, string file, AsymDecGraph graph) => new(variant.Name, file, variant.Precision,
        variant.Opsets, variant.LogitsTolerance,
        new(Describe(graph.Prefix), Describe(graph.Stream), Describe(graph.Logits),
            [.. graph.State.Select(state => new StateInfo(Describe(state.Past), Describe(state.Present), state.InPlace))]))
    {
        MaxPositions = variant.MaxPositions,
        Exact = variant.IsExact,
        WeightBits = variant.WeightBits,
        Providers = variant.Providers,
        HostNodes = graph.HostNodes(),
        Trace = [.. graph.Trace.Select(block => new TraceInfo(block.Module, Describe(block.Output)))],
    };

    private static PortInfo Describe(GraphPort port) => new(port.Value.Name, ElementTypes.Of(port.Value.Type).Name(), port.Axes);

    private static ArtifactManifest.FileInfo Hash(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        return new(new System.IO.FileInfo(path).Length, FileHash.Sha256(path));
    }

    private static string Sha256(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
