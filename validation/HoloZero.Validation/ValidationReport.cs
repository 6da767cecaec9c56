namespace HoloZero.Validation;

/// <summary>One place where an artifact is not what it should be.</summary>
/// <param name="Position">Where: tensor and index, file, node.</param>
/// <param name="Actual">What is there.</param>
/// <param name="Expected">What should be there.</param>
public sealed record Miss(string Position, string Actual, string Expected);

/// <summary>What one check found about one subject.</summary>
/// <param name="Check">Stable name of the check, <c>logits</c>, <c>front-door</c>, <c>hashes</c>.</param>
/// <param name="Subject">What was checked: variant, provider, case, tensor.</param>
/// <param name="Misses">Everything that is wrong; empty where the check passed.</param>
/// <param name="Metrics">Numbers measured on the way, by name.</param>
public sealed record CheckResult(string Check, string Subject, IReadOnlyList<Miss> Misses, IReadOnlyDictionary<string, double> Metrics)
{
    /// <summary>Whether nothing is wrong.</summary>
    public bool Passed => Misses.Count == 0;
}

/// <summary>Everything that was checked about an artifact.</summary>
/// <param name="Artifact">Its folder.</param>
/// <param name="Checks">The results, in the order in which they ran.</param>
public sealed record ValidationReport(string Artifact, IReadOnlyList<CheckResult> Checks)
{
    /// <summary>Whether every check passed.</summary>
    public bool Passed => Checks.All(check => check.Passed);
}
