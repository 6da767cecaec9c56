using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Onnx;
using HoloZero.Validation.Graphs;

namespace HoloZero.Validation.Checks;

/// <summary>
/// What codes of keys and values in 8 bits are worth: a scale for each channel, which the attention that writes and reads them has, and no
/// other.
/// </summary>
internal static class CacheScales
{
    /// <summary>Where the attention reads the scales of keys; those of values come next.</summary>
    private const int KeyScales = 12;

    /// <summary>The tables that there have to be.</summary>
    public static IEnumerable<string> Tables(ArtifactManifest.VariantInfo variant) => variant.Signature.State
        .Where(state => state.Past.Type == TensorType.Int8.Name() && state.Past.Name.StartsWith("past.", StringComparison.Ordinal))
        .Select(state => TableOf(state.Past.Name["past.".Length..]));

    /// <summary>[heads, width of a head] of a piece of state; null where they are not sound.</summary>
    public static float[]? Of(GraphFile graph, string port, AsymDecConfig config)
    {
        if (graph.Contents.Tables.FirstOrDefault(stored => stored.Name == TableOf(port)) is not { } table) return null;

        var tensor = graph.Model.Graph.Initializer.First(initializer => initializer.Name == table.Initializer);
        return tensor.Dims.SequenceEqual([1L, config.Heads, 1, config.HeadWidth])
            && GraphWeights.Floats(tensor.DataType, OnnxReader.Data(tensor, graph.Path), config.Dim) is { } scales
            && Array.TrueForAll(scales, scale => scale > 0 && float.IsFinite(scale)) ? scales : null;
    }

    /// <summary>Each attention reads the scales of its own keys and values, and these are sound.</summary>
    public static void Check(GraphFile graph, AsymDecConfig config, List<Miss> misses)
    {
        foreach (var (i, kind) in Enumerable.Range(0, config.DecLayers).SelectMany(_ => (string[])["k", "v"], (i, kind) => (i, kind)))
        {
            var port = $"self_blocks.{i}.{kind}";
            var rounded = Tables(graph.Variant).Contains(TableOf(port));
            var wanted = rounded ? graph.Contents.Tables.FirstOrDefault(table => table.Name == TableOf(port))?.Initializer ?? "none" : "";
            foreach (var node in graph.Model.Graph.Node.Where(node => node.Output.Contains($"present.{port}")))
            {
                var actual = node.Input.ElementAtOrDefault(KeyScales + (kind == "k" ? 0 : 1)) ?? "";
                if (actual != wanted) misses.Add(new($"scales of {port}", Untrusted.Quote(actual), Untrusted.Quote(wanted)));
            }

            if (rounded && Of(graph, port, config) is null)
                misses.Add(new($"scales of {port}", "not sound", $"[1, {config.Heads}, 1, {config.HeadWidth}] float32 above 0"));
        }
    }

    private static string TableOf(string port) => $"{port}.scales";
}
