namespace HoloZero.Training;

/// <summary>What became of the documents of texts.</summary>
/// <param name="Learned">Documents that are learned from; the one document of a text, whose end is held out, counts as both.</param>
/// <param name="HeldOut">Documents that are only measured.</param>
/// <param name="Empty">Separators with nothing before them, or a last one with nothing behind it.</param>
/// <param name="TooShort">Documents, of either kind, that are shorter than the shortest window that could lie in them.</param>
public sealed record DocumentCounts(int Learned, int HeldOut, int Empty, int TooShort);

/// <summary>The documents of a text. Stateless and thread-safe.</summary>
internal static class TextDocuments
{
    /// <summary>The documents between separators, in order, empty ones included; the text itself where there is no separator.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> Cut(ReadOnlyMemory<byte> text, byte[]? separator)
    {
        while (separator is not null && text.Span.IndexOf(separator) is >= 0 and var at)
        {
            yield return text[..at];
            text = text[(at + separator.Length)..];
        }

        yield return text;
    }

    /// <summary>
    /// Holds out whole documents, the last ones, until they have their share of the bytes; of a single one its end.
    /// </summary>
    /// <param name="documents">One or more.</param>
    /// <param name="share">Above 0, below 1.</param>
    public static (ReadOnlyMemory<byte>[] Learned, ReadOnlyMemory<byte>[] HeldOut) Split(ReadOnlyMemory<byte>[] documents, double share)
    {
        if (documents is [var single])
        {
            var split = single.Length - (int)(single.Length * share);
            return ([single[..split]], [single[split..]]);
        }

        var wanted = documents.Sum(document => (long)document.Length) * share;
        var (first, held) = (documents.Length - 1, (long)documents[^1].Length);
        while (held < wanted && first > 1) held += documents[--first].Length;
        return (documents[..first], documents[first..]);
    }
}
