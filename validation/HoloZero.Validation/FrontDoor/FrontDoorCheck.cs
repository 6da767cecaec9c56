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
    /// <param name="cancellation">Stops it.</param>
    /// <returns>The value table, all starts of runs, all triples in the stream and in the prefix.</returns>
    /// <exception cref="BadInputException">The file cannot be read or is no ONNX model.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static IReadOnlyList<CheckResult> Run(string modelPath, int slotBytes, string subject, bool allTriples = true,
        CancellationToken cancellation = default)
    {
        var model = OnnxSubgraph.Read(modelPath);
        using var graph = FrontDoorGraph.CutFrom(model);
        if (graph is null)
        {
            var miss = new Miss("graph", $"no node {FrontDoorGraph.DoorNode} with two inputs", "one");
            return [new(Name, subject, [miss], new Dictionary<string, double>())];
        }

        var exam = new FrontDoorExam(graph, slotBytes, subject, cancellation);
        CheckResult[] quick = [exam.ValueTable(model), exam.StartsOfRuns()];
        if (!allTriples) return quick;

        var ring = TripleSequence.Create();
        return [.. quick, exam.StreamTriples(ring), exam.PrefixTriples(ring)];
    }
}
