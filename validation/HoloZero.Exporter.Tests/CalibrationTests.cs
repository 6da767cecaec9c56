using System.Security.Cryptography;
using HoloZero.Artifacts;
using HoloZero.Models.Checkpoints;
using HoloZero.Reference;
using HoloZero.Testing;

namespace HoloZero.Exporter.Tests;

/// <summary>Fixed scales of activations come from a text, and the manifest says from which.</summary>
public sealed class CalibrationTests : IDisposable
{
    private static readonly byte[] Text = File.ReadAllBytes(Repository.Golden("demo-heldout.txt"));

    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void Without_a_text_the_network_writes_one()
    {
        var (config, weights) = GoldenSuite.Tiny.Load();
        var written = new ReferenceActivations().Write(config, weights, TestContext.Current.CancellationToken);

        var variant = Export(new() { Meter = new ReferenceActivations() }).Variants[0];

        Assert.Equal(new(ArtifactManifest.CalibrationInfo.OwnText, written.Length, Sha256(written)), variant.Calibration);
        Assert.Equal(variant.Calibration, ArtifactFolder.Open(_temporary["model"]).Variant("int8").Calibration);
    }

    [Fact]
    public void A_text_that_is_given_decides_about_the_scales_and_is_named()
    {
        Export(new() { Meter = new ReferenceActivations() });
        var own = File.ReadAllBytes(_temporary["model", "model.int8.onnx"]);

        var variant = Export(new() { Meter = new ReferenceActivations(), Text = Text }).Variants[0];

        Assert.Equal(new(ArtifactManifest.CalibrationInfo.GivenText, Text.Length, Sha256(Text)), variant.Calibration);
        Assert.NotEqual(own, File.ReadAllBytes(_temporary["model", "model.int8.onnx"]));
    }

    [Theory]
    [InlineData("int8", false, 5000, "nothing to measure them with")]
    [InlineData("int8", true, 100, "100 bytes do not tell")]
    [InlineData("fp32", true, 5000, "no variant that is exported rounds by it")]
    public void What_cannot_be_measured_or_serves_nothing_is_refused(string variant, bool meter, int bytes, string why)
    {
        var error = Assert.Throws<BadInputException>(() => Export(
            new() { Meter = meter ? new ReferenceActivations() : null, Text = Text[..bytes] }, variant));

        Assert.Contains(why, error.Message);
        Assert.Empty(Directory.GetFileSystemEntries(_temporary.Path));
    }

    [Fact]
    public void A_variant_that_rounds_no_activations_by_fixed_scales_needs_nothing()
    {
        var variant = Export(new(), "int4").Variants[0];
        Assert.Null(variant.Calibration);
    }

    [Theory]
    [InlineData("int8")]
    [InlineData("int4")]
    public void Keys_and_values_in_8_bits_are_calibrated_and_nothing_else_changes_its_type(string variant)
    {
        var without = Export(new() { Meter = new ReferenceActivations() }, variant).Variants[0];
        var info = Export(new() { Meter = new ReferenceActivations() }, variant, int8Cache: true).Variants[0];

        Assert.NotNull(info.Calibration);
        Assert.Equal(without.Exact, info.Exact);
        foreach (var (before, after) in without.Signature.State.Zip(info.Signature.State))
        {
            var isCache = after.Past.Name.StartsWith("past.self_blocks.", StringComparison.Ordinal);
            Assert.Equal(isCache ? "int8" : before.Past.Type, after.Past.Type);
            Assert.Equal(after.Past.Type, after.Present.Type);
        }
    }

    [Fact]
    public void Keys_and_values_that_nobody_would_round_are_not_asked_to_be()
    {
        var error = Assert.Throws<BadInputException>(() => Export(new() { Meter = new ReferenceActivations() }, "fp32", int8Cache: true));
        Assert.Equal("int8-cache: no variant that is exported keeps keys and values in 8 bits; export the variant int8 or int4, or leave "
            + "it out", error.Message);
        Assert.Contains("nothing to measure them with",
            Assert.Throws<BadInputException>(() => Export(new(), "int4", int8Cache: true)).Message);
        Assert.Empty(Directory.GetFileSystemEntries(_temporary.Path));
    }

    private ArtifactManifest Export(CalibrationOptions calibration, string variant = "int8", bool int8Cache = false)
    {
        using var checkpoint = Checkpoint.Open(Repository.Golden("tiny.pt"));
        return ArtifactExporter.Export(checkpoint, _temporary["model"], new()
        {
            Variants = [variant],
            Quality = ExportedModel.AnyQuality,
            Calibration = calibration,
            Int8Cache = int8Cache,
        }, new ReferenceEngine());
    }

    private static string Sha256(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
