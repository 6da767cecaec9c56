using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>A provider and the graph that it would run.</summary>
/// <param name="Provider">Never <see cref="ExecutionProvider.Auto"/>.</param>
/// <param name="Variant">The graph; null where <paramref name="Refusal"/> says why there is none.</param>
/// <param name="Refusal">Why the artifact has nothing for it.</param>
internal sealed record ProviderCandidate(ExecutionProvider Provider, ArtifactManifest.VariantInfo? Variant,
    BadInputException? Refusal = null);

/// <summary>Which providers to try with which graph of an artifact.</summary>
internal static class ProviderChoice
{
    /// <summary>The best first. TensorRT comes after CUDA, as it builds for minutes what CUDA runs at once.</summary>
    private static readonly ExecutionProvider[] Best = [ExecutionProvider.Cuda, ExecutionProvider.TensorRt, ExecutionProvider.Cpu];

    /// <summary>A provider's name in the manifest and on the command line.</summary>
    public static string Name(this ExecutionProvider provider) => provider.ToString().ToLowerInvariant();

    /// <summary>What to try, in order.</summary>
    /// <param name="artifact">The artifact.</param>
    /// <param name="asked">The provider that was asked for.</param>
    /// <param name="variant">The graph that was asked for; null is the first that the provider is meant for.</param>
    /// <exception cref="BadInputException">The artifact lacks the variant.</exception>
    public static IReadOnlyList<ProviderCandidate> Candidates(ArtifactFolder artifact, ExecutionProvider asked, string? variant)
    {
        var named = variant is null ? null : artifact.Variant(variant);
        return [.. (asked == ExecutionProvider.Auto ? Best : [asked]).Select(provider => Candidate(artifact, provider, named))];
    }

    private static ProviderCandidate Candidate(ArtifactFolder artifact, ExecutionProvider provider,
        ArtifactManifest.VariantInfo? named)
    {
        // What is made for a device alone goes before what any runtime takes; of the processor's, the exporter's choice comes first.
        var fitting = artifact.Manifest.Variants.Where(candidate => IsMeantFor(candidate, provider))
            .OrderBy(candidate => provider == ExecutionProvider.Cpu ? 0 : candidate.Providers.Count).FirstOrDefault();
        if (named is not null && CanRun(provider, named)) return new(provider, named);
        if (named is null && fitting is not null) return new(provider, fitting);
        if (provider == ExecutionProvider.Cpu) return new(provider, artifact.Variant(null));

        return new(provider, null, new("provider", named is null ? $"none of the artifact's variants is meant for {provider}"
                : $"variant {named.Name} is not meant for {provider}",
            fitting is null ? provider == ExecutionProvider.Cuda ? "export the variant cuda" : "export the variant portable"
                : $"choose the variant {fitting.Name}"));
    }

    /// <summary>Whether a provider runs a graph whole: the processor does with every one, if slowly.</summary>
    public static bool CanRun(ExecutionProvider provider, ArtifactManifest.VariantInfo variant) =>
        provider == ExecutionProvider.Cpu || IsMeantFor(variant, provider);

    private static bool IsMeantFor(ArtifactManifest.VariantInfo variant, ExecutionProvider provider) =>
        variant.Providers.Contains(provider.Name(), StringComparer.Ordinal);
}
