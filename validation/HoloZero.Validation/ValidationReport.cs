using HoloZero.Runtime;

namespace HoloZero.Validation;

/// <summary>Stable names of the checks: scripts and build machines select by them.</summary>
public static class CheckNames
{
    /// <summary>Every file is listed, there, and has the size and SHA-256 that the manifest says.</summary>
    public const string Hashes = "hashes";

    /// <summary>The graph can be read and run, and is of the operators, opset and weights that the manifest says.</summary>
    public const string Structure = "structure";

    /// <summary>The 256 x 18 table is in the graph once, or as rows to add up, and bit-equal to the published one.</summary>
    public const string ValueTable = "value-table";

    /// <summary>The rotary angles that a graph carries: all positions that it promises, bit-equal to the published ones.</summary>
    public const string RotaryTable = "rotary-table";

    /// <summary>Bytes and state go in, logits and state come out, of the promised names, types and shapes, and nothing else.</summary>
    public const string Signature = "signature";

    /// <summary>The features that the graph computes, for every combination of neighbouring bytes.</summary>
    public const string FrontDoor = "front-door";

    /// <summary>Logits of whole sequences.</summary>
    public const string Logits = "logits";

    /// <summary>Logits of sequences fed byte by byte and piece by piece through the cache.</summary>
    public const string LogitsStepwise = "logits-stepwise";

    /// <summary>Logits of whole sequences, steps and batches as the runtime library gives them, with its state in place.</summary>
    public const string Runtime = "runtime";

    /// <summary>What rounding its weights costs a graph: divergence from the published logits, distance from the exact weights.</summary>
    public const string Rounding = "rounding";

    /// <summary>Every state tensor after a run.</summary>
    public const string State = "state";

    /// <summary>The output of the door and of every block.</summary>
    public const string Trace = "trace";

    /// <summary>Greedy continuations.</summary>
    public const string Greedy = "greedy";

    /// <summary>Bits per byte of prompts and of held-out text.</summary>
    public const string BitsPerByte = "bits-per-byte";

    /// <summary>The float64 reference with the weights of the graph, against stored logits: the source of what the others expect.</summary>
    public const string Reference = "reference";

    /// <summary>Logits of another engine with the weights of the graph, such as TorchSharp.</summary>
    public const string Engine = "engine";
}

/// <summary>One place where an artifact is not what it should be.</summary>
/// <param name="Position">Where: tensor and index, file, node.</param>
/// <param name="Actual">What is there.</param>
/// <param name="Expected">What should be there.</param>
public sealed record Miss(string Position, string Actual, string Expected);

/// <summary>The comparison that came closest to its limit, or went furthest beyond.</summary>
/// <param name="Error">What was measured.</param>
/// <param name="Allowed">What is allowed.</param>
/// <param name="Where">Case and tensor.</param>
public sealed record Margin(double Error, double Allowed, string Where)
{
    /// <summary>Error per allowed error: up to 1 is fine; a NaN is infinitely wrong.</summary>
    public double Share => double.IsNaN(Error) ? double.PositiveInfinity : Error == 0 ? 0 : Error / Allowed;

    /// <summary>The one with the larger share.</summary>
    public static Margin? Worse(Margin? a, Margin? b) => a is null ? b : b is null || a.Share >= b.Share ? a : b;
}

/// <summary>What one check found about one subject.</summary>
/// <param name="Check">Stable name of the check: <see cref="CheckNames"/>.</param>
/// <param name="Subject">What was checked: variant, provider, case, tensor.</param>
/// <param name="Misses">Everything that is wrong; empty where the check passed.</param>
/// <param name="Metrics">Numbers measured on the way, by name.</param>
public sealed record CheckResult(string Check, string Subject, IReadOnlyList<Miss> Misses, IReadOnlyDictionary<string, double> Metrics)
{
    /// <summary>Variant and provider; the artifact where it is not about one of them.</summary>
    /// <value><c>artifact</c>.</value>
    public string Scope { get; init; } = "artifact";

    /// <summary>The comparison nearest to its limit; null where there is nothing to measure.</summary>
    public Margin? Worst { get; init; }

    /// <summary>Whether nothing is wrong.</summary>
    public bool Passed => Misses.Count == 0;
}

/// <summary>Something that was not checked, and why.</summary>
/// <param name="Subject">Variant, provider or check.</param>
/// <param name="Reason">Why not.</param>
public sealed record NotChecked(string Subject, string Reason);

/// <summary>A limit with its reason, for people.</summary>
/// <param name="Subject">Tensors that it holds for.</param>
/// <param name="Rule">The rule.</param>
/// <param name="Reason">Why this one.</param>
public sealed record ToleranceRule(string Subject, string Rule, string Reason);

/// <summary>How errors of logits go along the stream.</summary>
/// <param name="Mode">How the sequences were fed.</param>
/// <param name="Shares">By stream position: the largest error over all cases, as a share of what is allowed.</param>
public sealed record PositionCurve(string Mode, IReadOnlyList<double> Shares);

/// <summary>A logit as it should be and as it is.</summary>
public readonly record struct LogitPair(double Expected, double Actual);

/// <summary>What plots show of one variant on one provider.</summary>
/// <param name="Scope">Variant and provider.</param>
/// <param name="Positions">Errors along the stream.</param>
/// <param name="Logits">A sample of logits, spread evenly over all cases.</param>
public sealed record ScopeMeasurements(string Scope, IReadOnlyList<PositionCurve> Positions, IReadOnlyList<LogitPair> Logits);

/// <summary>Everything that was checked about an artifact.</summary>
/// <param name="Artifact">Its folder.</param>
/// <param name="Checks">The results, in the order in which they ran.</param>
public sealed record ValidationReport(string Artifact, IReadOnlyList<CheckResult> Checks)
{
    /// <summary>The network and its checkpoint, in words.</summary>
    public string Model { get; init; } = "";

    /// <summary>What the expected values are, in words.</summary>
    public string Goldens { get; init; } = "";

    /// <summary>What was left out, with reasons: providers that do not load, checks that an unreadable graph makes impossible.</summary>
    public IReadOnlyList<NotChecked> NotChecked { get; init; } = [];

    /// <summary>The limits that were applied.</summary>
    public IReadOnlyList<ToleranceRule> Tolerances { get; init; } = [];

    /// <summary>What the plots show.</summary>
    public IReadOnlyList<ScopeMeasurements> Measurements { get; init; } = [];

    /// <summary>What each variant did on each provider.</summary>
    public IReadOnlyList<ProviderResult> Providers { get; init; } = [];

    /// <summary>How far providers are apart that ran the same graph on the same inputs.</summary>
    public IReadOnlyList<ProviderDifference> Differences { get; init; } = [];

    /// <summary>The machine; null where nothing ran.</summary>
    public RuntimeReport? Environment { get; init; }

    /// <summary>When it was finished.</summary>
    public DateTimeOffset Created { get; init; }

    /// <summary>How long it took.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Whether every check passed.</summary>
    public bool Passed => Checks.Count > 0 && Checks.All(check => check.Passed);
}
