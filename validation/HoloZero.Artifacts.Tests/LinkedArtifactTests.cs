using System.Text;
using System.Text.Json.Nodes;
using Google.Protobuf;
using HoloZero.Onnx;
using HoloZero.Testing;

namespace HoloZero.Artifacts.Tests;

/// <summary>Artifacts whose files lie elsewhere, and files that lie beside a graph.</summary>
public sealed class LinkedArtifactTests : IDisposable
{
    private const string Graph = "model.fp32.onnx", Data = Graph + ".data";
    private readonly SmallArtifact _exported = new();
    private readonly TemporaryFolder _outside = new();

    public static TheoryData<string> Layouts => [.. LinkedFolders.Layouts];

    private string ManifestPath => Path.Combine(_exported.Folder, ArtifactManifest.FileName);

    public void Dispose()
    {
        _exported.Dispose();
        _outside.Dispose();
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Every_file_may_be_a_link_and_what_it_leads_to_counts(string layout)
    {
        var folder = LinkedFolders.Arrange(layout, _exported.Folder, _outside.Path);
        if (layout == "dvc")
        {
            Refused(folder, $"weights of {Graph} lie in {Data}, whose link leads to another folder", "as cp -rL does");
            // Data in the folder itself are enough; a graph there is not.
            var (graph, data) = (Path.Combine(folder, Graph), Path.Combine(folder, Data));
            Copy(graph);
            Refused(folder, "another folder");
            Copy(data);
        }

        var artifact = ArtifactFolder.Open(folder);
        Assert.Equal([Graph, Data], artifact.FilesOf(artifact.Variant(null)).Select(file => file.Key).Order(StringComparer.Ordinal));
        artifact.VerifyHashes(artifact.Variant(null));

        Flip(Path.Combine(folder, Data));
        Assert.Contains($"{Data} has SHA-256",
            Assert.Throws<BadInputException>(() => artifact.VerifyHashes(artifact.Variant(null))).Message);
        File.AppendAllText(Path.Combine(folder, Data), "x");
        Refused(folder, $"{Data} has ");
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void A_link_whose_target_is_gone_or_a_circle_is_told_with_its_name(string layout)
    {
        var folder = LinkedFolders.Arrange(layout, _exported.Folder, _outside.Path);
        var path = Path.Combine(folder, Data);
        File.Delete(new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path);
        Refused(folder, layout == "folder" ? $"{Data}, which is missing" : $"{Data}, which is a link to '");

        File.Delete(path);
        File.CreateSymbolicLink(path, _outside["there"]);
        File.CreateSymbolicLink(_outside["there"], path);
        Refused(folder, $"{Data}, whose links lead in a circle");
        File.Delete(path);
        File.CreateSymbolicLink(path, "/dev/zero");
        Refused(folder, $"'{Data}' beside it is a pipe, a socket or a device");
        File.Delete(path);
        File.CreateSymbolicLink(path, _outside.Path);
        Refused(folder, $"{Data}, which is a folder");
    }

    [Fact]
    public void Data_that_a_graph_names_and_the_manifest_does_not_list_are_refused()
    {
        Edit(json => json["files"]!.AsObject().Remove(Data));
        Refused(_exported.Folder, $"weights of {Graph} lie in '{Data}', which it does not list as data of that graph");
    }

    [Fact]
    public void Data_that_are_listed_by_a_name_that_loading_would_not_hash_are_refused()
    {
        NameData("weights.bin");
        File.Move(Path.Combine(_exported.Folder, Data), Path.Combine(_exported.Folder, "weights.bin"));
        Edit(json =>
        {
            json["files"]!["weights.bin"] = json["files"]![Data]!.DeepClone();
            json["files"]!.AsObject().Remove(Data);
        });
        Refused(_exported.Folder, $"weights of {Graph} lie in 'weights.bin', which it does not list as data of that graph");
    }

    [Theory]
    [InlineData("sub/pipe")]
    [InlineData("../../../etc/passwd")]
    [InlineData("/etc/passwd")]
    [InlineData("./" + Data)]
    [InlineData(Graph)]
    [InlineData("")]
    // By this name ONNX Runtime takes an offset for an address in its own memory.
    [InlineData("*/_ORT_MEM_ADDR_/*")]
    [InlineData("\u001b[31mred\u001b[0m")]
    public void A_graph_reaches_nothing_but_its_own_data(string location)
    {
        NameData(location);
        Refused(_exported.Folder, $"weights of {Graph} lie in {Untrusted.Quote(location)}");
    }

    [Fact]
    public void A_pipe_in_a_folder_within_is_never_opened()
    {
        // A graph that does not name it has nothing to do with it; none can name it, and no manifest list it.
        Directory.CreateDirectory(Path.Combine(_exported.Folder, "sub"));
        HostileArtifactTests.Pipe(Path.Combine(_exported.Folder, "sub", "pipe"));
        Assert.Equal("fp32", ArtifactFolder.Open(_exported.Folder).Variant(null).Name);
        NameData("sub/pipe");
        Refused(_exported.Folder, "lie in 'sub/pipe'");
        Edit(json => json["files"]!["sub/pipe"] = json["files"]![Data]!.DeepClone());
        Refused(_exported.Folder, "'sub/pipe', which is not a plain file name");
    }

    [Theory]
    [InlineData("attribute")]
    [InlineData("branch")]
    [InlineData("function")]
    [InlineData("sparse")]
    public void A_file_is_found_wherever_a_graph_can_name_it(string where)
    {
        byte[] entry = [.. Field(1, "location"u8), .. Field(2, "/dev/zero"u8)];
        byte[] tensor = Field(13, entry);
        byte[] node = Field(5, Field(5, tensor));
        byte[] more = where switch
        {
            "attribute" => Field(7, Field(1, node)),
            "branch" => Field(7, Field(1, Field(5, Field(6, Field(1, node))))),
            "function" => Field(25, Field(7, node)),
            _ => Field(7, Field(15, Field(2, tensor))),
        };
        // Protocol buffers merge what is given twice, so that the graph itself stays as it is.
        var path = Path.Combine(_exported.Folder, Graph);
        File.WriteAllBytes(path, [.. File.ReadAllBytes(path), .. more]);
        Rehash();
        Refused(_exported.Folder, $"weights of {Graph} lie in '/dev/zero'");

        static byte[] Field(int number, ReadOnlySpan<byte> content)
        {
            var tag = number << 3 | 2;
            byte[] head = tag < 128 ? [(byte)tag] : [(byte)(tag & 127 | 128), (byte)(tag >> 7)];
            return [.. head, (byte)content.Length, .. content];
        }
    }

    [Theory]
    [InlineData(new byte[] { 0 }, "a field has the number 0")]
    [InlineData(new byte[] { 0x3A, 5, 0 }, "a field ends beyond its message")]
    [InlineData(new byte[] { 0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1 }, "a field ends beyond its message")]
    [InlineData(new byte[] { 0x0A, 5, 0 }, "a field ends beyond its message")]
    [InlineData(new byte[] { 0x09, 5, 0 }, "a field ends beyond its message")]
    [InlineData(new byte[] { 0x0D, 5, 0 }, "a field ends beyond its message")]
    [InlineData(new byte[] { 0x08, 0x80 }, "a number does not end")]
    [InlineData(new byte[] { 0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1 }, "a number does not end")]
    [InlineData(new byte[] { 0x0B, 0x0C }, "a field is of no kind that ONNX has")]
    [InlineData(new byte[] { 0xBA, 0x80, 0x80, 0x80, 0x10, 0 }, "a field's number is too large")]
    [InlineData(new byte[] { 0xBA, 0x80, 0x80, 0x80, 0x00, 5, 0 }, "a field ends beyond its message")]
    public void What_is_no_protocol_buffer_is_refused_before_ONNX_Runtime_reads_it(byte[] graph, string cause)
    {
        File.WriteAllBytes(Path.Combine(_exported.Folder, Graph), graph);
        Rehash();
        Refused(_exported.Folder, $"it lists {Graph}, which is no ONNX model ({cause})");
        Edit(json => json["files"]![Graph]!["sha256"] = new string('0', 64));
        Refused(_exported.Folder, $"{Graph} has SHA-256");
        Assert.Single(ArtifactFolder.OpenUnverified(_exported.Folder).Faults());
    }

    [Fact]
    public void A_name_that_is_not_UTF8_is_no_other_name()
    {
        // Read leniently it would be the name that the manifest lists, and ONNX Runtime would open another file.
        const string listed = Graph + "\uFFFD";
        File.WriteAllBytes(Path.Combine(_exported.Folder, listed), [1]);
        Edit(json => json["files"]![listed] = new JsonObject
        {
            ["bytes"] = 1,
            ["sha256"] = FileHash.Sha256(Path.Combine(_exported.Folder, listed)),
        });
        byte[] name = [.. Encoding.UTF8.GetBytes(Graph), 0xFF];
        byte[] entry = [.. Field(1, "location"u8), .. Field(2, name)];
        File.WriteAllBytes(Path.Combine(_exported.Folder, Graph), Field(7, Field(5, Field(13, entry))));
        Rehash();
        Refused(_exported.Folder, $"it lists {Graph}, which is no ONNX model (the name of a file is not UTF-8)");

        static byte[] Field(int number, ReadOnlySpan<byte> content) => [(byte)(number << 3 | 2), (byte)content.Length, .. content];
    }

    [Fact]
    public void Graphs_within_graphs_end_somewhere()
    {
        // Each round puts a graph into an attribute of a node of another one; three bytes of length are enough for all.
        byte[] graph = [];
        for (var i = 0; i < 500; i++) graph = Field(1, Field(5, Field(6, graph)));
        File.WriteAllBytes(Path.Combine(_exported.Folder, Graph), Field(7, graph));
        Rehash();
        Refused(_exported.Folder, "messages lie too deep in one another");

        static byte[] Field(int number, byte[] content) => [(byte)(number << 3 | 2), (byte)(content.Length & 127 | 128),
            (byte)(content.Length >> 7 & 127 | 128), (byte)(content.Length >> 14), .. content];
    }

    /// <summary>Has the graph name another file for its data, and the manifest the hash of that graph.</summary>
    private void NameData(string location)
    {
        var path = Path.Combine(_exported.Folder, Graph);
        var model = OnnxReader.Read(path);
        foreach (var entry in model.Graph.Initializer.SelectMany(tensor => tensor.ExternalData).Where(entry => entry.Key == "location"))
            entry.Value = location;
        using (var file = File.Create(path)) model.WriteTo(file);
        Rehash();
    }

    private void Rehash()
    {
        var path = Path.Combine(_exported.Folder, Graph);
        Edit(json => json["files"]![Graph] = new JsonObject
        {
            ["bytes"] = new FileInfo(path).Length,
            ["sha256"] = FileHash.Sha256(path),
        });
    }

    private void Edit(Action<JsonObject> change)
    {
        var json = JsonNode.Parse(File.ReadAllText(ManifestPath))!.AsObject();
        change(json);
        File.WriteAllText(ManifestPath, json.ToJsonString());
    }

    private static void Flip(string path)
    {
        var bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(path, bytes);
    }

    private static void Copy(string link)
    {
        var bytes = File.ReadAllBytes(link);
        File.Delete(link);
        File.WriteAllBytes(link, bytes);
    }

    private static void Refused(string folder, params string[] causes)
    {
        foreach (var verifyHashes in (bool[])[true, false])
        {
            var message = Assert.Throws<BadInputException>(() => ArtifactFolder.Open(folder, verifyHashes)).Message;
            Assert.All(causes, cause => Assert.Contains(cause, message));
            Assert.DoesNotContain(message, char.IsControl);
        }
    }
}
