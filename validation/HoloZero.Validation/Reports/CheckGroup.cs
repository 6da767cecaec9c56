using System.Globalization;

namespace HoloZero.Validation.Reports;

/// <summary>The results of one check in one scope, as people want to see them first.</summary>
/// <param name="Scope">Variant and provider, or the artifact.</param>
/// <param name="Check">The check.</param>
/// <param name="Results">Its results, one per subject.</param>
public sealed record CheckGroup(string Scope, string Check, IReadOnlyList<CheckResult> Results)
{
    /// <summary>Whether all passed.</summary>
    public bool Passed => Results.All(result => result.Passed);

    /// <summary>The comparison nearest to its limit.</summary>
    public Margin? Worst { get; } = Results.Aggregate((Margin?)null, (worst, result) => Margin.Worse(worst, result.Worst));

    /// <summary>What was checked: the one subject, or how many.</summary>
    public string Subject => Results.Count == 1 ? Results[0].Subject : Check switch
    {
        CheckNames.State => $"{Results.Count} tensors",
        CheckNames.Trace => $"{Results.Count} block outputs",
        CheckNames.Greedy => string.Create(CultureInfo.InvariantCulture,
            $"{Results.Count} continuations, {Results.Sum(result => result.Metrics.GetValueOrDefault("bytes"))} bytes"),
        CheckNames.Logits or CheckNames.LogitsStepwise => string.Create(CultureInfo.InvariantCulture,
            $"{Results.Count} runs, {Results.Sum(result => result.Metrics.GetValueOrDefault("rows"))} rows"),
        _ => $"{Results.Count} subjects",
    };

    /// <summary>Groups in the order in which the checks ran; a scope's groups stand together.</summary>
    public static IReadOnlyList<CheckGroup> Of(IEnumerable<CheckResult> checks) =>
        [.. checks.GroupBy(check => check.Scope).SelectMany(scope => scope.GroupBy(check => check.Check)
            .Select(group => new CheckGroup(scope.Key, group.Key, [.. group])))];
}
