using System.Runtime.InteropServices;
using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Models.PublishedArithmetic;
using HoloZero.Onnx;
using HoloZero.Validation.Graphs;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Validation.Checks;

/// <summary>
/// The tables of fused graphs, bit for bit: features as rows to add up, and rotary angles. Rows that no bytes can reach may hold anything.
/// </summary>
internal static class FusedTablesCheck
{
    /// <summary>Where the operator is not to be had, a table of it.</summary>
    private const string XorTable = "xor";

    private const int Codes = 512, Width = HslFrontDoor.FeatureCount, Present = 256;
    private const int Change = 8, Boundary = 16;

    /// <summary>Every table of features: what a row must be, null where it cannot be asked for.</summary>
    private static readonly IReadOnlyDictionary<string, Func<int, float[]?>> Features = new Dictionary<string, Func<int, float[]?>>
    {
        ["own"] = code => code < Present ? null : Row(row =>
        {
            // Changes have a table of their own.
            HslFrontDoor.Features([code - Present], row);
            row.AsSpan(Change, 8).Clear();
            row[Boundary] = row.AsSpan(0, 5).ToArray().Sum();
        }),
        ["change"] = change => Row(row =>
        {
            Bits(change, row, Change);
            row[Boundary] = row.AsSpan(Change, 5).ToArray().Sum() / 2;
        }),
        ["before"] = code => code is > 0 and < Present ? null : Row(row =>
            row[Boundary] = code == 0 ? 0 : HslFrontDoor.Features([code - Present]).AsSpan(4, 4).ToArray().Sum()),
        ["change_before"] = change => Row(row =>
        {
            Bits(change, row, Change);
            row[Boundary] = row.AsSpan(Change + 4, 4).ToArray().Sum() / 2;
            row.AsSpan(Change, 8).Clear();
        }),
        ["terms"] = change => Row(row =>
        {
            Array.Fill(row, 1f);
            row[Boundary] = change < Present ? 9 : 5;
        }),
    };

    /// <summary>The tables of features: exactly these, each read by a Gather, with the values that their sum needs.</summary>
    public static void Doors(GraphFile graph, DoorConfig door, List<Miss> misses)
    {
        // An embedding reads none.
        var expected = door.Kind == DoorKind.Embedding ? [] : Features.Keys;
        var substrates = GraphCheck.SubstrateTables(door).ToDictionary(table => table.Name, table => table.Values);
        var alike = graph.Model.Graph.Initializer.Count(tensor => tensor.Dims.SequenceEqual([(long)Codes, Width]));
        if (alike != expected.Count()) misses.Add(new($"initializers [{Codes}, {Width}]", $"{alike}", $"{expected.Count()}"));
        var names = string.Join(", ", graph.Contents.Tables.Select(table => table.Name).Order(StringComparer.Ordinal));
        var hasXor = door.Kind == DoorKind.Embedding || graph.Model.Graph.Node.Any(node => node.OpType == "BitwiseXor");
        var wanted = string.Join(", ", expected.Concat(substrates.Keys).Concat(hasXor ? [] : [XorTable])
            .Concat(CacheScales.Tables(graph.Variant)).Order(StringComparer.Ordinal));
        if (names != wanted) misses.Add(new("tables", names.Length == 0 ? "none" : Untrusted.Quote(names), wanted));

        foreach (var stored in graph.Contents.Tables)
        {
            var table = graph.Model.Graph.Initializer.First(tensor => tensor.Name == stored.Initializer);
            if (substrates.TryGetValue(stored.Name, out var values)) GraphCheck.Values(graph, table, values, misses);
            else if (Features.TryGetValue(stored.Name, out var row)) Compare(graph, table, Codes, Width, row, misses);
            else if (stored.Name == XorTable) Xor(graph, table, misses);
            else continue;
            GraphCheck.RequireRead(graph, table, misses);
        }
    }

    private static void Xor(GraphFile graph, TensorProto table, List<Miss> misses)
    {
        var values = MemoryMarshal.Cast<byte, int>(OnnxReader.Data(table, graph.Path).Span);
        if (table.DataType != DataType.Int32 || !table.Dims.SequenceEqual([(long)Codes * Codes]) || values.Length != Codes * Codes)
        {
            misses.Add(new($"initializer {table.Name}", $"{table.DataType} [{string.Join(", ", table.Dims)}]",
                $"Int32 [{Codes * Codes}]"));
            return;
        }

        for (var i = 0; i < values.Length; i++)
        {
            var wanted = (i / Codes) ^ (i % Codes);
            if (values[i] != wanted) misses.Add(new($"{table.Name}[{i}]", $"{values[i]}", $"{wanted}"));
        }
    }

    /// <summary>
    /// The rotary tables that each attention reads: for every position that the manifest promises the published cos and sin. No prompt
    /// reaches the last of them, and a table that is off by one everywhere changes no logit.
    /// </summary>
    public static CheckResult Rotary(GraphFile graph, AsymDecConfig config)
    {
        var misses = new List<Miss>();
        var half = config.HeadWidth / 2;
        var frequencies = RotaryTable.Frequencies(config.HeadWidth, AsymDecConfig.RopeBase);
        var attentions = graph.Model.Graph.Node.Where(node => node.OpType == "GroupQueryAttention").ToArray();
        if (attentions.Length != config.DecLayers)
            misses.Add(new("GroupQueryAttention", $"{attentions.Length} nodes", $"{config.DecLayers}, one a layer"));
        if (graph.Variant.MaxPositions is not { } positions)
            misses.Add(new($"holozero.json: {graph.Variant.Name}.max_positions", "none", "the rows of the rotary tables"));
        else
        {
            // Where positions start again with the stream, queries and keys of a layer are rotated before the attention.
            var apart = config.StreamPositions == StreamPositions.Restarted;
            var rotating = apart ? [.. graph.Model.Graph.Node.Where(node => node.OpType == "RotaryEmbedding")] : attentions;
            if (apart && rotating.Length != 2 * config.DecLayers)
                misses.Add(new("RotaryEmbedding", $"{rotating.Length} nodes", $"{2 * config.DecLayers}, two a layer"));
            foreach (var (input, name) in apart ? new[] { (2, "cos"), (3, "sin") } : [(7, "cos"), (8, "sin")])
            {
                foreach (var tableName in rotating.Select(node => node.Input.ElementAtOrDefault(input) ?? "").Distinct())
                {
                    if (graph.Model.Graph.Initializer.FirstOrDefault(tensor => tensor.Name == tableName) is not { } table)
                        misses.Add(new($"{name} of {rotating[0].OpType}", $"'{tableName}'", "a table"));
                    else Compare(graph, table, positions, half, row => Published(row, isCos: name == "cos"), misses);
                }
            }
        }

        return new(CheckNames.RotaryTable, graph.Variant.File, misses, new Dictionary<string, double>()) { Scope = graph.Variant.Name };

        float[] Published(int position, bool isCos)
        {
            var (cos, sin) = (new float[half], new float[half]);
            RotaryTable.Fill(position, frequencies, cos, sin);
            return isCos ? cos : sin;
        }
    }

    private static void Compare(GraphFile graph, TensorProto table, int rows, int width, Func<int, float[]?> expected, List<Miss> misses)
    {
        if (table.DataType is not (DataType.Float or DataType.Float16) || !table.Dims.SequenceEqual([(long)rows, width])
            || GraphWeights.Floats(table.DataType, OnnxReader.Data(table, graph.Path), (long)rows * width) is not { } values)
        {
            misses.Add(new($"initializer {table.Name}", $"{table.DataType} [{string.Join(", ", table.Dims)}]", $"Float [{rows}, {width}]"));
            return;
        }

        for (var row = 0; row < rows; row++)
        {
            if (expected(row) is not { } wanted) continue;
            for (var column = 0; column < width; column++)
            {
                // A zero of either sign adds the same.
                var actual = values[row * width + column];
                var exact = table.DataType == DataType.Float16 ? (float)(Half)wanted[column] : wanted[column];
                if (actual == exact) continue;
                misses.Add(new($"{table.Name}[{row}, {column}]", GraphCheck.Words(actual), GraphCheck.Words(exact)));
            }
        }
    }

    private static float[] Row(Action<float[]> write)
    {
        var row = new float[Width];
        write(row);
        return row;
    }

    /// <summary>The bits of Gray(a) ^ Gray(b) = Gray(a ^ b), which are the first differences of the byte a ^ b.</summary>
    private static void Bits(int change, float[] row, int start)
    {
        HslFrontDoor.Features([change & 255]).AsSpan(0, 8).CopyTo(row.AsSpan(start));
    }
}
