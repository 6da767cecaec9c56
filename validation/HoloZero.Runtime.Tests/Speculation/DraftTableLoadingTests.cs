using HoloZero.Artifacts;
using HoloZero.Testing;

namespace HoloZero.Runtime.Tests.Speculation;

public sealed class DraftTableLoadingTests
{
    private static ReadOnlyMemory<byte> Text => File.ReadAllBytes(Repository.Golden("demo-heldout.txt"));

    [Fact]
    public void A_table_comes_with_the_artifact_and_is_read_with_what_checks_guesses()
    {
        using var exported = new ExportedModel(Repository.Golden("tiny.pt"), options: new() { CheckedRows = 4, DraftText = Text });
        using var model = HoloZeroModel.Load(exported.Folder);
        Assert.Equal(model.Artifact.Manifest.Drafts!.Entries, model.Drafts!.Count);
        Assert.Equal((Text.Length, FileHash.Sha256(Repository.Golden("demo-heldout.txt"))),
            ((int)model.Artifact.Manifest.Drafts.Bytes, model.Artifact.Manifest.Drafts.TextSha256));
        using var plain = HoloZeroModel.Load(exported.Folder, new() { Speculation = false });
        Assert.Null(plain.Drafts);
    }

    [Theory]
    [InlineData(true, "these are the drafts of another model")]
    [InlineData(false, "no sound draft table")]
    public void A_table_that_does_not_fit_is_refused_in_one_line(bool sound, string says)
    {
        using var exported = new ExportedModel(Repository.Golden("tiny.pt"), options: new() { CheckedRows = 4, DraftText = Text });
        var path = Path.Combine(exported.Folder, ArtifactFolder.Open(exported.Folder).Manifest.Drafts!.File);
        var bytes = File.ReadAllBytes(path);
        bytes[sound ? 8 : 0] ^= 1;
        File.WriteAllBytes(path, bytes);
        var error = Assert.Throws<BadInputException>(() => HoloZeroModel.Load(exported.Folder));
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void A_check_graph_that_is_another_is_refused_and_one_that_computes_something_else_is_found()
    {
        using var exported = new ExportedModel(Repository.Golden("tiny.pt"), options: new() { CheckedRows = 4 });
        using (var model = HoloZeroModel.Load(exported.Folder)) Assert.All(SelfCheck.Run(model), test => Assert.True(test.Passed));

        // The graph that checks for one of other rows: the manifest tells.
        using var other = new ExportedModel(Repository.Golden("tiny.pt"), options: new() { CheckedRows = 3 });
        const string check = "model.fp32.onnx.check.onnx";
        File.Copy(Path.Combine(other.Folder, check), Path.Combine(exported.Folder, check), overwrite: true);
        Assert.Throws<BadInputException>(() => HoloZeroModel.Load(exported.Folder, new() { VerifyHashes = false }));
    }
}
