using System.Globalization;
using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>One prompt of an artifact's self-check.</summary>
/// <param name="Case">Its name.</param>
/// <param name="MaxAbsoluteError">Largest distance of a logit from the stored float64 one.</param>
/// <param name="Tolerance">What the variant allows: its tolerance times the largest stored logit.</param>
public sealed record SelfCheckCase(string Case, double MaxAbsoluteError, double Tolerance)
{
    /// <summary>Whether the error is within the tolerance; a NaN is not.</summary>
    public bool Passed => MaxAbsoluteError <= Tolerance;
}

/// <summary>Compares a loaded model with the logits in its artifact, on the machine and provider where it runs.</summary>
public static class SelfCheck
{
    /// <summary>The case that holds checks of guesses against steps: it allows no difference at all.</summary>
    public const string DraftsCase = "drafts";

    /// <summary>
    /// Runs every stored prompt, once as a whole and once byte by byte through the cache; and, where the model checks guesses, some bytes
    /// several at a time against the same one by one.
    /// </summary>
    /// <exception cref="BadInputException">The stored prompts cannot be read.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static IReadOnlyList<SelfCheckCase> Run(HoloZeroModel model, CancellationToken cancellation = default)
    {
        const string bytesSuffix = ".bytes";
        using var golden = model.Artifact.OpenTensors(model.Artifact.Manifest.Golden.File);
        using var session = model.OpenSession();
        var results = new List<SelfCheckCase>();
        foreach (var name in golden.Entries.Select(entry => entry.Name).Where(name => name.EndsWith(bytesSuffix, StringComparison.Ordinal)))
        {
            var test = name[..^bytesSuffix.Length];
            var bytes = golden.ReadBytes(name);
            var expected = golden.ReadFloat64($"{test}.logits");
            var prefix = PrefixSlots(golden, test) * model.SlotBytes;
            var origin = model.HasStreamOrigin ? 1 : 0;
            if (prefix < 0 || prefix >= bytes.Length || expected.Length != (bytes.Length - prefix + origin) * model.Vocabulary)
                throw new BadInputException(golden.Path, $"case {Untrusted.Quote(test)} does not fit this model", "export the model again");

            var error = MaxError(session.Prefill(bytes.AsSpan(0, prefix), bytes.AsSpan(prefix), cancellation).Data, expected);
            for (var i = prefix; i < bytes.Length; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                var logits = i == prefix ? session.Prefill(bytes.AsSpan(0, prefix), [bytes[i]], cancellation).Last : session.Step(bytes[i]);
                error = Larger(error, MaxError(logits, expected.AsSpan((i - prefix + origin) * model.Vocabulary, model.Vocabulary)));
            }

            results.Add(new(test, error, model.Variant.LogitsTolerance * expected.Max(Math.Abs)));
        }

        if (model.Graph.Check is { } check) results.Add(new(DraftsCase, model.Within(() => DistanceFromSteps(model, check.Rows)), 0));
        return results.Count > 0 ? results : throw new BadInputException(golden.Path, "it holds no cases", "export the model again");
    }

    /// <summary>Largest distance between rows of checks and steps, where some guesses are let go of.</summary>
    private static double DistanceFromSteps(HoloZeroModel model, int rows)
    {
        const int calls = 6;
        using var options = OnnxEnvironment.NewRunOptions();
        using var stepped = model.Graph.States.RentBlock(1, (calls + 1) * rows);
        using var tested = model.Graph.States.RentBlock(1, (calls + 1) * rows);
        var error = 0.0;
        for (int call = 0, next = 0; call < calls; call++)
        {
            var bytes = Enumerable.Range(next, rows).Select(i => (byte)(i * 37 + 11)).ToArray();
            var kept = 1 + call % rows;
            var logits = tested.Check(options, bytes);
            for (var row = 0; row < kept; row++)
            {
                var one = stepped.Step(options, bytes.AsSpan(row, 1));
                for (var i = 0; i < one.Length; i++) error = Larger(error, Math.Abs((double)one[i] - logits[row * one.Length + i]));
            }

            tested.Commit(kept);
            next += kept;
        }

        return error;
    }

    private static int PrefixSlots(SafetensorsFile golden, string test) =>
        golden.Metadata.TryGetValue($"{test}.prefix_slots", out var text)
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var slots) ? slots
            : throw new BadInputException(golden.Path, $"case {Untrusted.Quote(test)} has no prefix_slots", "export the model again");

    private static double MaxError(ReadOnlySpan<float> actual, ReadOnlySpan<double> expected)
    {
        var error = 0.0;
        for (var i = 0; i < actual.Length; i++) error = Larger(error, Math.Abs(actual[i] - expected[i]));
        return error;
    }

    // A NaN must win.
    private static double Larger(double a, double b) => double.IsNaN(a) || a > b ? a : b;
}
