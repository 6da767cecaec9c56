using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using HoloZero.Artifacts;
using HoloZero.Exporter.Onnx;
using HoloZero.Models;
using HoloZero.Models.Checkpoints;
using static HoloZero.Artifacts.ArtifactManifest;

namespace HoloZero.Exporter;

/// <summary>What to export.</summary>
public sealed record ExportOptions
{
    /// <summary>Names of the variants, the default one first.</summary>
    /// <value><c>portable</c> alone.</value>
    public IReadOnlyList<string> Variants { get; init; } = [GraphVariant.Portable.Name];

    /// <summary>What a prefix position sees; no checkpoint tells.</summary>
    /// <value><see cref="PrefixAttention.Causal"/>.</value>
    public PrefixAttention PrefixAttention { get; init; } = PrefixAttention.Causal;

    /// <summary>Weights of more bytes than this go to a file of their own beside the graph.</summary>
    /// <value>Just under the 2 GiB at which protocol buffers end.</value>
    public long MaxInlineBytes { get; init; } = OnnxFile.MaxInlineBytes;
}

/// <summary>Turns a checkpoint into an artifact folder. Stateless and thread-safe.</summary>
public static class ArtifactExporter
{
    private const string Tool = "holozero-export";

    private static string ToolVersion { get; } =
        typeof(ArtifactExporter).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>
    /// Exports <paramref name="checkpoint"/> into <paramref name="folder"/>, whole or not at all. The same input gives the same bytes.
    /// </summary>
    /// <param name="checkpoint">An open checkpoint.</param>
    /// <param name="folder">A new or empty folder, or an older artifact to replace.</param>
    /// <param name="options">What to export.</param>
    /// <param name="engine">Computes the logits for the self-check.</param>
    /// <param name="progress">Told each step.</param>
    /// <param name="cancellation">Checked between steps; nothing is left behind.</param>
    /// <returns>The manifest as written.</returns>
    /// <exception cref="BadInputException">
    /// The checkpoint does not hold this network, a variant is unknown, or the folder cannot be written.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static ArtifactManifest Export(Checkpoint checkpoint, string folder, ExportOptions options, IReferenceEngine engine,
        IProgress<string>? progress = null, CancellationToken cancellation = default) =>
        Export(checkpoint, folder, options, [.. options.Variants.Select(GraphVariant.Named).Distinct()], engine, progress, cancellation);

    /// <summary>The same with variants of the caller's making instead of those that <paramref name="options"/> name.</summary>
    internal static ArtifactManifest Export(Checkpoint checkpoint, string folder, ExportOptions options,
        IReadOnlyList<GraphVariant> variants, IReferenceEngine engine, IProgress<string>? progress = null,
        CancellationToken cancellation = default)
    {
        if (variants.Count == 0) throw new BadInputException("variant", "no variant is chosen", "name at least one");

        var config = checkpoint.Config with { PrefixAttention = options.PrefixAttention };
        using var output = new FolderTransaction(folder);
        Step("reading the checkpoint");
        var weights = checkpoint.LoadWeights(AsymDec.ParameterShapes(config));

        var files = new List<string>();
        var variantInfos = new List<VariantInfo>();
        foreach (var variant in variants)
        {
            Step($"recording variant {variant.Name}");
            var graph = AsymDecGraph.Record(config, recorder => variant.Interpreter(recorder, name => weights[name].Data));
            var name = $"model.{variant.Name}.onnx";
            files.AddRange(OnnxFile.Write(graph, Path.Combine(output.Staging, name), variant.Opset, (Tool, ToolVersion),
                options.MaxInlineBytes));
            variantInfos.Add(Describe(variant, name, graph));
        }

        Step($"computing the self-check with {engine.Name}");
        GoldenLogits.Write(Path.Combine(output.Staging, GoldenLogits.FileName), config, weights, engine, cancellation);
        files.Add(GoldenLogits.FileName);

        Step("hashing");
        var manifest = new ArtifactManifest
        {
            Format = FormatName,
            FormatVersion = CurrentVersion,
            Producer = new(Tool, ToolVersion),
            Model = Describe(config, weights.Values.Sum(weight => weight.Data.LongLength)),
            Source = new(Path.GetFileName(checkpoint.Path), checkpoint.Format, checkpoint.Sha256(),
                [.. checkpoint.Tensors.Select(tensor => tensor.Type.ToString().ToLowerInvariant()).Distinct()
                    .Order(StringComparer.Ordinal)]),
            ValueTable = new(256, HslFrontDoor.ValueColumns, Sha256(MemoryMarshal.AsBytes(HslFrontDoor.ValueTable.AsSpan()))),
            Variants = variantInfos,
            Golden = new(GoldenLogits.FileName, engine.Agreeing),
            Files = new SortedDictionary<string, ArtifactManifest.FileInfo>(
                files.ToDictionary(name => name, name => Hash(output.Staging, name)), StringComparer.Ordinal),
        };
        File.WriteAllText(Path.Combine(output.Staging, FileName), manifest.ToJson());
        cancellation.ThrowIfCancellationRequested();
        output.Commit();
        return manifest;

        void Step(string what)
        {
            cancellation.ThrowIfCancellationRequested();
            progress?.Report(what);
        }
    }

    private static ModelInfo Describe(AsymDecConfig config, long parameters) => new("AsymDec", config.Dim, config.DecLayers, config.Heads,
        config.SlotBytes, "zero", config.PrefixAttention.ToString().ToLowerInvariant(), AsymDecConfig.Vocabulary, AsymDecConfig.MaskId,
        AsymDecConfig.EosId, parameters);

    private static VariantInfo Describe(GraphVariant variant, string file, AsymDecGraph graph) => new(variant.Name, file, variant.Precision,
        new SortedDictionary<string, int>(StringComparer.Ordinal) { [""] = variant.Opset }, variant.LogitsTolerance,
        new(Describe(graph.Prefix), Describe(graph.Stream), Describe(graph.Logits),
            [.. graph.State.Select(state => new StateInfo(Describe(state.Past), Describe(state.Present)))]))
    {
        Trace = [.. graph.Trace.Select(block => new TraceInfo(block.Module, Describe(block.Output)))],
    };

    private static PortInfo Describe(GraphPort port) => new(port.Value.Name, port.Value.Type.ToString().ToLowerInvariant() switch
    {
        "float" => "float32",
        var name => name,
    }, port.Axes);

    private static ArtifactManifest.FileInfo Hash(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        return new(new System.IO.FileInfo(path).Length, FileHash.Sha256(path));
    }

    private static string Sha256(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
