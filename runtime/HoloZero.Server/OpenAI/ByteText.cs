using System.Text;
using HoloZero.Artifacts;
using HoloZero.Runtime;

namespace HoloZero.Server;

/// <summary>
/// Bytes as the text of an answer, never half a character, and where each of them stands in it. Not thread-safe.
/// </summary>
internal sealed class ByteText
{
    private readonly Utf8TextDecoder _decoder = new();
    private int _length;

    /// <summary>Takes the next bytes.</summary>
    /// <param name="bytes">They may begin or end within a character.</param>
    /// <param name="offsets">
    /// Gets the offset of each byte, in Unicode code points: that of the character that it belongs to. null where nobody wants them.
    /// </param>
    /// <returns>The characters that are complete by now.</returns>
    public string Append(ReadOnlySpan<byte> bytes, List<int>? offsets = null)
    {
        if (offsets is null) return _decoder.Append(bytes);
        var text = new StringBuilder();
        foreach (var value in bytes)
        {
            var piece = _decoder.Append([value]);
            _length += CodePoints(piece);
            // A byte that completed something stands there. One that begins a character, or goes on with it, stands behind all that is.
            var waits = piece.Length == 0 || value is >= 0xC2 and <= 0xF4;
            offsets.Add(waits ? _length : _length - 1);
            text.Append(piece);
        }

        return text.ToString();
    }

    /// <summary>Ends the text: an unfinished character becomes U+FFFD.</summary>
    public string Flush() => _decoder.Flush();

    /// <summary>How OpenAI's protocol writes a byte as a token: what is no character by itself must not look like another one.</summary>
    public static string Token(int id) => id switch
    {
        ByteVocabulary.Eos => "<eos>",
        < 128 => Ascii[id],
        _ => High[id - 128],
    };

    private static readonly string[] Ascii = [.. Enumerable.Range(0, 128).Select(value => ((char)value).ToString())];
    private static readonly string[] High = [.. Enumerable.Range(128, 128).Select(value => $@"bytes:\x{value:x2}")];

    private static int CodePoints(string text)
    {
        var count = 0;
        foreach (var _ in text.EnumerateRunes()) count++;
        return count;
    }
}
