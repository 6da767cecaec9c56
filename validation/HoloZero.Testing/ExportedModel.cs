using HoloZero.Exporter;
using HoloZero.Models;
using HoloZero.Models.Checkpoints;
using HoloZero.Reference;

namespace HoloZero.Testing;

/// <summary>A checkpoint exported to a temporary folder, as holozero-export does it. Dispose it.</summary>
public sealed class ExportedModel : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    /// <summary>For tests that ask what variants compute, not what their rounding costs.</summary>
    public static QualityOptions AnyQuality { get; } = new() { AcceptAny = true };

    /// <summary>As the program calibrates where no text is given.</summary>
    public static CalibrationOptions Calibration { get; } = new() { Meter = new ReferenceActivations() };

    /// <summary>Exports <paramref name="checkpoint"/>, at any quality.</summary>
    public ExportedModel(string checkpoint, Reading? reading = null, ExportOptions? options = null)
    {
        using var opened = Checkpoint.Open(checkpoint);
        ArtifactExporter.Export(opened, Folder, (options ?? new()) with
        {
            Reading = new(reading ?? new()),
            Quality = AnyQuality,
            Calibration = Calibration,
        }, new ReferenceEngine());
    }

    /// <summary>The artifact.</summary>
    public string Folder => _temporary["model"];

    /// <summary>Removes it.</summary>
    public void Dispose() => _temporary.Dispose();
}
