using HoloZero.Models;

namespace HoloZero.Validation.Checks;

/// <summary>
/// Another engine, with the weights read from the graph, against what is expected: the architecture computed by other people's kernels.
/// </summary>
internal static class EngineCheck
{
    public static CheckResult Run(IReferenceEngine engine, IReadOnlyDictionary<string, WeightTensor> weights, Expectations expected,
        CancellationToken cancellation)
    {
        var comparison = new LogitsComparison(Tolerances.For("float32", expected.Config));
        foreach (var test in expected.Cases)
        {
            var logits = engine.Logits(expected.Config, weights, test.Prefix, test.Given(test.Stream.Length).ToArray(), cancellation);
            comparison.Add(test.Name, logits, test.Logits, test.Largest);
        }

        return comparison.Result(CheckNames.Engine, "logits", engine.Name);
    }
}
