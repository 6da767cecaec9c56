using HoloZero.Artifacts;

namespace HoloZero.Media;

/// <summary>
/// Where what lies in a film window: picture, separator, sound, separator, caption, and perhaps an end. Positions alone tell: separator and
/// end occur among the bytes of pictures and sound, too, and are not escaped. Immutable; valid once made.
/// </summary>
public sealed record FilmLayout
{
    private const int MostBytes = 1 << 20;

    /// <summary>The published one, 539 bytes: picture 256, 254, sound 256 (32 ms), 254, caption 24, 255.</summary>
    public static FilmLayout Film { get; } = new(soundBytes: 256, captionBytes: 24);

    /// <summary>That of the published test with digits, 402 bytes: picture 256, 254, sound 128, 254, word 16.</summary>
    public static FilmLayout Digits { get; } = new(soundBytes: 128, captionBytes: 16, hasEnd: false);

    /// <summary>A layout.</summary>
    /// <param name="soundBytes">Bytes of sound, 1 to 1,048,576.</param>
    /// <param name="captionBytes">Bytes of caption, 1 to 1,048,576.</param>
    /// <param name="separator">The byte before sound and before caption.</param>
    /// <param name="end">The byte at the end.</param>
    /// <param name="hasEnd">Whether there is one.</param>
    /// <exception cref="BadInputException">A length is out of range.</exception>
    public FilmLayout(int soundBytes, int captionBytes, byte separator = 254, byte end = 255, bool hasEnd = true)
    {
        Require("sound bytes", soundBytes);
        Require("caption bytes", captionBytes);
        (Separator, EndByte) = (separator, hasEnd ? end : null);
        Picture = ..PictureWindow.Length;
        SoundMark = Picture.End.Value;
        Sound = (SoundMark + 1)..(SoundMark + 1 + soundBytes);
        CaptionMark = Sound.End.Value;
        Caption = (CaptionMark + 1)..(CaptionMark + 1 + captionBytes);
        Length = Caption.End.Value + (hasEnd ? 1 : 0);

        static void Require(string what, int length)
        {
            if (length is < 1 or > MostBytes)
                throw new BadInputException("layout", $"{length:N0} {what} are not within 1 to {MostBytes:N0}", "choose another number");
        }
    }

    /// <summary>The byte before sound and before caption.</summary>
    public byte Separator { get; }

    /// <summary>The byte at the end; null where there is none.</summary>
    public byte? EndByte { get; }

    /// <summary>The bytes of the picture.</summary>
    public Range Picture { get; }

    /// <summary>The position of the separator before the sound.</summary>
    public int SoundMark { get; }

    /// <summary>The bytes of the sound.</summary>
    public Range Sound { get; }

    /// <summary>Samples of sound.</summary>
    public int SoundBytes => Sound.End.Value - Sound.Start.Value;

    /// <summary>The position of the separator before the caption.</summary>
    public int CaptionMark { get; }

    /// <summary>The bytes of the caption.</summary>
    public Range Caption { get; }

    /// <summary>Bytes of caption.</summary>
    public int CaptionBytes => Caption.End.Value - Caption.Start.Value;

    /// <summary>The position of the end; null where there is none.</summary>
    public int? EndMark => EndByte is null ? null : Length - 1;

    /// <summary>Bytes of a window.</summary>
    public int Length { get; }
}
