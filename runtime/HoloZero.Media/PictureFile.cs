using HoloZero.Artifacts;
using SkiaSharp;

namespace HoloZero.Media;

/// <summary>Pixels of a picture as its graph takes them.</summary>
/// <param name="Height">How many rows.</param>
/// <param name="Width">How many columns.</param>
/// <param name="Rgb">[Height, Width, 3], row by row, red first.</param>
internal sealed record Pixels(int Height, int Width, byte[] Rgb);

/// <summary>
/// Decodes picture files, which nobody vouches for, by Skia: on the host, after their sizes were looked at. Stateless and thread-safe.
/// </summary>
internal static class PictureFile
{
    /// <summary>Bytes of a file at most, whatever its format.</summary>
    public const int MostBytes = 32 << 20;

    /// <summary>Pixels of a picture at most: decoding and the graph take some 27 bytes a pixel.</summary>
    public const int MostPixels = 25_000_000;

    /// <summary>
    /// Scans of a JPEG at most: each may be some bytes long and cost a pass over all pixels. Cameras and encoders write up to a dozen.
    /// </summary>
    private const int MostScans = 100;

    private const int RgbaBytes = 4, RgbBytes = 3;

    private static ReadOnlySpan<byte> JpegStart => [0xFF, 0xD8, 0xFF];

    private static readonly SKEncodedImageFormat[] Formats =
        [SKEncodedImageFormat.Png, SKEncodedImageFormat.Jpeg, SKEncodedImageFormat.Webp, SKEncodedImageFormat.Bmp,
            SKEncodedImageFormat.Gif];

    /// <summary>
    /// Decodes a picture, turned as its file says. Transparency is left aside and colours are as stored, as OpenCV has them.
    /// </summary>
    /// <param name="source">Where it came from, for messages.</param>
    /// <param name="file">The bytes of the file.</param>
    /// <exception cref="BadInputException">It is no picture, damaged, animated, or too large.</exception>
    /// <exception cref="MissingCapabilityException">SkiaSharp's native library does not load.</exception>
    public static Pixels Decode(string source, ReadOnlySpan<byte> file)
    {
        const string other = "use a PNG, JPEG, WebP, BMP or GIF";
        var most = Limit(file) ?? throw Bad("it is not a picture", other);
        if (file.Length > most) throw Bad($"it has {file.Length:N0} bytes, more than {most:N0}", "save it smaller");
        if (Scans(file) > MostScans) throw Bad($"it has more than {MostScans} scans", "save it as a baseline JPEG or a PNG");

        var copy = file.ToArray();
        return Native(() =>
        {
            using var data = SKData.CreateCopy(copy);
            using var stream = new SKMemoryStream(data);
            using var codec = SKCodec.Create(stream, out var opened);
            if (codec is null || !Formats.Contains(codec.EncodedFormat))
                throw Bad($"it cannot be read as a picture ({opened})", other);
            var (width, height) = (codec.Info.Width, codec.Info.Height);
            if ((long)width * height is < 1 or > MostPixels)
                throw Bad($"{width:N0} x {height:N0} pixels are not within 1 to {MostPixels:N0}", "save it smaller");
            if (codec.FrameCount > 1) throw Bad($"it is animated ({codec.FrameCount} frames)", "save the frame that is meant as a picture");

            // No colour space: the levels as they are stored.
            using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul, null));
            if (bitmap.GetPixels() == IntPtr.Zero)
                throw new MissingCapabilityException($"memory is too small for {width:N0} x {height:N0} pixels",
                    "save the picture smaller");
            var result = codec.GetPixels(bitmap.Info, bitmap.GetPixels());
            return result == SKCodecResult.Success ? Upright(bitmap.GetPixelSpan(), width, height, codec.EncodedOrigin)
                : throw Bad(result == SKCodecResult.IncompleteInput ? "it ends too early" : $"it is damaged ({result})",
                    "copy or download it again");
        });

        BadInputException Bad(string what, string remedy) => new(source, what, remedy);
    }

    /// <summary>Grey levels as a PNG.</summary>
    /// <exception cref="MissingCapabilityException">SkiaSharp's native library does not load.</exception>
    public static byte[] Encode(ReadOnlySpan<byte> levels, int width, int height)
    {
        var copy = levels.ToArray();
        return Native(() =>
        {
            using var image = SKImage.FromPixelCopy(new SKImageInfo(width, height, SKColorType.Gray8, SKAlphaType.Opaque), copy, width);
            using var data = image.Encode(SKEncodedImageFormat.Png, quality: 100);
            return data.ToArray();
        });
    }

    private static T Native<T>(Func<T> run)
    {
        try
        {
            return run();
        }
        catch (Exception e)
            when (e is DllNotFoundException or EntryPointNotFoundException or TypeInitializationException or BadImageFormatException)
        {
            throw new MissingCapabilityException($"SkiaSharp's native library does not load ({(e.InnerException ?? e).Message})",
                "add SkiaSharp's native package for this system to the app: SkiaSharp.NativeAssets.Linux.NoDependencies on Linux", e);
        }
    }

    /// <summary>
    /// Bytes that a file that begins like this may have; null where it is of no format that is taken, so that Skia's other decoders never
    /// see it.
    /// </summary>
    public static int? Limit(ReadOnlySpan<byte> file) => LooksLikePicture(file) ? MostBytes : null;

    private static bool LooksLikePicture(ReadOnlySpan<byte> file) =>
        file.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G'])
        || file.StartsWith(JpegStart) || file.StartsWith("GIF8"u8) || file.StartsWith("BM"u8)
        || (file.Length >= 12 && file.StartsWith("RIFF"u8) && file[8..12].SequenceEqual("WEBP"u8));

    private static int Scans(ReadOnlySpan<byte> file)
    {
        ReadOnlySpan<byte> startOfScan = [0xFF, 0xDA];
        return file.StartsWith(JpegStart) ? file.Count(startOfScan) : 0;
    }

    /// <summary>Red, green and blue of the picture as it is to be looked at, from what is stored.</summary>
    /// <param name="rgba">[height, width, 4].</param>
    /// <param name="width">Stored columns.</param>
    /// <param name="height">Stored rows.</param>
    /// <param name="origin">Where the first stored pixel belongs.</param>
    internal static Pixels Upright(ReadOnlySpan<byte> rgba, int width, int height, SKEncodedOrigin origin)
    {
        var turned = origin is SKEncodedOrigin.LeftTop or SKEncodedOrigin.RightTop
            or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;
        var (rows, columns) = turned ? (width, height) : (height, width);
        var rgb = new byte[rows * columns * RgbBytes];
        for (var y = 0; y < rows; y++)
        {
            for (var x = 0; x < columns; x++)
            {
                var (column, row) = origin switch
                {
                    SKEncodedOrigin.TopRight => (width - 1 - x, y),
                    SKEncodedOrigin.BottomRight => (width - 1 - x, height - 1 - y),
                    SKEncodedOrigin.BottomLeft => (x, height - 1 - y),
                    SKEncodedOrigin.LeftTop => (y, x),
                    SKEncodedOrigin.RightTop => (y, height - 1 - x),
                    SKEncodedOrigin.RightBottom => (width - 1 - y, height - 1 - x),
                    SKEncodedOrigin.LeftBottom => (width - 1 - y, x),
                    _ => (x, y),
                };
                rgba.Slice((row * width + column) * RgbaBytes, RgbBytes).CopyTo(rgb.AsSpan((y * columns + x) * RgbBytes));
            }
        }

        return new(rows, columns, rgb);
    }
}
