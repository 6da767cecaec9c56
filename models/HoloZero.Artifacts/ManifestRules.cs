namespace HoloZero.Artifacts;

/// <summary>What holds in every manifest beyond its JSON being well-formed.</summary>
internal static class ManifestRules
{
    private static readonly TensorType[] ElementTypes =
        [TensorType.Float32, TensorType.Float16, TensorType.Int64, TensorType.Int32, TensorType.UInt8];

    /// <summary>What is wrong, or null.</summary>
    public static string? FirstViolation(ArtifactManifest manifest) => Violations(manifest).FirstOrDefault();

    private static IEnumerable<string> Violations(ArtifactManifest manifest)
    {
        var model = manifest.Model;
        if (model.Architecture != "AsymDec") yield return $"architecture {Untrusted.Quote(model.Architecture)} is unknown";
        if (model.Door != "zero") yield return $"door {Untrusted.Quote(model.Door)} is unknown";
        if (model.PrefixAttention is not ("causal" or "bidirectional"))
            yield return $"prefix_attention {Untrusted.Quote(model.PrefixAttention)} is unknown";
        if ((model.Vocabulary, model.MaskId, model.EosId) != (ByteVocabulary.Size, ByteVocabulary.Mask, ByteVocabulary.Eos))
        {
            yield return $"vocabulary, mask_id and eos_id are not {ByteVocabulary.Size}, {ByteVocabulary.Mask} and {ByteVocabulary.Eos}";
        }

        if (model.Dim is < 1 or > 65_536) yield return $"dim {model.Dim} is not within 1 to 65,536";
        if (model.SlotBytes < 1 || model.SlotBytes > model.Dim / 27)
            yield return $"slot_bytes {model.SlotBytes} is not within 1 to {model.Dim / 27}";
        if (manifest.Files.Values.Any(file => file is null)) yield return "a file has no size and hash";
        if (manifest.Golden.Engines.Any(engine => engine is null)) yield return "an engine is null";

        foreach (var variant in manifest.Variants)
        {
            if (variant is null) yield return "a variant is null";
            else if (FirstViolation(variant) is { } violation) yield return $"variant {Untrusted.Quote(variant.Name)}: {violation}";
        }
    }

    private static string? FirstViolation(ArtifactManifest.VariantInfo variant)
    {
        var signature = variant.Signature;
        if (signature.State.Any(state => state is null)) return "a piece of state is null";

        ArtifactManifest.PortInfo[] inputs = [signature.Prefix, signature.Stream, .. signature.State.Select(state => state.Past)];
        ArtifactManifest.PortInfo[] outputs = [signature.Logits, .. signature.State.Select(state => state.Present)];
        foreach (var ports in (ArtifactManifest.PortInfo[][])[inputs, outputs])
        {
            if (ports.GroupBy(port => port.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
                return $"{Untrusted.Quote(twice.Key)} is named twice";
            if (ports.FirstOrDefault(port => !IsOurs(port.Type)) is { } odd)
                return $"{Untrusted.Quote(odd.Name)} has the unknown type {Untrusted.Quote(odd.Type)}";
        }

        return variant.LogitsTolerance > 0 && double.IsFinite(variant.LogitsTolerance) ? null
            : $"logits_tolerance {variant.LogitsTolerance} is not positive";

        static bool IsOurs(string name) => TensorTypes.TryParseName(name, out var type) && ElementTypes.Contains(type);
    }
}
