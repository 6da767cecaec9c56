using System.Buffers;
using System.Text;

namespace HoloZero.Runtime;

/// <summary>
/// Turns a stream of UTF-8 bytes into text, in pieces that never split a character. The pieces joined are what
/// <see cref="Encoding.UTF8"/> makes of all the bytes at once: each malformed sequence becomes U+FFFD by the Unicode
/// standard's practice of maximal subparts, and a byte order mark is kept as a character. Not safe for concurrent use.
/// </summary>
public sealed class Utf8TextDecoder
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

    /// <summary>Takes the next bytes.</summary>
    /// <returns>
    /// The characters that they complete, perhaps none. Up to three last bytes wait inside for the rest of their character.
    /// </returns>
    public string Append(ReadOnlySpan<byte> bytes) => Decode(bytes, flush: false);

    /// <summary>
    /// Ends the stream: a character that is not complete becomes U+FFFD. The decoder is then ready for another stream.
    /// </summary>
    public string Flush() => Decode([], flush: true);

    private string Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        const int stackChars = 256;
        var bound = Encoding.UTF8.GetMaxCharCount(bytes.Length);
        var rented = bound > stackChars ? ArrayPool<char>.Shared.Rent(bound) : null;
        var chars = rented ?? stackalloc char[stackChars];
        var text = new string(chars[.._decoder.GetChars(bytes, chars, flush)]);
        if (rented is not null) ArrayPool<char>.Shared.Return(rented);
        return text;
    }
}
