using HoloZero.Runtime;
using HoloZero.Validation.Graphs;

namespace HoloZero.Validation.Checks;

/// <summary>
/// The output of the door and of every block, so that a fault is found where it arises. The values are made outputs in a copy of the
/// graph in memory; which they are, the manifest says.
/// </summary>
internal static class TraceCheck
{
    public static IEnumerable<CheckResult> Run(GraphFile graph, ExecutionProvider provider, Expectations expected, Tolerances tolerances,
        string scope, CancellationToken cancellation)
    {
        var modules = expected.Cases.Select(test => test.Reference!.Trace.Select(block => block.Module).ToArray()).First();
        var misses = modules.ToDictionary(module => module, _ => new TensorMisses());
        var places = modules.ToDictionary(module => module,
            module => graph.Variant.Trace.ToList().FindIndex(block => block.Module == module));
        foreach (var missing in modules.Where(module => places[module] < 0))
            misses[missing].Add(new(missing, "the manifest names no value", "a value of the graph"));

        try
        {
            using var runner = GraphRunner.LoadTraced(graph.Model, graph.Path, graph.Variant, provider);
            foreach (var test in expected.Cases)
            {
                cancellation.ThrowIfCancellationRequested();
                VariantRun.Try(misses[modules[0]], test.Name, () => Compare(runner, test, misses, places, expected.Config.Dim, tolerances));
            }
        }
        catch (GraphFailure e)
        {
            misses[modules[0]].Add(new(graph.Variant.File, e.Message, "a graph that runs with its blocks' outputs"));
        }

        return modules.Select(module => new CheckResult(CheckNames.Trace, module, misses[module], VariantRun.Metrics(misses[module]))
        { Scope = scope, Worst = misses[module].Worst });
    }

    private static void Compare(GraphRunner runner, ExpectedCase test, Dictionary<string, TensorMisses> misses,
        Dictionary<string, int> places, int dim, Tolerances tolerances)
    {
        using var output = runner.Run(test.Prefix, test.Stream);
        var blocks = 0;
        foreach (var (module, reference) in test.Reference!.Trace)
        {
            var (place, depth, found) = (places[module], blocks++, misses[module]);
            if (place < 0) continue;

            VariantRun.Try(found, $"{test.Name} {module}", () =>
            {
                var actual = output.Block(place);
                if (!actual.Shape.SequenceEqual([1, test.Rows, dim]))
                    throw new GraphFailure($"it has the shape [{string.Join(", ", actual.Shape)}], not [1, {test.Rows}, {dim}]");

                var golden = test.Golden.Trace.GetValueOrDefault(module);
                var allowed = tolerances.Block(depth, reference.Data.Max(Math.Abs));
                found.Compare($"{test.Name} {module}", [test.Rows, dim], actual.Values, golden ?? reference.Data, allowed);
            });
        }
    }
}
