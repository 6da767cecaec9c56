using HoloZero.Exporter;
using HoloZero.Testing;
using HoloZero.Validation;

namespace HoloZero.Mutants.Tests;

/// <summary>Exports mutants and has them validated.</summary>
internal static class Workbench
{
    /// <summary>Exports a mutant to <paramref name="folder"/>. The self-check in it is the sound model's.</summary>
    public static void Export(SoundModel model, Plant plant, string folder, string variant = "portable")
    {
        using var beside = new TemporaryFolder();
        using var checkpoint = model.Open(beside.Path);
        var options = new ExportOptions
        {
            Reading = new(model.Reading),
            Quality = ExportedModel.AnyQuality,
            Calibration = ExportedModel.Calibration,
        };
        ArtifactExporter.Export(checkpoint, folder, options, [plant.Of(variant, checkpoint.Config)], model.Engine);
        plant.Folder(folder);
    }

    /// <summary>Checks an artifact.</summary>
    public static ValidationReport Validate(SoundModel model, string folder) =>
        ArtifactValidator.Validate(folder, model.GoldenFolder, new() { AllTriples = false });
}
