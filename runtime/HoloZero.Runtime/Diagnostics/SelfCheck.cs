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
    /// <summary>Runs every stored prompt, once as a whole and once byte by byte through the cache.</summary>
    /// <exception cref="BadInputException">The stored prompts cannot be read.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static IReadOnlyList<SelfCheckCase> Run(HoloZeroModel model, CancellationToken cancellation = default)
    {
        const string bytesSuffix = ".bytes";
        using var golden = SafetensorsFile.Open(model.Artifact.PathOf(model.Artifact.Manifest.Golden.File));
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

        return results.Count > 0 ? results : throw new BadInputException(golden.Path, "it holds no cases", "export the model again");
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
