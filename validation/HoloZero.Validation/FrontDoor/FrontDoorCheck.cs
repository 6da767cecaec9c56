using HoloZero.Artifacts;
using HoloZero.Models;

namespace HoloZero.Validation;

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
    /// <param name="slotBytes">Bytes in a prefix slot, K.</param>
    /// <param name="subject">What to call the graph in results: its variant.</param>
    /// <param name="allTriples">Whether to run all triples, or only all starts of runs.</param>
    /// <param name="known">
    /// By identity, results of front doors of the same artifact that are the same nodes and tables, byte for byte: they are not run twice.
    /// </param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>The value table, all starts of runs, all triples in the stream and in the prefix.</returns>
    /// <exception cref="BadInputException">The file cannot be read or is no ONNX model.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static IReadOnlyList<CheckResult> Run(string modelPath, int slotBytes, string subject, bool allTriples = true,
        IDictionary<string, IReadOnlyList<CheckResult>>? known = null, CancellationToken cancellation = default)
    {
        var model = OnnxSubgraph.Read(modelPath);
        using var graph = FrontDoorGraph.CutFrom(model);
        if (graph is null)
        {
            var miss = new Miss("graph", $"no node {FrontDoorGraph.DoorNode} with two inputs", "one");
            return [new(Name, subject, [miss], new Dictionary<string, double>())];
        }

        if (known?.TryGetValue(graph.Identity, out var same) == true)
        {
            return [.. same.Select(result => result with
            {
                Subject = $"{subject}: {result.Subject[(result.Subject.IndexOf(": ", StringComparison.Ordinal) + 2)..]} (same bytes as "
                    + $"{result.Subject[..result.Subject.IndexOf(": ", StringComparison.Ordinal)]})",
            })];
        }

        var exam = new FrontDoorExam(graph, slotBytes, subject, cancellation);
        var results = new List<CheckResult>();
        // The tables of fused graphs have a check of their own.
        if (model.Graph.Initializer.Any(tensor => tensor.Name.EndsWith("value_table", StringComparison.Ordinal)) || !graph.TakesCodes)
            results.Add(exam.ValueTable(model));
        results.Add(exam.StartsOfRuns());
        if (allTriples)
        {
            var ring = TripleSequence.Create();
            results.AddRange([exam.StreamTriples(ring), exam.PrefixTriples(ring)]);
        }

        if (known is not null) known[graph.Identity] = results;
        return results;
    }
}
