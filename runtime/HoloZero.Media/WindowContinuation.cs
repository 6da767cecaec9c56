using HoloZero.Runtime;

namespace HoloZero.Media;

/// <summary>
/// How a model goes on after a window: the window is the prefix and stays it, the stream is the next window, from its first byte. Where
/// nothing tells that byte, it is the first of this window: a film's next picture begins much like this one. Immutable.
/// </summary>
public sealed record WindowContinuation
{
    private WindowContinuation(byte[] prompt, byte[] begun, int prefixSlots, int missingBytes, ContextWindowOptions room) =>
        (Prompt, Begun, PrefixSlots, MissingBytes, Room) = (prompt, begun, prefixSlots, missingBytes, room);

    /// <summary>Whole slots of the window, then <see cref="Begun"/>.</summary>
    public ReadOnlyMemory<byte> Prompt { get; }

    /// <summary>The bytes of the next window that stand already: what is generated comes after them.</summary>
    public ReadOnlyMemory<byte> Begun { get; }

    /// <summary>Slots of the prompt that are prefix.</summary>
    public int PrefixSlots { get; }

    /// <summary>Bytes that make a whole window of those begun, 0 or more.</summary>
    public int MissingBytes { get; }

    /// <summary>The window that the model is used with, as large as the prefix and a whole next window need it.</summary>
    public ContextWindowOptions Room { get; }

    /// <summary>How a model goes on after a window.</summary>
    /// <param name="model">The model.</param>
    /// <param name="window">The window.</param>
    /// <param name="own">The window that it is used with otherwise; null is <see cref="HoloZeroModel.Window"/>.</param>
    /// <param name="rest">What becomes of bytes that fill no slot.</param>
    /// <param name="begun">First bytes of the next window, where they are known; all of it and more leaves nothing missing.</param>
    /// <exception cref="ArgumentNullException">Model or window is null.</exception>
    public static WindowContinuation Of(HoloZeroModel model, FilmWindow window, ContextWindowOptions? own = null,
        SlotRest rest = SlotRest.Truncate, ReadOnlySpan<byte> begun = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(window);
        own ??= model.Window;
        var slots = window.ToSlots(model.SlotBytes, rest);
        if (begun.IsEmpty && !model.HasStreamOrigin) begun = window.Bytes.Span[..1];
        var prefixSlots = slots.Length / model.SlotBytes;
        return new([.. slots, .. begun], begun.ToArray(), prefixSlots, Math.Max(0, window.Layout.Length - begun.Length),
            RoomFor(window.Layout, prefixSlots, own));
    }

    /// <summary>A context as large as a prefix of some slots and a whole next window need it.</summary>
    /// <param name="layout">Of the next window.</param>
    /// <param name="prefixSlots">Slots of the prefix, 0 or more.</param>
    /// <param name="own">What is kept otherwise; never less than that.</param>
    /// <exception cref="ArgumentNullException">Layout or context is null.</exception>
    public static ContextWindowOptions RoomFor(FilmLayout layout, int prefixSlots, ContextWindowOptions own)
    {
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(own);
        return own with
        {
            StreamBytes = Math.Clamp(layout.Length + 1, own.StreamBytes, ContextWindowOptions.MaxStreamBytes),
            MaxPrefixSlots = Math.Max(own.MaxPrefixSlots, prefixSlots),
        };
    }
}
