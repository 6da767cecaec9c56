using System.Text.Json.Nodes;
using HoloZero.Artifacts;
using HoloZero.Testing;

namespace HoloZero.Validation.Tests;

/// <summary>Goldens that cannot convict anybody are refused, in one line that names the file.</summary>
public sealed class BadGoldenTests : IDisposable
{
    private const string Logits = "tiny.golden.safetensors", Cases = "tiny.golden.json", Index = "index.json";
    private readonly TinyArtifact _artifact = new();
    private readonly TemporaryFolder _goldens = new();

    public BadGoldenTests()
    {
        foreach (var name in (string[])[Index, Logits, Cases, "tiny-bidirectional.golden.safetensors"])
            File.Copy(Repository.Golden(name), _goldens[name]);
    }

    public void Dispose()
    {
        _artifact.Dispose();
        _goldens.Dispose();
    }

    [Fact]
    public void A_sound_copy_is_accepted() =>
        Assert.True(ArtifactValidator.Validate(_artifact.Folder, _goldens.Path, new() { AllTriples = false }).Passed);

    [Fact]
    public void Truncated()
    {
        File.WriteAllBytes(_goldens[Logits], File.ReadAllBytes(_goldens[Logits])[..^100]);
        Refused(Logits);
    }

    [Theory]
    [InlineData("long_half.logits", "NaN")]
    [InlineData("korean_serve.trace.self_blocks.1", "NaN")]
    public void Not_a_number(string tensor, string expected)
    {
        Overwrite(tensor, double.NaN);
        Assert.Contains(tensor, Refused(Logits));
        Assert.Contains(expected, Refused(Logits));
    }

    [Fact]
    public void Edited()
    {
        Overwrite("long_serve.logits", 0.25);
        Assert.Contains("SHA-256", Refused(Logits));
    }

    [Fact]
    public void Contradicting_themselves()
    {
        Overwrite("long_half.logits", 40);
        Assert.Contains("bits per byte", Refused(Logits));
    }

    [Fact]
    public void Of_another_checkpoint()
    {
        EditIndex(index =>
        {
            foreach (var suite in index["suites"]!.AsArray()) suite!["checkpoints"] = new JsonObject { ["other.pt"] = new string('1', 64) };
        });
        Assert.Contains("tiny.pt", Refused(Index));
    }

    [Fact]
    public void Of_another_prefix_attention()
    {
        EditIndex(index => index["suites"]!.AsArray().RemoveAt(0));
        Assert.Contains("bidirectional", Refused(Index));
    }

    [Fact]
    public void Of_another_configuration()
    {
        EditCases(cases => cases["cfg"]!["heads"] = 2);
        EditIndex(index => index["files"]![Cases] = FileHash.Sha256(_goldens[Cases]));
        Assert.Contains("another configuration", Refused(_goldens.Path));
    }

    [Fact]
    public void Missing_a_case()
    {
        EditCases(cases => cases["causal"]!["no_such_case"] = cases["causal"]!["one_serve"]!.DeepClone());
        Assert.Contains("no_such_case", Refused(Logits));
    }

    [Fact]
    public void Without_an_index()
    {
        File.Delete(_goldens[Index]);
        Refused(Index);
    }

    [Fact]
    public void With_a_path_out_of_the_folder()
    {
        EditIndex(index => index["suites"]![0]!["logits"] = "../tiny.golden.safetensors");
        Assert.Contains("plain file name", Refused(Index));
    }

    private string Refused(string file)
    {
        var message = Assert.Throws<BadInputException>(() =>
            ArtifactValidator.Validate(_artifact.Folder, _goldens.Path, new() { AllTriples = false })).Message;
        Assert.Contains(file, message);
        Assert.DoesNotContain('\n', message);
        return message;
    }

    private void Overwrite(string tensor, double value)
    {
        long offset;
        using (var file = SafetensorsFile.Open(_goldens[Logits])) offset = file.Entry(tensor).Offset;
        using var stream = File.OpenWrite(_goldens[Logits]);
        stream.Position = offset;
        stream.Write(BitConverter.GetBytes(value));
    }

    private void EditIndex(Action<JsonNode> edit) => Edit(Index, edit);

    private void EditCases(Action<JsonNode> edit) => Edit(Cases, edit);

    private void Edit(string file, Action<JsonNode> edit)
    {
        var json = JsonNode.Parse(File.ReadAllText(_goldens[file]))!;
        edit(json);
        File.WriteAllText(_goldens[file], json.ToJsonString());
    }
}
