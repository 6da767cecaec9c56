namespace HoloZero.Runtime;

/// <summary>
/// The last bytes of a generation, prompt and all, in which the longest match with their own end says what probably follows: text quotes
/// itself. Not thread-safe.
/// </summary>
internal sealed class DraftHistory
{
    /// <summary>Bytes that are looked at.</summary>
    public const int Reach = 2048;

    /// <summary>Matches are not told apart beyond this length.</summary>
    public const int LongestMatch = 16;

    /// <summary>A match of fewer bytes says nothing.</summary>
    public const int ShortestMatch = 3;

    // Twice the reach, so that bytes move down once in a while and not every time.
    private readonly byte[] _bytes = new byte[2 * Reach];
    private int _length;

    /// <summary>The bytes that are looked at, the newest last.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(Math.Max(0, _length - Reach), Math.Min(_length, Reach));

    /// <summary>Adds bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > Reach) bytes = bytes[^Reach..];
        if (_length + bytes.Length > _bytes.Length)
        {
            var kept = Math.Min(_length, Reach);
            _bytes.AsSpan(_length - kept, kept).CopyTo(_bytes);
            _length = kept;
        }

        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    /// <summary>Takes the newest bytes back.</summary>
    /// <param name="count">Of those appended last, fewer than <see cref="Reach"/>.</param>
    public void RemoveLast(int count) => _length -= count;

    /// <summary>Where the longest earlier occurrence of the last bytes ends; of several as long, the latest.</summary>
    /// <returns>What followed it there, and how many bytes match; 0 where fewer than <see cref="ShortestMatch"/> do.</returns>
    public (ReadOnlyMemory<byte> Following, int Length) LongestEarlier()
    {
        var start = Math.Max(0, _length - Reach);
        var (best, length) = (0, 0);
        var bytes = _bytes.AsSpan(0, _length);
        if (_length - start < ShortestMatch + 1) return default;
        var end = bytes[^ShortestMatch..];
        for (var searched = bytes[start..^1]; length < LongestMatch;)
        {
            var at = searched.LastIndexOf(end);
            if (at < 0) break;
            var after = start + at + ShortestMatch;
            var match = ShortestMatch;
            while (match < LongestMatch && after - match > start && bytes[after - match - 1] == bytes[_length - match - 1]) match++;
            if (match > length) (best, length) = (after, match);
            searched = searched[..(at + ShortestMatch - 1)];
        }

        return length == 0 ? default : (_bytes.AsMemory(best, _length - best), length);
    }
}
