using HoloZero.Artifacts;

namespace HoloZero.Media;

/// <summary>A picture or sound file as bytes, and where it came from, for messages.</summary>
/// <param name="Bytes">The file, as it is.</param>
/// <param name="Source">A path, or the name of a field.</param>
public sealed record MediaFile(ReadOnlyMemory<byte> Bytes, string Source);

/// <summary>What a window is made of: what is null is mid-grey, silence or spaces. Immutable.</summary>
public sealed record FilmWindowParts
{
    /// <summary>A picture file; null is mid-grey.</summary>
    public MediaFile? Picture { get; init; }

    /// <summary>A sound file; null is silence.</summary>
    public MediaFile? Sound { get; init; }

    /// <summary>Seconds into the sound where the window begins, 0 or more, within the sound.</summary>
    /// <value>null: its beginning.</value>
    public double? At { get; init; }

    /// <summary>The caption, cut and padded; null is spaces.</summary>
    public string? Caption { get; init; }

    /// <summary>Where what lies.</summary>
    /// <value><see cref="FilmLayout.Film"/>.</value>
    public FilmLayout Layout { get; init; } = FilmLayout.Film;

    /// <summary>Whether there is anything to make a window of.</summary>
    public bool AreGiven => Picture is not null || Sound is not null || Caption is not null;

    /// <summary>Puts the window together.</summary>
    /// <param name="reader">What reads picture and sound; null where neither is given.</param>
    /// <exception cref="ArgumentNullException">There is a picture or a sound, and no reader.</exception>
    /// <exception cref="BadInputException">
    /// A file cannot be read, the moment is not within the sound or there is none, the caption has half of a character, or the artifact has
    /// no graph for what is given.
    /// </exception>
    /// <exception cref="MissingCapabilityException">A native library does not load, or memory is too small.</exception>
    /// <exception cref="ObjectDisposedException">The reader is disposed.</exception>
    public FilmWindow Compose(MediaReader? reader)
    {
        if (At is not null && Sound is null)
            throw new BadInputException("at", "there is no sound to look into", "give a sound, or leave it out");
        if (Picture is not null || Sound is not null) ArgumentNullException.ThrowIfNull(reader);
        return FilmWindow.Of(
            Picture is null ? null : reader!.Picture(Picture.Bytes.Span, Picture.Source),
            Sound is null ? null : reader!.Sound(Sound.Bytes.Span, Sound.Source).At(At ?? 0, Layout.SoundBytes),
            Caption, Layout);
    }
}
