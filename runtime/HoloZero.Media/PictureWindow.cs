using HoloZero.Artifacts;

namespace HoloZero.Media;

/// <summary>
/// A picture as the network reads it: 16 x 16 grey levels, 256 bytes, row by row, no header. Immutable, hence thread-safe.
/// </summary>
public sealed class PictureWindow
{
    /// <summary>Rows and columns.</summary>
    public const int Side = 16;

    /// <summary>Bytes of a picture.</summary>
    public const int Length = Side * Side;

    /// <summary>The level of a picture that is not there.</summary>
    public const byte MidGrey = 128;

    private readonly byte[] _levels;

    /// <summary>A picture of these levels.</summary>
    /// <param name="levels">[256], 0 black to 255 white, row by row from the top left; copied.</param>
    /// <exception cref="BadInputException">There are not 256 of them.</exception>
    public PictureWindow(ReadOnlySpan<byte> levels)
    {
        _levels = levels.Length == Length ? levels.ToArray()
            : throw new BadInputException("picture", $"it has {levels.Length:N0} bytes, a picture of {Side} x {Side} has {Length}",
                "cut the picture out of its window");
    }

    /// <summary>No picture: mid-grey everywhere.</summary>
    public static PictureWindow None { get; } = new(Enumerable.Repeat(MidGrey, Length).ToArray());

    /// <summary>[256], row by row. A view: valid as long as this.</summary>
    public ReadOnlyMemory<byte> Levels => _levels;

    /// <summary>The picture as a grey PNG of 16 x 16 pixels; the caller's. Reading that gives the same levels again.</summary>
    /// <exception cref="MissingCapabilityException">SkiaSharp's native library does not load.</exception>
    public byte[] ToPng() => PictureFile.Encode(_levels, Side, Side);
}
