using HoloZero.Models;
using HoloZero.Reference;
using HoloZero.Validation.Goldens;

namespace HoloZero.Validation.Checks;

/// <summary>
/// Whether the float64 reference with the weights read from the graph is the published model. Only then are the state and block outputs
/// that it computes worth comparing with; and only then are the weights those of the checkpoint.
/// </summary>
internal static class ReferenceCheck
{
    private const string Scope = "float64 reference";

    /// <summary>Where no graph gives weights to compute with.</summary>
    public static CheckResult Impossible() => Result("weights",
        [new("variants", "none with all parameters", "one: state and block outputs are computed from them")],
        null);

    /// <summary>Against the goldens' logits.</summary>
    public static CheckResult Goldens(IReadOnlyList<ExpectedCase> cases, double limit)
    {
        var misses = new TensorMisses();
        foreach (var test in cases)
        {
            if (test.Golden.Logits is { } golden && test.Reference is { } reference)
                Compare(misses, test.Name, reference.Logits.Data, golden, limit);
        }

        return Result("golden logits", misses, misses.Worst);
    }

    /// <summary>Against the goldens' block outputs.</summary>
    public static CheckResult Traces(IReadOnlyList<ExpectedCase> cases, int dim, double limit)
    {
        var misses = new TensorMisses();
        foreach (var test in cases.Where(test => test.Reference is not null))
        {
            var computed = test.Reference!.Trace.ToDictionary(block => block.Module, block => block.Output.Data);
            foreach (var (module, golden) in test.Golden.Trace)
            {
                if (!computed.TryGetValue(module, out var block))
                    misses.Add(new($"{test.Name} {module}", "no such block", "a block output"));
                else
                {
                    misses.Compare($"{test.Name} {module}", [golden.Length / dim, dim], block, golden,
                        limit * Math.Max(1, golden.Max(Math.Abs)), digits: 17);
                }
            }
        }

        return Result("golden block outputs", misses, misses.Worst);
    }

    /// <summary>Against the logits that the exporter stored: whether the graph still holds the checkpoint's weights.</summary>
    public static CheckResult Own(IReadOnlyList<GoldenCase> own, AsymDecConfig config, ReferenceModel reference, double limit)
    {
        var misses = new TensorMisses();
        foreach (var test in own)
        {
            Compare(misses, test.Name, reference.Forward(test.Prefix(config.SlotBytes), test.Stream(config.SlotBytes)).Logits.Data,
                test.Logits!, limit);
        }
        return Result("logits stored at export", misses, misses.Worst);
    }

    private static void Compare(TensorMisses misses, string name, double[] actual, double[] expected, double limit) =>
        misses.Compare($"{name} logits", [expected.Length / AsymDecConfig.Vocabulary, AsymDecConfig.Vocabulary], actual, expected,
            limit * expected.Max(Math.Abs), digits: 17);

    private static CheckResult Result(string subject, IReadOnlyList<Miss> misses, Margin? worst) =>
        new(CheckNames.Reference, subject, misses, new Dictionary<string, double> { ["max_abs"] = worst?.Error ?? 0 })
        { Scope = Scope, Worst = worst };
}
