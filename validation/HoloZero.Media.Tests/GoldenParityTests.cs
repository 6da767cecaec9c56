using HoloZero.Artifacts;

namespace HoloZero.Media.Tests;

/// <summary>Bytes of pictures and sound against OpenCV's and PyTorch's.</summary>
public sealed class GoldenParityTests(MediaFixture media)
{
    /// <summary>Both sides are multiples of 16: every sum is of whole numbers.</summary>
    [Theory]
    [InlineData("16x16", 16, 16)]
    [InlineData("64x64", 64, 64)]
    [InlineData("48x96", 48, 96)]
    [InlineData("240x320", 240, 320)]
    public void A_picture_that_shrinks_by_a_whole_factor_is_OpenCVs_exactly(string name, int height, int width)
    {
        var expected = MediaFixture.Golden($"{name}.bytes");
        Assert.Equal(expected, media.Reader.Picture(MediaFixture.Golden($"{name}.pixels"), height, width).Levels.ToArray());
        Assert.Equal(expected, media.Reader.Picture(MediaFixture.File($"{name}.png")).Levels.ToArray());
    }

    /// <summary>Sums of fractions may be rounded in another order than OpenCV's; none of these means lies near a half.</summary>
    [Fact]
    public void A_picture_that_shrinks_by_no_whole_factor_is_OpenCVs_too()
    {
        var expected = MediaFixture.Golden("37x53.bytes");
        Assert.Equal(expected, media.Reader.Picture(MediaFixture.Golden("37x53.pixels"), 37, 53).Levels.ToArray());
        Assert.Equal(expected, media.Reader.Picture(MediaFixture.File("37x53.png")).Levels.ToArray());
    }

    [Fact]
    public void A_picture_of_twice_the_size_rounds_halves_up_as_OpenCVs_own_code_for_it_does()
    {
        // Each cell holds 0, 0, 1, 1: 0.5 is 1 there, and 0 where halves go to even.
        Assert.All(media.Reader.Picture(Stripes(32, 32), 32, 32).Levels.ToArray(), level => Assert.Equal(1, level));
        Assert.All(media.Reader.Picture(Stripes(32, 64), 32, 64).Levels.ToArray(), level => Assert.Equal(0, level));

        static byte[] Stripes(int height, int width) =>
            [.. Enumerable.Range(0, height * width * 3).Select(i => (byte)(i / (3 * width) % 2))];
    }

    [Fact]
    public void Sound_of_8_kHz_is_PyTorchs_exactly() =>
        Assert.Equal(MediaFixture.Golden("mono8k.bytes"), media.Reader.Sound(MediaFixture.File("mono8k.wav")).Bytes.ToArray());

    [Fact]
    public void Every_16_bit_sample_is_the_golden_byte_by_the_graph_and_by_the_formula()
    {
        var golden = MediaFixture.Golden("mulaw.int16_table");
        short[] samples = [.. Enumerable.Range(short.MinValue, 1 << 16).Select(value => (short)value)];
        Assert.Equal(golden, media.Reader.Sound(Sounds.Wav(samples)).Bytes.ToArray());
        Assert.Equal(golden, samples.Select(MuLaw.Encode).ToArray());
    }

    [Fact]
    public void The_formula_in_float64_gives_the_golden_table()
    {
        var golden = MediaFixture.Golden("mulaw.int16_table");
        for (var sample = short.MinValue; ; sample++)
        {
            var x = sample / 32768.0;
            var y = Math.Sign(x) * Math.Log(1 + 255 * Math.Abs(x)) / Math.Log(256);
            Assert.Equal((byte)Math.Clamp(Math.Floor((y + 1) / 2 * 255 + 0.5), 0, 255), golden[sample - short.MinValue]);
            if (sample == short.MaxValue) break;
        }
    }

    [Fact]
    public void A_film_window_is_the_golden_one()
    {
        var golden = MediaFixture.Golden("film.window");
        var caption = System.Text.Encoding.UTF8.GetString(MediaFixture.Golden("film.caption"));
        var window = FilmWindow.Parse(golden);
        Assert.True(window.HasMarks);
        Assert.Equal(golden, FilmWindow.Of(window.Picture, window.Sound, caption).Bytes.ToArray());
        Assert.Contains(golden[..256],
            new[] { "16x16", "64x64", "48x96", "240x320", "37x53" }.Select(name => MediaFixture.Golden($"{name}.bytes")));
        Assert.Equal(MediaFixture.Golden("mono8k.bytes")[..256], window.Sound.Bytes.ToArray());
    }

    [Fact]
    public void The_manifest_names_the_graphs_with_hashes_and_signatures()
    {
        var manifest = media.Artifact.Manifest;
        Assert.Equal(["picture", "sound"], manifest.Media.Select(graph => graph.Name));
        Assert.All(manifest.Media, graph => Assert.True(manifest.Files.ContainsKey(graph.File)));
        Assert.Equal("[height, width, 3] -> [256]", Signature(manifest.Media[0]));
        Assert.Equal("[file_bytes] -> [samples]", Signature(manifest.Media[1]));
        Assert.Equal(["", "ai.onnx.contrib"], manifest.Media[1].Opsets.Keys);

        static string Signature(ArtifactManifest.MediaInfo graph) =>
            $"[{string.Join(", ", graph.Input.Shape)}] -> [{string.Join(", ", graph.Output.Shape)}]";
    }
}
