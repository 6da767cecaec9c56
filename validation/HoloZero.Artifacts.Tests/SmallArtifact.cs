using HoloZero.Onnx;
using HoloZero.Testing;

namespace HoloZero.Artifacts.Tests;

/// <summary>
/// What a reader of artifacts takes for tiny's: its manifest, and a graph that names its data and computes nothing. Made in no time, where
/// an export takes some. Dispose it.
/// </summary>
internal sealed class SmallArtifact : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public SmallArtifact()
    {
        Directory.CreateDirectory(Folder);
        var tensor = new TensorProto { Name = "weight", DataType = TensorProto.Types.DataType.Float, Dims = { 1 } };
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = DataName });
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "offset", Value = "0" });
        var graph = new GraphProto { Initializer = { tensor } };
        var model = new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto() } };
        // Last what no reader looks into, for tests that change the last byte.
        model.MetadataProps.Add(new StringStringEntryProto { Key = "key", Value = "value" });
        File.WriteAllBytes(Path.Combine(Folder, GraphName), Google.Protobuf.MessageExtensions.ToByteArray(model));
        File.WriteAllBytes(Path.Combine(Folder, DataName), [0, 0, 128, 63]);
        File.WriteAllText(Path.Combine(Folder, GoldenName), "golden");

        var sound = ArtifactManifest.Read(Path.Combine(Repository.Root, "validation", "HoloZero.Fuzz", "corpus", "manifest", "tiny.json"));
        var files = new SortedDictionary<string, ArtifactManifest.FileInfo>(StringComparer.Ordinal);
        foreach (var path in Directory.GetFiles(Folder))
            files[Path.GetFileName(path)] = new(new FileInfo(path).Length, FileHash.Sha256(path));
        File.WriteAllText(Path.Combine(Folder, ArtifactManifest.FileName), (sound with { Files = files }).ToJson());
    }

    public static string GraphName => "model.fp32.onnx";

    public static string DataName => $"{GraphName}.data";

    public static string GoldenName => "golden.safetensors";

    /// <summary>The artifact.</summary>
    public string Folder => _temporary["model"];

    public void Dispose() => _temporary.Dispose();
}
