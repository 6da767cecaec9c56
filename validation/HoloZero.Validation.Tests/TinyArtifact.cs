using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Google.Protobuf;
using HoloZero.Artifacts;
using HoloZero.Exporter;
using HoloZero.Models;
using HoloZero.Models.Checkpoints;
using HoloZero.Onnx;
using HoloZero.Reference;
using HoloZero.Testing;
using HoloZero.Validation.Checks;

namespace HoloZero.Validation.Tests;

/// <summary>
/// An artifact of tiny.pt in a folder of its own, and the means to damage it. Edits are re-hashed, so that only the edit is wrong.
/// </summary>
internal sealed class TinyArtifact : IDisposable
{
    private readonly TemporaryFolder _root = new();

    /// <summary>The first variant's graph: the one that edits are about.</summary>
    public string Graph { get; }

    public TinyArtifact(PrefixAttention attention = PrefixAttention.Causal, bool externalData = false, params string[] variants)
    {
        using var checkpoint = Checkpoint.Open(Repository.Golden("tiny.pt"));
        var options = new ExportOptions
        {
            Reading = new(attention),
            Variants = variants.Length == 0 ? ["portable"] : variants,
            Quality = ExportedModel.AnyQuality,
            Calibration = ExportedModel.Calibration,
        };
        Graph = $"model.{options.Variants[0]}.onnx";
        if (externalData) options = options with { MaxInlineBytes = 0 };
        ArtifactExporter.Export(checkpoint, Folder, options, new ReferenceEngine());
    }

    public static string Goldens { get; } = Repository.Golden();

    public string Folder => _root["tiny"];

    public string this[string name] => Path.Combine(Folder, name);

    public string Outside(string name) => _root[name];

    /// <summary>Validates against the published goldens.</summary>
    public ValidationReport Validate() => ArtifactValidator.Validate(Folder, Goldens, new() { AllTriples = false });

    /// <summary>Changes the graph.</summary>
    public TinyArtifact Edit(Action<ModelProto> edit) => Edit(Graph, edit);

    /// <summary>Changes another variant's graph.</summary>
    public TinyArtifact Edit(string graph, Action<ModelProto> edit)
    {
        var model = OnnxReader.Read(this[graph]);
        edit(model);
        File.WriteAllBytes(this[graph], model.ToByteArray());
        return Rehash(graph).EditManifest(json =>
        {
            foreach (var variant in json["variants"]!.AsArray().Where(variant => (string?)variant!["file"] == graph))
                variant!["weight_bytes"] = GraphCheck.WeightBytes(model);
        });
    }

    /// <summary>Changes one element of a float32 initializer.</summary>
    public TinyArtifact Edit(string initializer, int index, Func<float, float> change) => Edit(model =>
    {
        var tensor = model.Graph.Initializer.Single(tensor => tensor.Name == initializer);
        var bytes = tensor.RawData.ToByteArray();
        var values = MemoryMarshal.Cast<byte, float>(bytes.AsSpan());
        values[index] = change(values[index]);
        tensor.RawData = ByteString.CopyFrom(bytes);
    });

    /// <summary>Changes the manifest.</summary>
    public TinyArtifact EditManifest(Action<JsonNode> edit)
    {
        var json = JsonNode.Parse(File.ReadAllText(this[ArtifactManifest.FileName]))!;
        edit(json);
        File.WriteAllText(this[ArtifactManifest.FileName], json.ToJsonString());
        return this;
    }

    /// <summary>Puts the size and hash of a file as it is now into the manifest.</summary>
    public TinyArtifact Rehash(string name) => EditManifest(json => json["files"]![name] = new JsonObject
    {
        ["bytes"] = new FileInfo(this[name]).Length,
        ["sha256"] = FileHash.Sha256(this[name]),
    });

    public void Dispose() => _root.Dispose();
}

internal static class Reports
{
    /// <summary>Names of the checks that failed, each once, in order.</summary>
    public static string Failed(this ValidationReport report) =>
        string.Join(' ', report.Checks.Where(check => !check.Passed).Select(check => check.Check).Distinct().Order(StringComparer.Ordinal));

    /// <summary>The misses of a check.</summary>
    public static IReadOnlyList<Miss> Misses(this ValidationReport report, string check, string? subject = null) =>
        [.. report.Checks.Where(result => result.Check == check && (subject is null || result.Subject == subject))
            .SelectMany(result => result.Misses)];
}
