using System.Buffers;

namespace HoloZero.Runtime;

/// <summary>
/// Watches bytes as they are generated for the first stop sequence, wherever the borders of the steps fall. Bytes that may be
/// the beginning of a stop sequence are withheld until it is clear that they are not; so no part of a stop sequence is
/// ever released, unless <see cref="StopSequences.IncludeInOutput"/> wants it whole.
/// </summary>
/// <remarks>
/// <para>The sequence that completes first wins. Where several complete with the same byte, each is the end of the other; the
/// longest wins. Of equal ones it is the first in the list.</para>
/// <para>As long as nothing matched, the released bytes followed by <see cref="Withheld"/> are exactly the bytes appended.</para>
/// <para>Not safe for concurrent use. A byte costs a few operations for each sequence, amortized.</para>
/// </remarks>
public sealed class StopSequenceMatcher
{
    private readonly StopSequences _stops;
    private readonly int[] _partial;
    private int _longest = -1;

    /// <summary>A matcher that has seen nothing yet.</summary>
    public StopSequenceMatcher(StopSequences stops)
    {
        ArgumentNullException.ThrowIfNull(stops);
        _stops = stops;
        _partial = new int[stops.Count];
    }

    private StopSequenceMatcher(StopSequenceMatcher other)
    {
        _stops = other._stops;
        _partial = (int[])other._partial.Clone();
        _longest = other._longest;
        MatchedIndex = other.MatchedIndex;
        IsFlushed = other.IsFlushed;
    }

    /// <summary>Index of the stop sequence that completed, or null as long as none did.</summary>
    public int? MatchedIndex { get; private set; }

    /// <summary>Whether <see cref="Flush"/> ended the stream.</summary>
    public bool IsFlushed { get; private set; }

    /// <summary>How many of the last bytes are withheld; 0 after a match.</summary>
    public int WithheldCount => _longest < 0 ? 0 : _partial[_longest];

    /// <summary>The bytes withheld: the longest end of the stream that begins a stop sequence. Valid beyond later calls.</summary>
    public ReadOnlyMemory<byte> Withheld => _longest < 0 ? default : _stops[_longest][..WithheldCount];

    /// <summary>A second matcher in the same state; from here on the two do not affect each other.</summary>
    public StopSequenceMatcher Clone() => new(this);

    /// <summary>Takes the next byte and writes those that are now known to be output to <paramref name="released"/>.</summary>
    /// <returns>True if this byte completed a stop sequence, see <see cref="MatchedIndex"/>: the output is over.</returns>
    /// <exception cref="InvalidOperationException">A stop sequence completed before, or the stream was flushed.</exception>
    public bool Append(byte value, IBufferWriter<byte> released)
    {
        ArgumentNullException.ThrowIfNull(released);
        ThrowIfOver();

        var withheld = Withheld.Span;
        Advance(value);
        if (MatchedIndex is { } matched)
        {
            Release(withheld, value, withheld.Length + 1 - (_stops.IncludeInOutput ? 0 : _stops.Bytes(matched).Length), released);
            return true;
        }

        Release(withheld, value, withheld.Length + 1 - WithheldCount, released);
        return false;
    }

    /// <summary>Takes bytes up to and with the one that completes a stop sequence, or else all.</summary>
    /// <param name="bytes">The next bytes.</param>
    /// <param name="released">Gets those that are now known to be output.</param>
    /// <param name="consumed">How many bytes were taken; those after a stop sequence are not.</param>
    /// <returns>True if a stop sequence completed.</returns>
    /// <exception cref="InvalidOperationException">A stop sequence completed before, or the stream was flushed.</exception>
    public bool Append(ReadOnlySpan<byte> bytes, IBufferWriter<byte> released, out int consumed)
    {
        ThrowIfOver();
        for (consumed = 0; consumed < bytes.Length;)
        {
            if (Append(bytes[consumed++], released)) return true;
        }

        return false;
    }

    /// <summary>
    /// Ends the stream: what is withheld began no stop sequence after all and is written to <paramref name="released"/>.
    /// After a match or another flush it does nothing.
    /// </summary>
    public void Flush(IBufferWriter<byte> released)
    {
        ArgumentNullException.ThrowIfNull(released);
        released.Write(Withheld.Span);
        Array.Clear(_partial);
        _longest = -1;
        IsFlushed = true;
    }

    private void ThrowIfOver()
    {
        if (MatchedIndex is not null) throw new InvalidOperationException("A stop sequence completed: the output is over.");
        if (IsFlushed) throw new InvalidOperationException("The stream was flushed: the output is over.");
    }

    private void Advance(byte value)
    {
        _longest = -1;
        for (var i = 0; i < _partial.Length; i++)
        {
            var sequence = _stops.Bytes(i);
            var borders = _stops.Borders(i);
            var length = _partial[i];
            while (length > 0 && sequence[length] != value) length = borders[length];
            if (sequence[length] == value) length++;

            _partial[i] = length;
            if (length == sequence.Length && (MatchedIndex is not { } best || length > _stops.Bytes(best).Length)) MatchedIndex = i;
            if (length > 0 && (_longest < 0 || length > _partial[_longest])) _longest = i;
        }

        if (MatchedIndex is not null) _longest = -1;
    }

    private static void Release(ReadOnlySpan<byte> withheld, byte value, int count, IBufferWriter<byte> released)
    {
        released.Write(withheld[..Math.Min(count, withheld.Length)]);
        if (count > withheld.Length) released.Write([value]);
    }
}
