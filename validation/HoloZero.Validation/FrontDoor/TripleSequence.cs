namespace HoloZero.Validation;

/// <summary>
/// A ring of 2^24 bytes in which every triple of bytes occurs exactly once (N. G. de Bruijn, 1946), so that features that depend on
/// three bytes are covered at a byte each.
/// </summary>
internal static class TripleSequence
{
    /// <summary>Its length: the number of triples.</summary>
    public const int Length = 1 << 24;

    /// <summary>The ring, from the Lyndon words of length 1 and 3 in their order (H. Fredricksen and J. Maiorana, 1978).</summary>
    public static byte[] Create()
    {
        var ring = new byte[Length];
        var written = 0;
        for (var a = 0; a < 256; a++)
        {
            ring[written++] = (byte)a;
            for (var b = a; b < 256; b++)
            {
                // A word of three is a Lyndon word where it is smaller than its rotations.
                for (var c = a + 1; c < 256; c++)
                {
                    ring[written++] = (byte)a;
                    ring[written++] = (byte)b;
                    ring[written++] = (byte)c;
                }
            }
        }

        return ring;
    }

    /// <summary>Copies from the ring, from any position on and round it.</summary>
    public static void Copy(byte[] ring, long start, Span<byte> target)
    {
        var from = (int)(((start % Length) + Length) % Length);
        var first = Math.Min(target.Length, Length - from);
        ring.AsSpan(from, first).CopyTo(target);
        ring.AsSpan(0, target.Length - first).CopyTo(target[first..]);
    }
}
