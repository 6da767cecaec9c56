using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Validation.Goldens;

namespace HoloZero.Validation.Checks;

/// <summary>What can be said about an artifact without looking into a graph.</summary>
internal static class ManifestCheck
{
    /// <summary>Every file against its size and SHA-256.</summary>
    public static CheckResult Hashes(ArtifactFolder artifact)
    {
        var faults = artifact.Faults().Select(fault => new Miss(fault.File, fault.Actual, fault.Expected)).ToArray();
        return new(CheckNames.Hashes, $"{artifact.Manifest.Files.Count} files", faults, new Dictionary<string, double>());
    }

    /// <summary>Whether the manifest describes this architecture, and agrees with the logits that lie beside it.</summary>
    /// <param name="artifact">The artifact.</param>
    /// <param name="config">The network; null where the manifest describes none.</param>
    /// <param name="own">The artifact's own goldens; null where they are damaged or of another configuration.</param>
    public static CheckResult Structure(ArtifactFolder artifact, out AsymDecConfig? config, out IReadOnlyList<GoldenCase>? own)
    {
        var model = artifact.Manifest.Model;
        var misses = new List<Miss>();
        Require("architecture", model.Architecture, "AsymDec");
        Require("vocabulary", $"{model.Vocabulary}", $"{AsymDecConfig.Vocabulary}");
        Require("mask_id", $"{model.MaskId}", $"{AsymDecConfig.MaskId}");
        Require("eos_id", $"{model.EosId}", $"{AsymDecConfig.EosId}");
        if (artifact.Manifest.Variants.Count == 0) misses.Add(new("holozero.json: variants", "none", "at least one"));
        config = Configuration(model, misses);
        if (config is not null)
        {
            Require("parameters", $"{model.Parameters}",
                $"{AsymDec.ParameterShapes(config).Values.Sum(shape => shape.Aggregate(1L, (a, b) => a * b))}");
        }

        own = null;
        try
        {
            if (config is not null) own = ArtifactGoldens.Read(artifact, config);
        }
        catch (BadInputException e)
        {
            misses.Add(new(artifact.Manifest.Golden.File, e.Message, "prompts and logits that fit the manifest"));
        }

        return new(CheckNames.Structure, ArtifactManifest.FileName, misses, new Dictionary<string, double>());

        void Require(string what, string actual, string expected)
        {
            if (actual != expected) misses.Add(new($"holozero.json: model.{what}", Untrusted.Quote(actual), Untrusted.Quote(expected)));
        }
    }

    private static AsymDecConfig? Configuration(ArtifactManifest.ModelInfo model, List<Miss> misses)
    {
        if (Reading.Parse(model.PrefixAttention, model.StreamPositions, model.StreamOrigin) is not { } reading)
        {
            misses.Add(new("holozero.json: model.prefix_attention, stream_positions, stream_origin",
                Untrusted.Quote($"{model.PrefixAttention}-{model.StreamPositions}-{model.StreamOrigin}"),
                string.Join(", ", Reading.All)));
            return null;
        }

        if (DoorConfig.Parse<DoorKind>(model.Door) is not { } door || DoorConfig.Parse<SubstrateKind>(model.Substrate) is not { } substrate)
        {
            misses.Add(new("holozero.json: model.door, substrate", Untrusted.Quote($"{model.Door}, {model.Substrate}"),
                "a door and a substrate that are known"));
            return null;
        }

        try
        {
            return new(model.Dim, model.DecLayers, model.Heads, model.SlotBytes, source: ArtifactManifest.FileName,
                door: new(door, substrate, model.SubstrateSeed))
            {
                Reading = reading,
            };
        }
        catch (BadInputException e)
        {
            misses.Add(new("holozero.json: model", e.Message, "the configuration of a network"));
            return null;
        }
    }
}
