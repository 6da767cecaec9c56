using HoloZero.Artifacts;
using HoloZero.Models.Checkpoints;
using HoloZero.Reference;
using HoloZero.Testing;

namespace HoloZero.Exporter.Tests;

/// <summary>Rounded weights ship with what they cost, or not at all.</summary>
public sealed class QualityGateTests : IDisposable
{
    private static readonly byte[] Text = new byte[QualityOptions.LeastTextBytes];

    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void A_cost_within_the_limit_is_written_down_and_the_baseline_goes_again()
    {
        var manifest = Export(["int8", "int4"],
            new() { HeldOutText = Text, Meter = new Meter(("fp32", 2), ("int8", 2.0099), ("int4", 2.0399)) });

        Assert.Equal(["int8", "int4"], manifest.Variants.Select(variant => variant.Name));
        Assert.Equal(["features.onnx", "golden.safetensors", "media.picture.onnx", "media.sound.onnx", "model.int4.onnx",
            "model.int8.onnx"],
            manifest.Files.Keys);
        Assert.Equal(["features.onnx", "golden.safetensors", "holozero.json", .. manifest.Files.Keys.Skip(2)],
            Directory.GetFiles(_temporary["model"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        var quality = ArtifactFolder.Open(_temporary["model"]).Variant("int8").Quality!;
        Assert.Equal((2.0099, 2.0, Text.Length), (quality.BitsPerByte, quality.BaselineBitsPerByte, quality.Bytes));
        Assert.Equal(0.00495, quality.Loss, 1e-12);
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Text)), quality.TextSha256);
    }

    [Fact]
    public void A_baseline_that_was_asked_for_stays()
    {
        var manifest = Export(["fp32", "int8"], new() { HeldOutText = Text, Meter = new Meter(("fp32", 2), ("int8", 2)) });
        Assert.Equal(["fp32", "int8"], manifest.Variants.Select(variant => variant.Name));
        Assert.Null(manifest.Variants[0].Quality);
        Assert.NotNull(manifest.Variants[1].Quality);
    }

    [Theory]
    [InlineData("int8", 2.0101)]
    [InlineData("int4", 2.0401)]
    [InlineData("cuda", 2.0021)]
    [InlineData("cuda-int8", 2.0101)]
    [InlineData("cuda-int4", 2.0401)]
    public void A_cost_beyond_the_limit_is_refused_and_leaves_nothing(string variant, double bits)
    {
        var meter = new Meter(("fp32", 2), (variant, bits));
        var error = Assert.Throws<UnsoundModelException>(() => Export([variant], new() { HeldOutText = Text, Meter = meter }));
        Assert.Contains(variant, error.Message);
        Assert.Contains("--accept-any-quality", error.Message);
        Assert.Empty(Directory.GetFileSystemEntries(_temporary.Path));

        var accepted = Export([variant], new() { HeldOutText = Text, Meter = meter, AcceptAny = true });
        Assert.Equal(bits, Assert.Single(accepted.Variants).Quality!.BitsPerByte);
    }

    [Fact]
    public void A_cost_that_is_no_number_is_refused_always() => Assert.Throws<UnsoundModelException>(() =>
        Export(["int8"], new() { HeldOutText = Text, Meter = new Meter(("fp32", 2), ("int8", double.NaN)), AcceptAny = true }));

    [Fact]
    public void Without_text_rounded_weights_are_refused()
    {
        Assert.Contains("int4", Assert.Throws<BadInputException>(() => Export(["fp32", "int4"], new() { Meter = new Meter() })).Message);
        Assert.Contains("held-out", Assert.Throws<BadInputException>(() =>
            Export(["int8"], new() { HeldOutText = new byte[100], Meter = new Meter() })).Message);
        Assert.Empty(Directory.GetFileSystemEntries(_temporary.Path));
        Assert.Null(Export(["int8"], new() { AcceptAny = true }).Variants[0].Quality);
    }

    private ArtifactManifest Export(string[] variants, QualityOptions quality)
    {
        using var checkpoint = Checkpoint.Open(Repository.Golden("tiny.pt"));
        return ArtifactExporter.Export(checkpoint, _temporary["model"], new()
        {
            Variants = variants,
            Quality = quality,
            Calibration = ExportedModel.Calibration,
        }, new ReferenceEngine());
    }

    private sealed class Meter(params (string Variant, double Bits)[] results) : IQualityMeter
    {
        public (double BitsPerByte, long Bytes) Measure(string folder, string variant, ReadOnlyMemory<byte> text,
            CancellationToken cancellation)
        {
            // What is measured is a sound artifact with that graph in it.
            Assert.True(File.Exists(ArtifactFolder.Open(folder).PathOf(ArtifactFolder.Open(folder).Variant(variant).File)));
            return (results.Single(result => result.Variant == variant).Bits, text.Length);
        }
    }
}
