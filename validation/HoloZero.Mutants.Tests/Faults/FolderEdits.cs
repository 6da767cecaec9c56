using System.Buffers.Binary;
using Google.Protobuf;
using HoloZero.Artifacts;
using HoloZero.Onnx;

namespace HoloZero.Mutants.Tests.Faults;

/// <summary>Edits of an exported folder.</summary>
internal static class FolderEdits
{
    /// <summary>Edits the manifest.</summary>
    public static void Manifest(string folder, Func<ArtifactManifest, ArtifactManifest> edit)
    {
        var path = Path.Combine(folder, ArtifactManifest.FileName);
        File.WriteAllText(path, edit(ArtifactManifest.Read(path)).ToJson());
    }

    /// <summary>Edits what the manifest says about the variant.</summary>
    public static void Variant(string folder, Func<ArtifactManifest.VariantInfo, ArtifactManifest.VariantInfo> edit) =>
        Manifest(folder, manifest => manifest with { Variants = [edit(manifest.Variants[0])] });

    /// <summary>Edits the graph, and the manifest's hash of it with it.</summary>
    public static void Graph(string folder, Action<GraphProto> edit) => Model(folder, model => edit(model.Graph));

    /// <summary>The same with all that is in its file.</summary>
    public static void Model(string folder, Action<ModelProto> edit)
    {
        ModelWithStaleHash(folder, edit);
        Manifest(folder, manifest => Rehashed(folder, manifest, manifest.Variants[0].File));
    }

    /// <summary>Edits the first of the logits that the artifact carries for its self-check.</summary>
    public static void FirstStoredLogit(string folder, Func<double, double> edit) => Manifest(folder, manifest =>
    {
        var path = Path.Combine(folder, manifest.Golden.File);
        var bytes = File.ReadAllBytes(path);
        // A safetensors file is the length of its header, the header, and the tensors one after the other.
        var first = bytes.AsSpan(8 + checked((int)BinaryPrimitives.ReadInt64LittleEndian(bytes)), sizeof(double));
        BinaryPrimitives.WriteDoubleLittleEndian(first, edit(BinaryPrimitives.ReadDoubleLittleEndian(first)));
        File.WriteAllBytes(path, bytes);
        return Rehashed(folder, manifest, manifest.Golden.File);
    });

    /// <summary>Edits the graph and leaves the manifest as it is.</summary>
    public static void GraphWithStaleHash(string folder, Action<GraphProto> edit) =>
        ModelWithStaleHash(folder, model => edit(model.Graph));

    private static void ModelWithStaleHash(string folder, Action<ModelProto> edit)
    {
        var manifest = ArtifactManifest.Read(Path.Combine(folder, ArtifactManifest.FileName));
        var path = Path.Combine(folder, manifest.Variants[0].File);
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));
        edit(model);
        File.WriteAllBytes(path, model.ToByteArray());
    }

    private static ArtifactManifest Rehashed(string folder, ArtifactManifest manifest, string name)
    {
        var path = Path.Combine(folder, name);
        var files = new SortedDictionary<string, ArtifactManifest.FileInfo>(manifest.Files.ToDictionary(), StringComparer.Ordinal)
        {
            [name] = new(new FileInfo(path).Length, FileHash.Sha256(path)),
        };
        return manifest with { Files = files };
    }

    /// <summary>Two outputs of the graph change places.</summary>
    public static void SwapOutputs(GraphProto graph, string a, string b)
    {
        foreach (var node in graph.Node)
        {
            Swap(node.Input);
            Swap(node.Output);
        }

        void Swap(IList<string> names)
        {
            for (var i = 0; i < names.Count; i++) names[i] = names[i] == a ? b : names[i] == b ? a : names[i];
        }
    }
}
