using System.Text;
using HoloZero.Artifacts;

namespace HoloZero.Media;

/// <summary>A caption as bytes of a fixed number: UTF-8, cut there, padded with spaces. Stateless and thread-safe.</summary>
public static class Caption
{
    private const byte Space = 0x20;
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The bytes of a caption.</summary>
    /// <param name="text">The text; as in the published code, the cut may fall within a character.</param>
    /// <param name="length">Bytes, 0 or more.</param>
    /// <exception cref="BadInputException">The text has half of a character, which UTF-8 cannot say.</exception>
    public static byte[] Fit(string text, int length)
    {
        ArgumentNullException.ThrowIfNull(text);
        try
        {
            return Fit(Strict.GetBytes(text), length);
        }
        catch (EncoderFallbackException e)
        {
            throw NotUtf8(e);
        }
    }

    /// <summary>The same of text that is UTF-8 already.</summary>
    /// <exception cref="BadInputException">It is not UTF-8.</exception>
    public static byte[] Fit(ReadOnlySpan<byte> text, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        try
        {
            Strict.GetCharCount(text);
        }
        catch (DecoderFallbackException e)
        {
            throw NotUtf8(e);
        }

        var bytes = new byte[length];
        bytes.AsSpan().Fill(Space);
        text[..Math.Min(length, text.Length)].CopyTo(bytes);
        return bytes;
    }

    /// <summary>How many of the bytes are text: all but the spaces at the end.</summary>
    public static int TextLength(ReadOnlySpan<byte> caption) => caption.TrimEnd(Space).Length;

    /// <summary>The text, without the spaces at its end; what is not UTF-8, as a character that was cut, is U+FFFD.</summary>
    public static string Text(ReadOnlySpan<byte> caption) => Encoding.UTF8.GetString(caption[..TextLength(caption)]);

    private static BadInputException NotUtf8(Exception e) => new("caption", "it is not UTF-8", "save it as UTF-8", e);
}
