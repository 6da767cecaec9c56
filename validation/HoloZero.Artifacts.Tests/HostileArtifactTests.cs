using System.Diagnostics;
using System.Text.Json.Nodes;
using HoloZero.Testing;

namespace HoloZero.Artifacts.Tests;

/// <summary>Artifacts that somebody made to hang, crash or mislead, and those that only look odd.</summary>
public sealed class HostileArtifactTests : IDisposable
{
    private const string Graph = "model.fp32.onnx";
    private readonly SmallArtifact _exported = new();
    private readonly TemporaryFolder _outside = new();

    private string ManifestPath => Path.Combine(_exported.Folder, ArtifactManifest.FileName);

    public void Dispose()
    {
        _exported.Dispose();
        _outside.Dispose();
    }

    [Theory]
    [InlineData(Graph)]
    [InlineData("golden.safetensors")]
    public void A_pipe_in_place_of_a_file_is_told_and_never_opened(string name)
    {
        Replace(name, path => Pipe(path));
        // As long as the manifest says, so that nothing but its kind is wrong.
        Edit(json => json["files"]![name]!["bytes"] = 0);
        Refused("is a pipe, a socket or a device");
    }

    [Fact]
    public void A_pipe_that_nobody_lists_is_told_too()
    {
        Pipe(Path.Combine(_exported.Folder, "weights"));
        Refused("'weights' beside it is a pipe");
        File.Delete(Path.Combine(_exported.Folder, "weights"));
        File.CreateSymbolicLink(Path.Combine(_exported.Folder, "zero"), "/dev/zero");
        Refused("'zero' beside it is a pipe, a socket or a device");
    }

    [Fact]
    public void A_folder_a_socket_and_a_manifest_that_is_a_pipe_are_told()
    {
        Replace(Graph, path => Directory.CreateDirectory(path));
        Refused($"it lists {Graph}, which is a folder");
        Directory.Delete(Path.Combine(_exported.Folder, Graph));
        using (var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, 0))
        {
            socket.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(Path.Combine(_exported.Folder, Graph)));
            Refused("is a pipe, a socket or a device");
        }

        File.Delete(ManifestPath);
        Pipe(ManifestPath);
        Refused("this is a pipe or a device");
    }

    [Fact]
    public void Links_are_followed_even_out_of_the_folder_and_their_content_counts()
    {
        // As model hubs and mounted volumes have it: every file of the folder a link, the folder itself too.
        foreach (var path in Directory.GetFiles(_exported.Folder))
        {
            var blob = _outside[$"blob-{Path.GetFileName(path)}"];
            File.Move(path, blob);
            File.CreateSymbolicLink(path, Path.GetRelativePath(_exported.Folder, blob));
        }

        Directory.CreateSymbolicLink(_outside["linked"], _exported.Folder);
        Assert.Equal("fp32", ArtifactFolder.Open(_outside["linked"]).Variant(null).Name);

        File.AppendAllText(_outside[$"blob-{Graph}"], "x");
        Refused($"{Graph} has ");
    }

    [Fact]
    public void Links_to_nothing_and_in_a_circle_are_told()
    {
        Replace(Graph, path => File.CreateSymbolicLink(path, "../../nowhere\u001b[31m"));
        Refused("is a link to '../../nowhere\\u001b[31m', where nothing is");
        Replace(Graph, path => File.CreateSymbolicLink(path, Graph));
        Refused($"it lists {Graph}, whose links lead in a circle");
        File.Delete(ManifestPath);
        File.CreateSymbolicLink(ManifestPath, ArtifactManifest.FileName);
        Refused("its links lead in a circle");
        Directory.CreateSymbolicLink(_outside["loop"], _outside["loop"]);
        Assert.Contains("links lead in a circle", Assert.Throws<BadInputException>(() => ArtifactFolder.Open(_outside["loop"])).Message);
    }

    [Theory]
    [InlineData("model\0.onnx")]
    [InlineData("\u001b[2J")]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a/b")]
    public void A_name_that_is_none_is_refused(string name)
    {
        Edit(json =>
        {
            json["files"]!.AsObject()[name] = JsonNode.Parse("""{"bytes": 1, "sha256": "00"}""");
            json["variants"]![0]!["file"] = name;
        });
        Refused("which is not a plain file name");
    }

    [Fact]
    public void Values_that_no_model_has_are_refused_before_they_are_used()
    {
        foreach (var most in (int[])[0, -1, int.MinValue])
            Changed(variant => variant["max_positions"] = most, $"max_positions {most} is not positive");
        ChangedWindow(1, 0, null, "its window: stream_bytes 1 is not within 2");
        ChangedWindow(65_537, 0, null, "stream_bytes 65537 is not within");
        ChangedWindow(64, -1, null, "max_prefix_slots -1 is not within");
        ChangedWindow(64, 4_097, null, "max_prefix_slots 4097 is not within");
        ChangedWindow(64, 8, 0, "kept_stream_bytes 0 is not within");
        ChangedWindow(64, 8, 65, "kept_stream_bytes 65 is not within 1 to 64");
        Changed(variant => variant["name"] = "\u001b[31m", "its name is empty, too long or not printable");
        Changed(variant => variant["name"] = new string('x', 5000), "its name is empty, too long or not printable");
        Changed(variant => variant["precision"] = "\u0007", "precision '\\u0007' is no name");
        ChangedState(shape => shape[1] = 4_000_000_000_000_000_000, "has the absurd shape");
        ChangedState(shape => shape[1] = 2_000_000_000, "has the absurd shape");
        ChangedState(shape => shape[1] = 0, "has an axis of length 0");
        ChangedState(shape => shape[1] = "grows", "grows along more than one axis");
        ChangedState(shape => shape[1] = "\u001b[31m", "has an axis '\\u001b[31m', which is no name");
        ChangedState(shape => shape.Add(1), "axes and what becomes of it");
        ChangedState(shape => { for (var i = 0; i < 20; i++) shape.Add(1); }, "axes, more than 8");
        Changed(variant => State(variant)["past"]!["name"] = "a\nb", "'a\\u000ab' is no name of an input or output");
        Changed(variant => State(variant)["present"]!["type"] = "uint8", "and what becomes of it uint8");

        void ChangedState(Action<JsonArray> change, string cause) =>
            Changed(variant => change(State(variant)["past"]!["shape"]!.AsArray()), cause);

        // A growing one: [batch, heads, past, width].
        static JsonObject State(JsonObject variant) => variant["signature"]!["state"]![2]!.AsObject();

        void ChangedWindow(int streamBytes, int prefixSlots, int? keptBytes, string cause) => ChangedManifest(json => json["window"] =
            new JsonObject
            {
                ["stream_bytes"] = streamBytes,
                ["max_prefix_slots"] = prefixSlots,
                ["kept_stream_bytes"] = keptBytes,
            }, cause);

        void Changed(Action<JsonObject> change, string cause) => ChangedManifest(json => change(json["variants"]![0]!.AsObject()), cause);

        void ChangedManifest(Action<JsonNode> change, string cause)
        {
            var before = File.ReadAllText(ManifestPath);
            Edit(change);
            Refused(cause);
            File.WriteAllText(ManifestPath, before);
        }
    }

    [Fact]
    public void What_a_parser_says_of_a_manifest_is_short_and_cannot_write_to_the_terminal()
    {
        Edit(json => json["files"]!.AsObject()["\u001b]0;owned\u0007" + new string('x', 5000)] = JsonNode.Parse("""{"bytes": "many"}"""));
        Refused("not a sound manifest");
    }

    [Fact]
    public void Many_variants_are_counted_not_listed()
    {
        Edit(json =>
        {
            var variants = json["variants"]!.AsArray();
            for (var i = 0; i < 40; i++)
            {
                var more = variants[0]!.DeepClone();
                more["name"] = $"{i}-{new string('x', 100)}";
                variants.Add(more);
            }
        });
        var message = Assert.Throws<BadInputException>(() => ArtifactFolder.Open(_exported.Folder).Variant("none")).Message;
        Assert.Contains("and 33 more", message);
        Assert.InRange(message.Length, 0, 1500);
    }

    [Theory]
    [InlineData("\u001b[31mred\u001b[0m", "red")]
    [InlineData("a\r\nb", "a b")]
    [InlineData("bell\u0007", "bell\\u0007")]
    [InlineData("\u202eright to left", "\\u202eright to left")]
    [InlineData("안녕 \U0001F600 \ufffd", "안녕 \U0001F600 \ufffd")]
    public void Every_message_is_one_line_that_a_terminal_shows_as_it_is(string text, string shown)
    {
        Assert.Equal(shown, Untrusted.OneLine(text));
        Assert.Equal("\\ud83d", Untrusted.OneLine("\ud83d"));
        Assert.Equal($"{shown}: {shown}; {shown}", new BadInputException(text, text, text).Message);
        Assert.Equal($"{shown}; {shown}", new MissingCapabilityException(text, text).Message);
        Assert.Equal(shown, new UnsoundModelException(text).Message);
    }

    internal static void Pipe(string path)
    {
        using var process = Process.Start("mkfifo", [path]);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    private void Replace(string name, Action<string> with)
    {
        var path = Path.Combine(_exported.Folder, name);
        File.Delete(path);
        with(path);
    }

    private void Edit(Action<JsonObject> change)
    {
        var json = JsonNode.Parse(File.ReadAllText(ManifestPath))!.AsObject();
        change(json);
        File.WriteAllText(ManifestPath, json.ToJsonString());
    }

    private void Refused(string cause)
    {
        var message = Assert.Throws<BadInputException>(() => ArtifactFolder.Open(_exported.Folder)).Message;
        Assert.Contains(cause, message);
        Assert.DoesNotContain(message, char.IsControl);
        Assert.InRange(message.Length, 0, 1000);
        // Without hashing as well: that is how a runtime opens it.
        if (!cause.EndsWith("has ", StringComparison.Ordinal))
            Assert.Throws<BadInputException>(() => ArtifactFolder.Open(_exported.Folder, verifyHashes: false));
    }
}
