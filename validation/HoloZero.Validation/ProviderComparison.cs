using HoloZero.Models;
using HoloZero.Runtime;
using HoloZero.Validation.Checks;

namespace HoloZero.Validation;

/// <summary>One check of a variant on a provider.</summary>
/// <param name="Check">Stable name of the check: <see cref="CheckNames"/>.</param>
/// <param name="Passed">Whether nothing is wrong.</param>
/// <param name="Worst">The comparison nearest to its limit; null where there is nothing to measure.</param>
public sealed record ProviderCheck(string Check, bool Passed, Margin? Worst);

/// <summary>What a variant did on a provider.</summary>
/// <param name="Variant">The variant.</param>
/// <param name="Provider">The provider.</param>
/// <param name="Checks">Its checks, in the order in which they ran.</param>
/// <param name="BitsPerByte">Of held-out text, or of all prompts where there is none; null where the graph does not run.</param>
public sealed record ProviderResult(string Variant, string Provider, IReadOnlyList<ProviderCheck> Checks, double? BitsPerByte);

/// <summary>How far apart the logits of two providers are that ran the same graph on the same inputs.</summary>
/// <param name="Variant">The graph.</param>
/// <param name="Provider">The one.</param>
/// <param name="Other">The other, which stands first in the report.</param>
/// <param name="Largest">The largest difference of a logit; NaN where one of them is none.</param>
/// <param name="Relative">The same per unit of the largest logit of its row.</param>
/// <param name="Where">Input and row of <paramref name="Largest"/>.</param>
/// <param name="Rows">Rows compared.</param>
/// <param name="OtherSymbols">Rows in which another symbol is the likeliest.</param>
public sealed record ProviderDifference(string Variant, string Provider, string Other, double Largest, double Relative, string Where,
    int Rows, int OtherSymbols);

/// <summary>Logits of one input as a provider gave them.</summary>
/// <param name="Input">Case and how it was fed.</param>
/// <param name="Values">[rows, 258].</param>
internal sealed record InputLogits(string Input, double[] Values);

/// <summary>Puts side by side what providers gave for the same graphs and inputs. Not thread-safe.</summary>
internal sealed class ProviderComparison
{
    /// <summary>The metric of a check that has bits per byte.</summary>
    public const string BitsMetric = "bits_per_byte";

    private readonly List<(string Variant, ExecutionProvider Provider, string Scope, IReadOnlyList<InputLogits> Logits)> _runs = [];

    /// <summary>Takes what a variant gave on a provider.</summary>
    /// <param name="variant">The variant.</param>
    /// <param name="provider">The provider.</param>
    /// <param name="scope">The scope of its checks.</param>
    /// <param name="logits">Every input that it took.</param>
    public void Add(string variant, ExecutionProvider provider, string scope, IReadOnlyList<InputLogits> logits) =>
        _runs.Add((variant, provider, scope, logits));

    /// <summary>A result for each variant and provider.</summary>
    /// <param name="checks">All that ran.</param>
    public IReadOnlyList<ProviderResult> Results(IEnumerable<CheckResult> checks)
    {
        var byScope = checks.ToLookup(check => check.Scope, StringComparer.Ordinal);
        return [.. _runs.Select(run => new ProviderResult(run.Variant, run.Provider.ToString(),
            [.. byScope[run.Scope].GroupBy(check => check.Check).Select(group => new ProviderCheck(group.Key,
                group.All(check => check.Passed), group.Aggregate((Margin?)null, (worst, check) => Margin.Worse(worst, check.Worst))))],
            BitsPerByte(byScope[run.Scope])))];
    }

    /// <summary>Each provider against the first that ran the same graph.</summary>
    public IReadOnlyList<ProviderDifference> Differences() => [.. _runs.GroupBy(run => run.Variant).SelectMany(runs =>
        runs.Skip(1).Select(run => Difference(run.Variant, run.Provider, run.Logits, runs.First().Provider, runs.First().Logits)))];

    // Held-out text comes after the prompts.
    private static double? BitsPerByte(IEnumerable<CheckResult> checks) =>
        checks.LastOrDefault(check => check.Metrics.ContainsKey(BitsMetric))?.Metrics[BitsMetric];

    private static ProviderDifference Difference(string variant, ExecutionProvider provider, IReadOnlyList<InputLogits> logits,
        ExecutionProvider other, IReadOnlyList<InputLogits> others)
    {
        const int width = AsymDecConfig.Vocabulary;
        var (largest, relative, where, rows, symbols) = (0.0, 0.0, "", 0, 0);
        foreach (var (input, values, expected) in logits.Join(others, one => one.Input, two => two.Input,
            (one, two) => (one.Input, one.Values, two.Values)))
        {
            for (var at = 0; at < Math.Min(values.Length, expected.Length); at += width, rows++)
            {
                var row = values.AsSpan(at, width);
                var wanted = expected.AsSpan(at, width);
                var (apart, peak) = (0.0, 0.0);
                for (var i = 0; i < width; i++)
                {
                    apart = LogitsComparison.Larger(apart, Math.Abs(row[i] - wanted[i]));
                    peak = Math.Max(peak, Math.Abs(wanted[i]));
                }

                if (!LogitsComparison.Larger(largest, apart).Equals(largest)) (largest, where) = (apart, $"{input}, row {at / width}");
                if (apart != 0) relative = LogitsComparison.Larger(relative, apart / peak);
                if (Probability.Argmax(row) != Probability.Argmax(wanted)) symbols++;
            }
        }

        return new(variant, provider.ToString(), other.ToString(), largest, relative, where, rows, symbols);
    }
}
