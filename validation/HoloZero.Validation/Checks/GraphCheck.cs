using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Onnx;
using HoloZero.Validation.Graphs;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Validation.Checks;

/// <summary>What can be said about a graph by reading it.</summary>
internal static class GraphCheck
{
    /// <summary>IR version that an ONNX release with this opset writes at least, by opset.</summary>
    private static readonly IReadOnlyDictionary<int, int> LowestIrVersion = new Dictionary<int, int>
    {
        [17] = 8,
        [18] = 8,
        [19] = 9,
        [20] = 9,
        [21] = 10,
        [22] = 10,
        [23] = 11,
    };

    /// <summary>Versions, operators, external data and parameters.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="config">The network.</param>
    /// <param name="weights">Its parameters; null unless all of them are there.</param>
    public static CheckResult Structure(GraphFile graph, AsymDecConfig config, out IReadOnlyDictionary<string, WeightTensor>? weights)
    {
        var (misses, variant, model) = (new List<Miss>(), graph.Variant, graph.Model);
        Versions(graph, misses);
        foreach (var node in model.Graph.Node)
        {
            var domain = StandardName(node.Domain);
            var expected = domain.Length == 0 ? null
                : variant.Name == GraphForm.PortableVariant ? "a standard operator"
                : domain != GraphForm.ContribDomain || !variant.Opsets.ContainsKey(domain) ? "an operator of a declared domain"
                : graph.Form.ContribOperators.Contains(node.OpType) ? null
                : $"one of {string.Join(", ", graph.Form.ContribOperators)}";
            if (expected is not null) misses.Add(new($"node {node.Name}", $"{domain}.{node.OpType}", expected));
        }

        if (!Tolerances.Precisions.Contains(variant.Precision))
        {
            misses.Add(new($"holozero.json: {variant.Name}.precision", Untrusted.Quote(variant.Precision),
                string.Join(" or ", Tolerances.Precisions)));
        }
        else if (Tolerances.For(variant.Precision, config).StatedLogitsPerUnit is var most && !(variant.LogitsTolerance <= most))
        {
            misses.Add(new($"holozero.json: {variant.Name}.logits_tolerance", $"{variant.LogitsTolerance:g3}", $"at most {most:g3}"));
        }

        foreach (var block in variant.Trace.Where(block => !model.Graph.Node.Any(node => node.Output.Contains(block.Value.Name))))
        {
            misses.Add(new($"holozero.json: {variant.Name}.trace {block.Module}", Untrusted.Quote(block.Value.Name),
                "a value of the graph"));
        }

        CacheScales.Check(graph, config, misses);
        RequireExternalDataListed(graph, misses);
        if (variant.WeightBytes is { } stated && WeightBytes(model) is var bytes && stated != bytes)
            misses.Add(new($"holozero.json: {variant.Name}.weight_bytes", $"{stated}", $"{bytes}, the bytes of all initializers"));
        var found = misses.Count;
        weights = null;
        try
        {
            var read = GraphWeights.Read(graph, config, misses);
            if (misses.Count == found) weights = read;
        }
        catch (BadInputException e)
        {
            misses.Add(new(variant.File, e.Message, "readable weights"));
        }

        return Result(CheckNames.Structure, graph, misses);
    }

    /// <summary>Bytes of all initializers, in the file and beside it.</summary>
    public static long WeightBytes(ModelProto model) => model.Graph.Initializer.Sum(tensor => tensor.DataLocation != DataLocation.External
        ? tensor.RawData.Length
        : long.TryParse(tensor.ExternalData.FirstOrDefault(entry => entry.Key == "length")?.Value, NumberStyles.None,
            CultureInfo.InvariantCulture, out var length) ? length : 0);

    /// <summary>
    /// The baked table: there once, used, bit by bit as published, and named by its hash; where value columns are read from another one,
    /// that likewise. An embedding reads none.
    /// </summary>
    public static CheckResult ValueTable(GraphFile graph, ArtifactManifest.ValueTableInfo stated, DoorConfig door)
    {
        var misses = new List<Miss>();
        var published = HslFrontDoor.ValueTable;
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(published.AsSpan())));
        if (stated.Sha256 != sha256) misses.Add(new("holozero.json: value_table.sha256", Untrusted.Quote(stated.Sha256), sha256));
        if ((stated.Rows, stated.Columns) != (ByteVocabulary.Bytes, HslFrontDoor.ValueColumns))
            misses.Add(new("holozero.json: value_table", $"[{stated.Rows}, {stated.Columns}]", $"[256, {HslFrontDoor.ValueColumns}]"));

        if (graph.Form == GraphForm.Fused) FusedTablesCheck.Doors(graph, door, misses);
        else PortableTables(graph, door, misses);
        return Result(CheckNames.ValueTable, graph, misses);
    }

    /// <summary>The tables of a door by name, as they must be.</summary>
    internal static IEnumerable<(string Name, float[] Values)> SubstrateTables(DoorConfig door) =>
        door.BakedTable() is { } table ? [("substrate_table", table)] : [];

    private static void PortableTables(GraphFile graph, DoorConfig door, List<Miss> misses)
    {
        (string Name, float[] Values)[] wanted = door.Kind == DoorKind.Embedding ? []
            : [("value_table", [.. HslFrontDoor.ValueTable]), .. SubstrateTables(door)];
        // A learned table is a parameter, and compared as such.
        var parameters = graph.Contents.Parameters.Select(parameter => parameter.Initializer).ToHashSet();
        var tables = graph.Model.Graph.Initializer.Where(tensor => tensor.Dims.SequenceEqual([256L, HslFrontDoor.ValueColumns])
            && !parameters.Contains(tensor.Name)).ToArray();
        if (tables.Length != wanted.Length)
        {
            misses.Add(new("initializers [256, 18]", tables.Length == 0 ? "none" : string.Join(", ", tables.Select(t => t.Name)),
                wanted.Length == 1 ? "exactly one" : $"exactly {wanted.Length}"));
        }

        foreach (var table in tables)
        {
            var name = graph.Contents.Tables.FirstOrDefault(stored => stored.Initializer == table.Name)?.Name;
            RequireRead(graph, table, misses);
            Values(graph, table, wanted.FirstOrDefault(known => known.Name == name).Values ?? [.. HslFrontDoor.ValueTable], misses);
        }
    }

    /// <summary>A table that no node looks anything up in is of no use.</summary>
    internal static void RequireRead(GraphFile graph, TensorProto table, List<Miss> misses)
    {
        if (!graph.Model.Graph.Node.Any(node => node.OpType == "Gather" && node.Input.FirstOrDefault() == table.Name))
            misses.Add(new($"initializer {table.Name}", "no Gather reads it", "the features come from it"));
    }

    /// <summary>Each value of a table [256, 18].</summary>
    internal static void Values(GraphFile graph, TensorProto table, float[] published, List<Miss> misses)
    {
        if (GraphWeights.Floats(table.DataType, OnnxReader.Data(table, graph.Path), published.Length) is not { } values)
        {
            misses.Add(new($"initializer {table.Name}", $"{table.DataType}, {table.RawData.Length} bytes",
                "256 x 18 float32 or float16 values"));
            return;
        }

        for (var i = 0; i < values.Length; i++)
        {
            var expected = table.DataType == DataType.Float16 ? (float)(Half)published[i] : published[i];
            if (BitConverter.SingleToInt32Bits(values[i]) == BitConverter.SingleToInt32Bits(expected)) continue;
            misses.Add(new($"{table.Name}[{i / HslFrontDoor.ValueColumns}, {i % HslFrontDoor.ValueColumns}]", Words(values[i]),
                Words(expected)));
        }
    }

    /// <summary>A float with its bits.</summary>
    public static string Words(float value) => string.Create(CultureInfo.InvariantCulture,
        $"{value:G9} (0x{BitConverter.SingleToInt32Bits(value):x8})");

    private static void Versions(GraphFile graph, List<Miss> misses)
    {
        var imports = graph.Model.OpsetImport.ToLookup(import => StandardName(import.Domain), import => import.Version);
        var domains = imports.Select(import => import.Key).Union(graph.Variant.Opsets.Keys);
        foreach (var domain in domains)
        {
            var actual = string.Join(" and ", imports[domain].DefaultIfEmpty(0));
            var expected = $"{graph.Variant.Opsets.GetValueOrDefault(domain)}";
            if (actual != expected) misses.Add(new($"opset of '{domain}'", actual, $"{expected}, as the manifest says"));
        }

        var opset = graph.Variant.Opsets.GetValueOrDefault("");
        if (!LowestIrVersion.TryGetValue(opset, out var lowest))
            misses.Add(new("standard opset", $"{opset}", string.Join(", ", LowestIrVersion.Keys)));
        else if (graph.Model.IrVersion < lowest)
            misses.Add(new("IR version", $"{graph.Model.IrVersion}", $"{lowest} or later for opset {opset}"));
    }

    private static void RequireExternalDataListed(GraphFile graph, List<Miss> misses)
    {
        var files = graph.Model.Graph.Initializer.Where(tensor => tensor.DataLocation == DataLocation.External)
            .Select(tensor => tensor.ExternalData.FirstOrDefault(entry => entry.Key == "location")?.Value ?? "").Distinct();
        foreach (var file in files.Where(file => !graph.Files.ContainsKey(file)))
            misses.Add(new("external data", Untrusted.Quote(file), "a file that the manifest lists with its hash"));
    }

    private static string StandardName(string domain) => domain == "ai.onnx" ? "" : domain;

    private static CheckResult Result(string check, GraphFile graph, IReadOnlyList<Miss> misses) =>
        new(check, graph.Variant.File, misses, new Dictionary<string, double>()) { Scope = graph.Variant.Name };
}
