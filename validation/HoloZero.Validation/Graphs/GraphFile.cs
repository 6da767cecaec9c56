using HoloZero.Artifacts;
using HoloZero.Exporter.Recording;
using HoloZero.Onnx;

namespace HoloZero.Validation.Graphs;

/// <summary>A graph as it lies in an artifact.</summary>
/// <param name="Path">Its file.</param>
/// <param name="Variant">What the manifest says about it.</param>
/// <param name="Files">What the manifest lists.</param>
/// <param name="Model">What is in the file.</param>
internal sealed record GraphFile(string Path, ArtifactManifest.VariantInfo Variant,
    IReadOnlyDictionary<string, ArtifactManifest.FileInfo> Files, ModelProto Model)
{
    /// <summary>How the network is written down in it.</summary>
    public GraphForm Form { get; } = GraphForm.Of(Variant);

    /// <summary>Reads it.</summary>
    /// <exception cref="BadInputException">It cannot be read.</exception>
    public static GraphFile Read(ArtifactFolder artifact, ArtifactManifest.VariantInfo variant)
    {
        if (variant.File != System.IO.Path.GetFileName(variant.File))
        {
            throw new BadInputException(artifact.Path, $"{Untrusted.Quote(variant.File)} is not a plain file name",
                "export the model again");
        }
        var path = artifact.PathOf(variant.File);
        return new(path, variant, artifact.Manifest.Files, OnnxReader.Read(path));
    }
}
