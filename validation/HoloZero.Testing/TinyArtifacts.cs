using HoloZero.Exporter;
using HoloZero.Models;
using HoloZero.Models.Checkpoints;
using HoloZero.Reference;

namespace HoloZero.Testing;

/// <summary>tiny.pt, exported as a user exports it, once for all tests of an assembly.</summary>
public sealed class TinyArtifacts : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TinyArtifacts()
    {
        foreach (var attention in Enum.GetValues<PrefixAttention>())
        {
            using var checkpoint = Checkpoint.Open(Repository.Golden("tiny.pt"));
            ArtifactExporter.Export(checkpoint, Folder(attention), new()
            {
                Reading = new(attention),
                Variants = ["fp32", "portable", "int8"],
                Quality = ExportedModel.AnyQuality,
                Calibration = ExportedModel.Calibration,
            },
                new ReferenceEngine());
        }
    }

    /// <summary>The artifact of that reading.</summary>
    public string Folder(PrefixAttention attention) => _folder[attention.ToString()];

    /// <summary>One of its graphs.</summary>
    public string Graph(PrefixAttention attention, string variant = "portable") =>
        Path.Combine(Folder(attention), $"model.{variant}.onnx");

    /// <inheritdoc/>
    public void Dispose() => _folder.Dispose();
}
