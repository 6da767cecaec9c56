using HoloZero.Artifacts;

namespace HoloZero.Media;

/// <summary>What becomes of bytes at the end of a window that fill no slot.</summary>
public enum SlotRest
{
    /// <summary>They are dropped, as in the published training: of 539 bytes in slots of 8 the last three.</summary>
    Truncate,

    /// <summary>The slot is filled with 0x00, as the newer published package does.</summary>
    Pad,
}

/// <summary>
/// A moment of a film as the network reads it: picture, sound and caption side by side in one row of bytes. Immutable, hence thread-safe.
/// </summary>
public sealed class FilmWindow
{
    private readonly byte[] _bytes;

    private FilmWindow(byte[] bytes, FilmLayout layout) => (_bytes, Layout) = (bytes, layout);

    /// <summary>Where what lies in it.</summary>
    public FilmLayout Layout { get; }

    /// <summary>All of it, [<see cref="FilmLayout.Length"/>]. A view: valid as long as this.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>The picture.</summary>
    public PictureWindow Picture => new(_bytes.AsSpan()[Layout.Picture]);

    /// <summary>The sound.</summary>
    public SoundWindow Sound => new(_bytes.AsSpan()[Layout.Sound]);

    /// <summary>The bytes of the caption, padding included. A view: valid as long as this.</summary>
    public ReadOnlyMemory<byte> Caption => _bytes.AsMemory()[Layout.Caption];

    /// <summary>The caption as text, without its padding; a character that was cut is U+FFFD.</summary>
    public string CaptionText => Media.Caption.Text(Caption.Span);

    /// <summary>Whether separators and end are where the layout has them: a generated window may lack them.</summary>
    public bool HasMarks => _bytes[Layout.SoundMark] == Layout.Separator && _bytes[Layout.CaptionMark] == Layout.Separator
        && (Layout.EndMark is not { } end || _bytes[end] == Layout.EndByte);

    /// <summary>Puts a window together.</summary>
    /// <param name="picture">The picture; null is mid-grey.</param>
    /// <param name="sound">The sound: its first samples, silence behind its end; null is silence.</param>
    /// <param name="caption">The caption, cut and padded with spaces; null is spaces.</param>
    /// <param name="layout">Where what lies; null is <see cref="FilmLayout.Film"/>.</param>
    /// <exception cref="BadInputException">The caption has half of a character, or the sound is empty.</exception>
    public static FilmWindow Of(PictureWindow? picture, SoundWindow? sound, string? caption, FilmLayout? layout = null)
    {
        layout ??= FilmLayout.Film;
        var bytes = new byte[layout.Length];
        (picture ?? PictureWindow.None).Levels.Span.CopyTo(bytes.AsSpan()[layout.Picture]);
        bytes[layout.SoundMark] = layout.Separator;
        var heard = sound is null ? SoundWindow.Silence(layout.SoundBytes) : sound.At(0, layout.SoundBytes);
        heard.Bytes.Span.CopyTo(bytes.AsSpan()[layout.Sound]);
        bytes[layout.CaptionMark] = layout.Separator;
        Media.Caption.Fit(caption ?? "", layout.CaptionBytes).CopyTo(bytes.AsSpan()[layout.Caption]);
        if (layout.EndMark is { } end) bytes[end] = layout.EndByte!.Value;
        return new(bytes, layout);
    }

    /// <summary>A window of bytes that are one, whatever they are: positions alone tell what is what.</summary>
    /// <param name="bytes">[<see cref="FilmLayout.Length"/>]; copied.</param>
    /// <param name="layout">Where what lies; null is <see cref="FilmLayout.Film"/>.</param>
    /// <exception cref="BadInputException">There are not as many bytes as the layout has.</exception>
    public static FilmWindow Parse(ReadOnlySpan<byte> bytes, FilmLayout? layout = null)
    {
        layout ??= FilmLayout.Film;
        return bytes.Length == layout.Length ? new(bytes.ToArray(), layout)
            : throw new BadInputException("window", $"it has {bytes.Length:N0} bytes, a window has {layout.Length:N0}",
                "cut the window out of its file");
    }

    /// <summary>All windows of a file that holds one after the other.</summary>
    /// <param name="source">The file, for messages.</param>
    /// <param name="bytes">Its bytes; copied.</param>
    /// <param name="layout">Where what lies; null is <see cref="FilmLayout.Film"/>.</param>
    /// <exception cref="BadInputException">There are none, or a part of one.</exception>
    public static IReadOnlyList<FilmWindow> ParseAll(string source, ReadOnlySpan<byte> bytes, FilmLayout? layout = null)
    {
        layout ??= FilmLayout.Film;
        if (bytes.IsEmpty || bytes.Length % layout.Length != 0)
        {
            throw new BadInputException(source,
                $"its {bytes.Length:N0} bytes are no windows of {layout.Length:N0} bytes one after the other",
                "write it with holozero window");
        }

        var windows = new FilmWindow[bytes.Length / layout.Length];
        for (var i = 0; i < windows.Length; i++) windows[i] = Parse(bytes.Slice(i * layout.Length, layout.Length), layout);
        return windows;
    }

    /// <summary>The same window with the sound, and perhaps the picture, of another.</summary>
    /// <param name="donor">A window of the same layout.</param>
    /// <param name="picture">Whether the picture comes from it, too.</param>
    /// <exception cref="ArgumentException">Its layout is another.</exception>
    public FilmWindow WithSensesOf(FilmWindow donor, bool picture = false)
    {
        ArgumentNullException.ThrowIfNull(donor);
        if (donor.Layout != Layout) throw new ArgumentException("the donor has another layout", nameof(donor));
        var bytes = (byte[])_bytes.Clone();
        donor._bytes.AsSpan()[Layout.Sound].CopyTo(bytes.AsSpan()[Layout.Sound]);
        if (picture) donor._bytes.AsSpan()[Layout.Picture].CopyTo(bytes.AsSpan()[Layout.Picture]);
        return new(bytes, Layout);
    }

    /// <summary>The window as whole prefix slots.</summary>
    /// <param name="slotBytes">K, bytes in a slot, 1 or more.</param>
    /// <param name="rest">What becomes of bytes that fill no slot.</param>
    /// <returns>A whole number of slots; the caller's.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="slotBytes"/> is below 1.</exception>
    public byte[] ToSlots(int slotBytes, SlotRest rest = SlotRest.Truncate)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(slotBytes, 1);
        var slots = rest == SlotRest.Truncate ? _bytes.Length / slotBytes : (_bytes.Length + slotBytes - 1) / slotBytes;
        var cut = new byte[slots * slotBytes];
        _bytes.AsSpan(0, Math.Min(cut.Length, _bytes.Length)).CopyTo(cut);
        return cut;
    }
}
