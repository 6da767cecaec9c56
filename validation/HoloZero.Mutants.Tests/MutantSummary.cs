using System.Globalization;
using HoloZero.Testing;
using HoloZero.Validation;

namespace HoloZero.Mutants.Tests;

/// <summary>What became of a mutant.</summary>
/// <param name="Mutant">The mutant.</param>
/// <param name="CaughtBy">The checks that failed.</param>
/// <param name="Effect">Largest absolute error of a logit over all prompts; null where validation did not come so far.</param>
internal sealed record Verdict(Mutant Mutant, IReadOnlyList<string> CaughtBy, double? Effect)
{
    public override string ToString()
    {
        var fate = CaughtBy.Count == 0 ? "it survived" : $"caught by {string.Join(", ", CaughtBy)}";
        return string.Create(CultureInfo.InvariantCulture, $"{Mutant.Name} ({Mutant.Fault}): {fate}; logits are off by up to {Effect:g3}.");
    }

    /// <summary>A row of <see cref="MutantSummary"/>'s table.</summary>
    public string ToRow() => string.Create(CultureInfo.InvariantCulture,
        $"| {Mutant.Name} | {Mutant.Fault} | {Mutant.Variant} of {Mutant.Model} | {string.Join(", ", CaughtBy)} | {Effect:g3} |");
}

/// <summary>Collects verdicts and writes them down as a table: <c>artifacts/mutants.md</c>.</summary>
public sealed class MutantSummary : IDisposable
{
    private readonly List<Verdict> _verdicts = [];

    internal Verdict Add(Mutant mutant, ValidationReport report)
    {
        var caughtBy = report.Checks.Where(check => !check.Passed).Select(check => check.Check).Distinct().ToArray();
        var verdict = new Verdict(mutant, caughtBy, report.Checks.Where(check => check.Check.StartsWith("logits", StringComparison.Ordinal))
            .Select(check => (double?)check.Metrics.GetValueOrDefault("max_abs")).Max());
        _verdicts.Add(verdict);
        return verdict;
    }

    public void Dispose() => File.WriteAllLines(Path.Combine(Repository.Root, "artifacts", "mutants.md"),
    [
        "| mutant | fault | planted in | caught by | largest error of a logit |",
        "|---|---|---|---|---|",
        .. _verdicts.Select(verdict => verdict.ToRow()),
    ]);
}
