using HoloZero.Artifacts;
using HoloZero.Models;

namespace HoloZero.Exporter;

/// <summary>How far a graph is from the logits that its artifact holds.</summary>
/// <param name="Case">The prompt at which it is worst.</param>
/// <param name="Error">Largest distance of a logit from the float64 one.</param>
/// <param name="Allowed">What the variant's tolerance allows there.</param>
public sealed record ArtifactCheckResult(string Case, double Error, double Allowed)
{
    /// <summary>Whether the error is within what is allowed; a NaN is not.</summary>
    public bool Passed => Error <= Allowed;
}

/// <summary>Runs the graphs of an artifact against the logits in it. The exporter itself runs no graph.</summary>
public interface IArtifactCheck
{
    /// <summary>Runs one graph, as whoever deploys it will.</summary>
    /// <param name="folder">A whole artifact, not yet in its place.</param>
    /// <param name="variant">The graph.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="UnsoundModelException">It does not run.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    ArtifactCheckResult Run(string folder, string variant, CancellationToken cancellation);
}

/// <summary>Lets an artifact pass only if its graphs compute, in their own arithmetic, what the float64 reference does.</summary>
internal static class ArtifactChecks
{
    // Trained weights stay far below; a flipped bit in an exponent does not.
    private const float Suspicious = 1e4f;

    /// <param name="check">Runs graphs; null passes all.</param>
    /// <param name="folder">The written artifact.</param>
    /// <param name="variants">Its graphs.</param>
    /// <param name="acceptAny">Whether rounded weights may cost anything, as long as what they give is finite.</param>
    /// <param name="weights">What it was made from.</param>
    /// <param name="step">Told each graph.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="UnsoundModelException">A variant computes something else, or does not run.</exception>
    public static void Require(IArtifactCheck? check, string folder, IReadOnlyList<GraphVariant> variants, bool acceptAny,
        IReadOnlyDictionary<string, WeightTensor> weights, Action<string> step, CancellationToken cancellation)
    {
        if (check is null) return;
        foreach (var variant in variants)
        {
            step($"running the self-check of variant {variant.Name}");
            var result = check.Run(folder, variant.Name, cancellation);
            if (result.Passed || acceptAny && variant.MaxQualityLoss is not null && double.IsFinite(result.Error)) continue;
            var distance = FormattableString.Invariant($"off by {result.Error:g3}, allowed are {result.Allowed:g3}");
            throw new UnsoundModelException($"variant {variant.Name} does not compute what the float64 reference does: logits of "
                + $"{result.Case} are {distance}{Largest(weights)}; nothing was written: use a sound checkpoint, or leave this variant out");
        }
    }

    private static string Largest(IReadOnlyDictionary<string, WeightTensor> weights)
    {
        var (name, largest) = weights.Values.Select(weight => (weight.Name, Size: weight.Data.Max(MathF.Abs)))
            .MaxBy(weight => weight.Size);
        return largest < Suspicious ? ""
            : FormattableString.Invariant($" (the largest weight is {largest:g3}, in {Untrusted.Quote(name)}: is the checkpoint damaged?)");
    }
}
