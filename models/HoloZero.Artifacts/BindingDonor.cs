namespace HoloZero.Artifacts;

/// <summary>
/// Whose sound stands in for a window's own where it is measured how far captions are bound to what is heard. Stateless and thread-safe.
/// </summary>
public static class BindingDonor
{
    /// <summary>The next window, from this one on and around, whose caption differs; null where all captions are alike.</summary>
    /// <param name="own">Number of the window.</param>
    /// <param name="count">Windows that may give theirs, numbered from 0.</param>
    /// <param name="caption">The caption of each.</param>
    public static int? Of(int own, int count, Func<int, ReadOnlyMemory<byte>> caption)
    {
        for (var i = 1; i < count; i++)
        {
            var other = (own + i) % count;
            if (!caption(other).Span.SequenceEqual(caption(own).Span)) return other;
        }

        return null;
    }
}
