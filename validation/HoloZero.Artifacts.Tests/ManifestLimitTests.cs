using HoloZero.Testing;
using static HoloZero.Artifacts.ArtifactManifest;

namespace HoloZero.Artifacts.Tests;

/// <summary>How much a manifest may list and how far its numbers may go: the last that is allowed, and the first that is not.</summary>
public sealed class ManifestLimitTests
{
    private static readonly ArtifactManifest Sound =
        Read(Path.Combine(Repository.Root, "validation", "HoloZero.Fuzz", "corpus", "manifest", "tiny.json"));

    private static VariantInfo Variant => Sound.Variants[0];

    [Fact]
    public void Lists_have_an_end()
    {
        Require(null, Sound with { Variants = [.. Enumerable.Repeat(Variant, 64)] });
        Require("it lists 65 variants, more than 64", Sound with { Variants = [.. Enumerable.Repeat(Variant, 65)] });

        var port = new PortInfo("in", "uint8", [1, 2]);
        var opsets = new SortedDictionary<string, int> { [""] = 17 };
        var media = new MediaInfo("picture", "media.picture.onnx", opsets, port, port with { Name = "out" });
        Require(null, Sound with { Media = [.. Enumerable.Repeat(media, 64)] });
        Require("it lists 65 media graphs, more than 64", Sound with { Media = [.. Enumerable.Repeat(media, 65)] });
        Require("a media graph is null", Sound with { Media = [null!] });
        Require("the name of a media graph is empty", Sound with { Media = [media with { Name = "" }] });
        Require("media graph 'picture': 'in' has 9 axes, more than 8",
            Sound with { Media = [media with { Input = port with { Shape = [1, 2, 3, 4, 5, 6, 7, 8, 9] } }] });
        Require("media graph 'picture': 'out' has 9 axes",
            Sound with { Media = [media with { Output = new("out", "uint8", [1, 2, 3, 4, 5, 6, 7, 8, 9]) }] });
        Require(null, Sound with { Media = [media with { Input = port with { Shape = [1, 2, 3, 4, 5, 6, 7, 8] } }] });
    }

    [Fact]
    public void Files_and_engines_are_what_can_be_shown()
    {
        var files = new Dictionary<string, ArtifactManifest.FileInfo>(Sound.Files.ToDictionary()) { ["another"] = new(-1, "hash") };
        Require("a file has a negative size", Sound with { Files = files });
        files["another"] = new(0, "hash");
        Require(null, Sound with { Files = files });
        Require("is no name of an engine", Sound with { Golden = Sound.Golden with { Engines = [new('x', 121)] } });
        Require("an engine is null", Sound with { Golden = Sound.Golden with { Engines = ["a", null!] } });
        Require("is no name of a draft table", Sound with { Drafts = new("a\nb", 1, 1, "hash") });
    }

    [Fact]
    public void Readings_are_among_the_eight()
    {
        Require("stream_positions 'odd' is unknown", Sound with { Model = Sound.Model with { StreamPositions = "odd" } });
        Require("stream_origin 'odd' is unknown", Sound with { Model = Sound.Model with { StreamOrigin = "odd" } });
        Require(null, Sound with { Model = Sound.Model with { StreamPositions = "restarted", StreamOrigin = "zero" } });
    }

    [Fact]
    public void A_variant_s_numbers_are_positive_and_its_blocks_have_names()
    {
        Require("max_positions 0 is not positive", Of(Variant with { MaxPositions = 0 }));
        Require(null, Of(Variant with { MaxPositions = 1 }));
        Require("weight_bytes 0 is not positive", Of(Variant with { WeightBytes = 0 }));
        Require(null, Of(Variant with { WeightBytes = 1 }));
        var named = new TraceInfo("door", new("x", "float32", [1]));
        Require(null, Of(Variant with { Trace = [named] }));
        Require("a block of its trace has no name", Of(Variant with { Trace = [named, named with { Module = "" }] }));
        Require("a block of its trace has no name", Of(Variant with { Trace = [named, null!] }));

        static ArtifactManifest Of(VariantInfo variant) => Sound with { Variants = [variant] };
    }

    [Theory]
    [InlineData(8, 0, null, null)]
    [InlineData(65_536, 4_096, 65_536, null)]
    [InlineData(7, 0, null, "stream_bytes 7 is not within 8")]
    [InlineData(65_537, 0, null, "stream_bytes 65537 is not within 8")]
    [InlineData(100, -1, null, "max_prefix_slots -1 is not within 0 to 4,096")]
    [InlineData(100, 4_097, null, "max_prefix_slots 4097 is not within 0 to 4,096")]
    [InlineData(100, 5, 1, null)]
    [InlineData(100, 5, 0, "kept_stream_bytes 0 is not within 1 to 100")]
    [InlineData(100, 5, 100, null)]
    [InlineData(100, 5, 101, "kept_stream_bytes 101 is not within 1 to 100")]
    public void A_window_is_what_a_runtime_can_keep(int streamBytes, int slots, int? kept, string? cause)
    {
        var violation = new WindowInfo(streamBytes, slots, kept).Violation(slotBytes: 8);
        if (cause is null) Assert.Null(violation);
        else Assert.StartsWith(cause, violation);
    }

    [Fact]
    public void What_stands_in_a_manifest_is_read_again()
    {
        using var folder = new TemporaryFolder();
        var written = Sound with
        {
            Model = Sound.Model with { StreamPositions = "restarted", StreamOrigin = "zero" },
            Variants = [Variant with { Trace = [new("door", new("x", "float32", [1]))], Providers = ["cpu", "cuda"] }],
        };
        File.WriteAllText(folder[FileName], written.ToJson());
        var read = Read(folder[FileName]);
        Assert.Equal(("restarted", "zero"), (read.Model.StreamPositions, read.Model.StreamOrigin));
        Assert.Equal("door", Assert.Single(read.Variants[0].Trace).Module);
        Assert.Equal(["cpu", "cuda"], read.Variants[0].Providers);
        Assert.Equal(written.ToJson(), read.ToJson());

        // What an earlier release did not write means what it did.
        var earlier = System.Text.RegularExpressions.Regex.Replace(Sound.ToJson(),
            "\"(stream_positions|stream_origin)\": \"[a-z]*\",|\"trace\": \\[[^\\]]*\\],|\"providers\": \\[[^\\]]*\\],", "");
        File.WriteAllText(folder[FileName], earlier);
        read = Read(folder[FileName]);
        Assert.Equal(("continuous", "bare"), (read.Model.StreamPositions, read.Model.StreamOrigin));
        Assert.Equal(["cpu"], read.Variants[0].Providers);
        Assert.NotNull(read.Variants[0].Trace);
    }

    [Fact]
    public void A_manifest_of_many_megabytes_is_none()
    {
        using var folder = new TemporaryFolder();
        using (var file = File.Create(folder[FileName])) file.SetLength(1L << 30);
        Assert.Contains("a manifest has some thousand", Assert.Throws<BadInputException>(() => Read(folder[FileName])).Message);
    }

    private static void Require(string? cause, ArtifactManifest manifest)
    {
        var violation = ManifestRules.FirstViolation(manifest);
        if (cause is null) Assert.Null(violation);
        else Assert.Contains(cause, violation);
    }
}
