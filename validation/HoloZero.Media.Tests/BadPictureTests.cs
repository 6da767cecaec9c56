using System.Buffers.Binary;
using HoloZero.Artifacts;

namespace HoloZero.Media.Tests;

/// <summary>Picture files as they come: what is read is read right, what is not is refused in a line.</summary>
public sealed class BadPictureTests(MediaFixture media)
{
    [Fact]
    public void What_is_not_a_picture_is_refused()
    {
        Refused("it is not a picture", "no picture"u8.ToArray());
        Refused("it is not a picture", []);
        Refused("it is not a picture", MediaFixture.File("mono8k.wav"));
        // A vector drawing, and the beginning of a raw photograph, never reach a decoder.
        Refused("it is not a picture", "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"u8.ToArray());
        Refused("it is not a picture", "II*\0"u8.ToArray());
        Refused("it cannot be read as a picture", [.. MediaFixture.File("16x16.png")[..8], 1, 2, 3]);
    }

    [Theory]
    [InlineData("240x320.png")]
    [InlineData("photo.jpg")]
    [InlineData("photo.webp")]
    [InlineData("still.gif")]
    public void A_truncated_picture_is_refused(string name)
    {
        var file = MediaFixture.File(name);
        foreach (var share in (double[])[0.3, 0.6, 0.9])
            Assert.Throws<BadInputException>(() => media.Reader.Picture(file.AsSpan(0, (int)(file.Length * share))));
    }

    [Fact]
    public void One_pixel_is_a_picture_of_its_grey() =>
        // (9798 * 200 + 19235 * 100 + 3735 * 50 + 16384) >> 15
        Assert.All(media.Reader.Picture(MediaFixture.File("one.png")).Levels.ToArray(), level => Assert.Equal(124, level));

    [Fact]
    public void A_picture_of_too_many_pixels_is_refused_by_its_header()
    {
        var huge = MediaFixture.File("16x16.png");
        BinaryPrimitives.WriteInt32BigEndian(huge.AsSpan(16), 20_000);
        BinaryPrimitives.WriteInt32BigEndian(huge.AsSpan(20), 20_000);
        BinaryPrimitives.WriteUInt32BigEndian(huge.AsSpan(29), System.IO.Hashing.Crc32.HashToUInt32(huge.AsSpan(12, 17)));
        Refused("20,000 x 20,000 pixels are not within 1 to 25,000,000", huge);
        Assert.Throws<BadInputException>(() => media.Reader.Picture(new byte[3], 5000, 5001));
        Refused("more than 33,554,432", [.. MediaFixture.File("16x16.png"), .. new byte[32 << 20]]);
    }

    [Fact]
    public void An_animation_is_refused() => Refused("it is animated (2 frames)", MediaFixture.File("animated.gif"));

    [Fact]
    public void A_jpeg_of_endless_scans_is_refused()
    {
        var file = MediaFixture.File("photo.jpg");
        Refused("more than 100 scans", [.. file[..^2], .. Enumerable.Repeat((byte[])[0xFF, 0xDA], 101).SelectMany(scan => scan)]);
    }

    [Fact]
    public void A_picture_is_turned_as_its_file_says()
    {
        // Stored 96 wide and 48 high; turned by a quarter to the right its first row is its first column from below.
        var stored = media.Reader.Picture(MediaFixture.File("photo.jpg")).Levels.ToArray();
        var turned = media.Reader.Picture(MediaFixture.File("turned.jpg")).Levels.ToArray();
        for (var y = 0; y < 16; y++)
            for (var x = 0; x < 16; x++) Assert.InRange(turned[y * 16 + x] - stored[(15 - x) * 16 + y], -1, 1);
    }

    [Theory]
    [InlineData(1, "abcdef", 2)]
    [InlineData(2, "badcfe", 2)]
    [InlineData(3, "fedcba", 2)]
    [InlineData(4, "efcdab", 2)]
    [InlineData(5, "acebdf", 3)]
    [InlineData(6, "ecafdb", 3)]
    [InlineData(7, "fdbeca", 3)]
    [InlineData(8, "bdface", 3)]
    public void Every_orientation_puts_each_pixel_where_it_belongs(int origin, string upright, int columns)
    {
        // Stored: three rows of two, "ab" "cd" "ef".
        byte[] rgba = [.. "abcdef"u8.ToArray().SelectMany(value => (byte[])[value, 0, 0, 255])];
        var pixels = PictureFile.Upright(rgba, width: 2, height: 3, (SkiaSharp.SKEncodedOrigin)origin);
        Assert.Equal((6 / columns, columns), (pixels.Height, pixels.Width));
        Assert.Equal(upright, new string([.. pixels.Rgb.Chunk(3).Select(pixel => (char)pixel[0])]));
    }

    /// <summary>The same picture in other clothes: 16 bits exactly, lossy formats and inks nearly.</summary>
    [Theory]
    [InlineData("sixteen.png", 0)]
    [InlineData("photo.jpg", 3)]
    [InlineData("photo.webp", 12)]
    [InlineData("cmyk.jpg", 12)]
    [InlineData("still.gif", 6)]
    public void Other_formats_give_nearly_the_same_levels(string name, int apart)
    {
        var expected = MediaFixture.Golden("48x96.bytes");
        Assert.All(expected.Zip(media.Reader.Picture(MediaFixture.File(name)).Levels.ToArray()),
            pair => Assert.InRange(pair.Second - pair.First, -apart, apart));
    }

    [Fact]
    public void Pixels_that_are_not_as_many_as_said_are_the_callers_mistake()
    {
        Assert.Throws<ArgumentException>(() => media.Reader.Picture(new byte[11], 2, 2));
        Assert.Throws<ArgumentException>(() => media.Reader.Picture(Array.Empty<byte>(), 0, 0));
    }

    private void Refused(string what, byte[] file)
    {
        var error = Assert.Throws<BadInputException>(() => media.Reader.Picture(file, "the file"));
        Assert.StartsWith("the file: ", error.Message);
        Assert.Contains(what, error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }
}
