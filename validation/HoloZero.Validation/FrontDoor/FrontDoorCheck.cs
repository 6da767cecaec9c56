using HoloZero.Artifacts;
using HoloZero.Models;

namespace HoloZero.Validation;

/// <summary>What was found about one front door.</summary>
/// <param name="Subject">The graph that it was cut out of.</param>
/// <param name="Parts">The results, each with its part for a subject.</param>
public sealed record FrontDoorResults(string Subject, IReadOnlyList<CheckResult> Parts);

/// <summary>
/// Holds the front door of an exported graph against <see cref="HslFrontDoor"/> and a third formulation, bit for bit and exhaustively:
/// features depend on three bytes, and every triple, every start of a run and every border is run through the file's own nodes.
/// </summary>
/// <remarks>Stateless and thread-safe. Takes seconds, and memory for a 16 MiB sequence and a few MiB a processor.</remarks>
public static class FrontDoorCheck
{
    /// <summary>The name of its results.</summary>
    public const string Name = "front-door";

    /// <summary>Runs the whole check.</summary>
    /// <param name="modelPath">The .onnx file.</param>
    /// <param name="door">The value that the first block sees, prefix and stream rows one after the other; null where nobody knows.</param>
    /// <param name="slotBytes">Bytes in a prefix slot, K.</param>
    /// <param name="subject">What to call the graph in results: its variant.</param>
    /// <param name="allTriples">Whether to run all triples, or only all starts of runs.</param>
    /// <param name="known">
    /// By identity, results of front doors of the same artifact that are the same nodes and tables, byte for byte: they are not run twice.
    /// </param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>The value table, all starts of runs, all triples in the stream and in the prefix.</returns>
    /// <exception cref="BadInputException">The file cannot be read, is no ONNX model, or does not say what is in it.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static IReadOnlyList<CheckResult> Run(string modelPath, string? door, int slotBytes, string subject, bool allTriples = true,
        IDictionary<string, FrontDoorResults>? known = null, CancellationToken cancellation = default)
    {
        var model = OnnxSubgraph.Read(modelPath);
        using var graph = FrontDoorGraph.CutFrom(model, door);
        if (graph is null)
        {
            var miss = new Miss("graph",
                door is null ? "the manifest does not say where its door is" : $"nothing joins two runs in {Untrusted.Quote(door)}",
                "rows of the prefix and of the stream");
            return [new(Name, subject, [miss], new Dictionary<string, double>())];
        }

        if (known?.TryGetValue(graph.Identity, out var same) == true)
            return [.. same.Parts.Select(part => part with { Subject = $"{subject}: {part.Subject} (same bytes as {same.Subject})" })];

        var exam = new FrontDoorExam(graph, slotBytes, cancellation);
        var results = new List<CheckResult>();
        // The tables of fused graphs have a check of their own.
        if (model.Contents.Tables.Any(table => table.Name == FrontDoorExam.ValueTableName) || !graph.TakesCodes)
            results.Add(exam.ValueTable(model));
        results.Add(exam.StartsOfRuns());
        if (allTriples)
        {
            var ring = TripleSequence.Create();
            results.AddRange([exam.StreamTriples(ring), exam.PrefixTriples(ring)]);
        }

        if (known is not null) known[graph.Identity] = new(subject, results);
        return [.. results.Select(part => part with { Subject = $"{subject}: {part.Subject}" })];
    }
}
