using HoloZero.Testing;

namespace HoloZero.Runtime.Tests;

/// <summary>validation/golden/artifact, which 0.2.0 exported and nobody exports again: later releases run it as it is.</summary>
public sealed class KeptArtifactTests
{
    private static readonly string Folder = Repository.Golden("artifact");

    [Theory]
    [InlineData("fp32")]
    [InlineData("int8")]
    public void It_loads_and_computes_what_it_did(string variant)
    {
        using var model = HoloZeroModel.Load(Folder, new() { Variant = variant });
        var checks = SelfCheck.Run(model, TestContext.Current.CancellationToken);
        Assert.Contains(checks, check => check.Case == SelfCheck.DraftsCase);
        Assert.All(checks, check => Assert.True(check.Passed, $"{check.Case}: {check.MaxAbsoluteError}"));
    }

    [Fact]
    public void A_variant_that_is_no_longer_exported_loads_and_computes_what_it_did()
    {
        using var model = HoloZeroModel.Load(Repository.Golden("artifact-fp16"));
        Assert.Equal("fp16", model.Variant.Name);
        var checks = SelfCheck.Run(model, TestContext.Current.CancellationToken);
        Assert.All(checks, check => Assert.True(check.Passed, $"{check.Case}: {check.MaxAbsoluteError}"));
    }

    /// <summary>Truth that our code did not make.</summary>
    [Fact]
    public void It_gives_the_published_logits()
    {
        using var model = HoloZeroModel.Load(Folder);
        using var session = model.OpenSession();
        foreach (var golden in GoldenSuite.Tiny.Cases)
        {
            var logits = session.Prefill(golden.Prefix(model.SlotBytes), golden.Stream(model.SlotBytes)).Data;
            Assert.Equal(golden.Logits.Length, logits.Length);
            for (var i = 0; i < logits.Length; i++) Assert.Equal(golden.Logits[i], logits[i], GoldenSuite.Tiny.Tolerance);
        }
    }

    [Fact]
    public void Its_pictures_and_features_are_read()
    {
        using var model = HoloZeroModel.Load(Folder);
        using var features = ByteFeatures.Load(model.Artifact);
        using var picture = MediaGraph.Load(model.Artifact, Artifacts.ArtifactManifest.MediaInfo.Picture);
        Assert.Equal(256, picture.Run("grey", Enumerable.Repeat((byte)128, 32 * 32 * 3).ToArray(), 32, 32, 3).Length);
    }
}
