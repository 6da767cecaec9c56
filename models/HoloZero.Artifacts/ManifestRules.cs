namespace HoloZero.Artifacts;

/// <summary>What holds in every manifest beyond its JSON being well-formed.</summary>
internal static class ManifestRules
{
    private static readonly TensorType[] ElementTypes =
        [TensorType.Float32, TensorType.Float16, TensorType.Int64, TensorType.Int32, TensorType.Int8, TensorType.UInt8];

    /// <summary>Honest manifests list five variants and some dozen pieces of state a layer; messages name what they list.</summary>
    private const int MostVariants = 64, MostMedia = 64, MostState = 16_384, MostAxes = 8, MostChannels = 4_096;

    /// <summary>A state longer than this an array does not hold, whatever the positions.</summary>
    private const long MostStateElements = 1L << 29;

    /// <summary>What is wrong, or null.</summary>
    public static string? FirstViolation(ArtifactManifest manifest) => Violations(manifest).FirstOrDefault();

    private static IEnumerable<string> Violations(ArtifactManifest manifest)
    {
        var model = manifest.Model;
        if (model.Architecture != "AsymDec") yield return $"architecture {Untrusted.Quote(model.Architecture)} is unknown";
        if (model.Door is not ("zero" or "projection" or "embedding")) yield return $"door {Untrusted.Quote(model.Door)} is unknown";
        if (model.Substrate is not ("hsl" or "learned" or "random" or "permuted"))
            yield return $"substrate {Untrusted.Quote(model.Substrate)} is unknown";
        if (model.PrefixAttention is not ("causal" or "bidirectional"))
            yield return $"prefix_attention {Untrusted.Quote(model.PrefixAttention)} is unknown";
        if (model.StreamPositions is not ("continuous" or "restarted"))
            yield return $"stream_positions {Untrusted.Quote(model.StreamPositions)} is unknown";
        if (model.StreamOrigin is not ("bare" or ArtifactManifest.ModelInfo.ZeroOrigin))
            yield return $"stream_origin {Untrusted.Quote(model.StreamOrigin)} is unknown";
        if ((model.Vocabulary, model.MaskId, model.EosId) != (ByteVocabulary.Size, ByteVocabulary.Mask, ByteVocabulary.Eos))
        {
            yield return $"vocabulary, mask_id and eos_id are not {ByteVocabulary.Size}, {ByteVocabulary.Mask} and {ByteVocabulary.Eos}";
        }

        if (model.Dim is < 1 or > 65_536) yield return $"dim {model.Dim} is not within 1 to 65,536";
        // A zero door has a slot's features side by side in the model's width.
        var mostSlotBytes = (model.Door == "zero" ? model.Dim : 65_536) / 27;
        if (model.SlotBytes < 1 || model.SlotBytes > mostSlotBytes)
            yield return $"slot_bytes {model.SlotBytes} is not within 1 to {mostSlotBytes}";
        if (manifest.Files.Values.Any(file => file is null)) yield return "a file has no size and hash";
        if (manifest.Files.Values.Any(file => file.Bytes < 0)) yield return "a file has a negative size";
        if (manifest.Golden.Engines.FirstOrDefault(engine => !Untrusted.IsPlainName(engine)) is { } engine)
            yield return $"{Untrusted.Quote(engine)} is no name of an engine";
        if (manifest.Golden.Engines.Any(engine => engine is null)) yield return "an engine is null";
        if (manifest.Window?.Violation(model.SlotBytes) is { } window) yield return $"its window: {window}";
        if (manifest.Drafts is { } drafts && !Untrusted.IsPlainName(drafts.File))
            yield return $"{Untrusted.Quote(drafts.File)} is no name of a draft table";
        if (manifest.Variants.Count > MostVariants) yield return $"it lists {manifest.Variants.Count} variants, more than {MostVariants}";

        if (manifest.Features is { } features && FirstViolation(features) is { } wrong) yield return $"its features: {wrong}";

        foreach (var variant in manifest.Variants)
        {
            if (variant is null) yield return "a variant is null";
            else if (FirstViolation(variant) is { } violation) yield return $"variant {Untrusted.Quote(variant.Name)}: {violation}";
        }

        if (manifest.Media.Count > MostMedia) yield return $"it lists {manifest.Media.Count} media graphs, more than {MostMedia}";
        foreach (var media in manifest.Media)
        {
            if (media is null) yield return "a media graph is null";
            else if (!Untrusted.IsPlainName(media.Name)) yield return "the name of a media graph is empty, too long or not printable";
            else if ((PortViolation([media.Input]) ?? PortViolation([media.Output])) is { } port)
                yield return $"media graph {Untrusted.Quote(media.Name)}: {port}";
        }
    }

    private static string? FirstViolation(ArtifactManifest.VariantInfo variant)
    {
        var signature = variant.Signature;
        if (signature.State.Any(state => state is null)) return "a piece of state is null";
        if (signature.State.Count > MostState) return $"it has {signature.State.Count} pieces of state, more than {MostState}";
        if (variant.Trace.Any(block => block is null || !Untrusted.IsPlainName(block.Module))) return "a block of its trace has no name";
        if (variant.HostNodes.Any(name => name is null)) return "a host node has no name";
        if (!Untrusted.IsPlainName(variant.Precision)) return $"precision {Untrusted.Quote(variant.Precision)} is no name";
        if (!Untrusted.IsPlainName(variant.Name)) return "its name is empty, too long or not printable";
        if (variant.Calibration is { } calibration && !Untrusted.IsPlainName(calibration.Source))
            return $"calibration source {Untrusted.Quote(calibration.Source)} is no name";
        if (variant.WeightBits is < 2 or > 8) return $"weight_bits {variant.WeightBits} is not within 2 to 8";
        if (variant.MaxPositions is < 1) return $"max_positions {variant.MaxPositions} is not positive";

        ArtifactManifest.PortInfo[] inputs = [signature.Prefix, signature.Stream, .. signature.State.Select(state => state.Past)];
        ArtifactManifest.PortInfo[] outputs = [signature.Logits, .. signature.State.Select(state => state.Present)];
        if ((PortViolation(inputs) ?? PortViolation(outputs)) is { } port) return port;
        if (variant.Check is { } check && FirstViolation(check, variant) is { } wrong) return $"its check graph: {wrong}";
        if (variant.WeightBytes < 1) return $"weight_bytes {variant.WeightBytes} is not positive";
        if (signature.State.Select(ShapeViolation).FirstOrDefault(violation => violation is not null) is { } state) return state;

        return variant.LogitsTolerance > 0 && double.IsFinite(variant.LogitsTolerance) ? null
            : $"logits_tolerance {variant.LogitsTolerance} is not positive";
    }

    private static string? FirstViolation(ArtifactManifest.CheckInfo check, ArtifactManifest.VariantInfo variant)
    {
        if (check.Rows is < 2 or > ArtifactManifest.CheckInfo.MostRows)
            return $"rows {check.Rows} is not within 2 to {ArtifactManifest.CheckInfo.MostRows}";
        if (!check.File.StartsWith(variant.File, StringComparison.Ordinal) || check.File == variant.File)
            return $"its file {Untrusted.Quote(check.File)} is not named after {Untrusted.Quote(variant.File)}";
        if (check.Presents.Count != variant.Signature.State.Count
            || check.Presents.Any(names => names is null || names.Count != check.Rows))
            return "it does not give every piece of state after each row";
        string[] names = [check.Stream.Name, check.Logits.Name, .. check.Presents.SelectMany(names => names)];
        if (names.FirstOrDefault(name => !Untrusted.IsPlainName(name)) is { } odd)
            return $"{Untrusted.Quote(odd)} is no name of an input or output";
        if (names.Any(name => name is null)) return "an input or output has no name";
        if (names.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
            return $"{Untrusted.Quote(twice.Key)} is named twice";
        return (Fits(check.Stream, variant.Signature.Stream), Fits(check.Logits, variant.Signature.Logits)) == (true, true) ? null
            : $"its bytes or logits are not {check.Rows} rows like those of the variant";

        bool Fits(ArtifactManifest.PortInfo port, ArtifactManifest.PortInfo whole) => port.Type == whole.Type
            && port.Shape.SequenceEqual(whole.Shape.Select((axis, i) => i == 1 ? check.Rows : axis));
    }

    private static string? FirstViolation(ArtifactManifest.FeaturesInfo features)
    {
        if ((PortViolation([features.Input]) ?? PortViolation([features.Output])) is { } violation) return violation;
        foreach (var (port, type, axes) in ((ArtifactManifest.PortInfo, TensorType, int)[])
            [(features.Input, TensorType.UInt8, 2), (features.Output, TensorType.Float32, 3)])
        {
            if (ElementType(port.Type) != type) return $"{Untrusted.Quote(port.Name)} is {Untrusted.Quote(port.Type)}, not {type.Name()}";
            if (port.Shape.Count != axes) return $"{Untrusted.Quote(port.Name)} has {port.Shape.Count} axes, not {axes}";
        }

        var channels = features.Channels;
        if (channels.Count is 0 or > MostChannels) return $"it lists {channels.Count} channels, allowed are 1 to {MostChannels:N0}";
        if (channels.Any(channel => channel is null || !Untrusted.IsPlainName(channel.Name) || !Untrusted.IsPlainName(channel.Group)
            || channel.Description != Untrusted.OneLine(channel.Description)))
        {
            return "a channel has no plain name, group and description";
        }

        if (channels.DistinctBy(channel => channel.Name).Count() < channels.Count) return "two channels have one name";
        return features.Output.Shape[2].Length == channels.Count ? null
            : $"its output has rows of {features.Output.Shape[2]}, and there are {channels.Count} channels";
    }

    /// <summary>What is wrong with inputs that go in together, or outputs that come out together; null where nothing is.</summary>
    private static string? PortViolation(ArtifactManifest.PortInfo[] ports)
    {
        if (ports.GroupBy(port => port.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            return $"{Untrusted.Quote(twice.Key)} is named twice";
        foreach (var port in ports)
        {
            if (!Untrusted.IsPlainName(port.Name)) return $"{Untrusted.Quote(port.Name)} is no name of an input or output";
            if (ElementType(port.Type) is null)
                return $"{Untrusted.Quote(port.Name)} has the unknown type {Untrusted.Quote(port.Type)}";
            if (port.Shape.Count > MostAxes) return $"{Untrusted.Quote(port.Name)} has {port.Shape.Count} axes, more than {MostAxes}";
            var names = port.Shape.Where(axis => axis.Length is null).Select(axis => axis.Name);
            if (names.FirstOrDefault(name => !Untrusted.IsPlainName(name)) is { } axis)
                return $"{Untrusted.Quote(port.Name)} has an axis {Untrusted.Quote(axis)}, which is no name";
        }

        return null;
    }

    private static string? ShapeViolation(ArtifactManifest.StateInfo state)
    {
        var (past, name) = (state.Past, Untrusted.Quote(state.Past.Name));
        if (state.Present.Type != past.Type) return $"{name} is {past.Type} and what becomes of it {state.Present.Type}";
        if (past.Shape.Count != state.Present.Shape.Count)
            return $"{name} has {past.Shape.Count} axes and what becomes of it {state.Present.Shape.Count}";
        if (past.Shape.FirstOrDefault(axis => axis.Length == 0) is { Length: 0 }) return $"{name} has an axis of length 0";
        if (past.Shape.Count(axis => axis.Length is null && axis.Name != ArtifactManifest.BatchAxis) > 1)
            return $"{name} grows along more than one axis";
        return TensorShape.TryCount([.. past.Shape.Select(axis => axis.Length ?? 1)], out var count) && count <= MostStateElements ? null
            : $"{name} has the absurd shape [{string.Join(", ", past.Shape)}]";
    }

    private static TensorType? ElementType(string name) =>
        TensorTypes.TryParseName(name, out var type) && ElementTypes.Contains(type) ? type : null;
}
