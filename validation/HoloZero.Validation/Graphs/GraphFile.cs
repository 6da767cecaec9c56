using HoloZero.Artifacts;
using HoloZero.Onnx;

namespace HoloZero.Validation.Graphs;

/// <summary>A graph as it lies in an artifact.</summary>
/// <param name="Path">Its file.</param>
/// <param name="Variant">What the manifest says about it.</param>
/// <param name="Files">What the manifest lists.</param>
/// <param name="Model">What is in the file.</param>
/// <param name="Contents">What it says that its initializers hold.</param>
internal sealed record GraphFile(string Path, ArtifactManifest.VariantInfo Variant,
    IReadOnlyDictionary<string, ArtifactManifest.FileInfo> Files, ModelProto Model, GraphContents Contents)
{
    /// <summary>How the network is written down in it.</summary>
    public GraphForm Form { get; } = GraphForm.Of(Variant);

    /// <summary>The value that the first block sees; null where the manifest does not say.</summary>
    public string? Door => Variant.Trace.FirstOrDefault(block => block.Module == "door")?.Value.Name;

    /// <summary>Reads it.</summary>
    /// <exception cref="GraphFailure">It cannot be read.</exception>
    /// <exception cref="BadInputException">An earlier release wrote it, which did not say what its initializers hold.</exception>
    public static GraphFile Read(ArtifactFolder artifact, ArtifactManifest.VariantInfo variant)
    {
        if (variant.File != System.IO.Path.GetFileName(variant.File))
        {
            throw new GraphFailure($"{Untrusted.Quote(variant.File)} is not a plain file name");
        }

        var path = artifact.PathOf(variant.File);
        ModelProto model;
        GraphContents? contents;
        try
        {
            model = OnnxReader.Read(path);
            contents = GraphContents.Of(model, path);
        }
        catch (BadInputException e)
        {
            throw new GraphFailure(e.Message, e);
        }

        return new(path, variant, artifact.Manifest.Files, model, contents ?? GraphContents.Require(model, path));
    }
}
