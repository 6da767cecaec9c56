using HoloZero.Artifacts;
using HoloZero.Models.Training;

namespace HoloZero.Training;

/// <summary>
/// Texts to train on and texts held out. A window lies in one of them, or in one of their documents, and each is drawn as often as its
/// length says. Immutable; keeps the arrays, uncopied.
/// </summary>
public sealed class TrainingText : ITrainingData
{
    private readonly ReadOnlyMemory<byte>[] _training;
    private readonly ReadOnlyMemory<byte>[] _heldOut;

    /// <summary>Texts with held-out texts of their own, or the end of each held out.</summary>
    /// <param name="texts">The texts; none where nothing is learned.</param>
    /// <param name="heldOut">Texts that nothing is learned from; none holds out the end of each of <paramref name="texts"/>.</param>
    /// <param name="options">How much, in windows of which size, and what separates documents.</param>
    /// <param name="slotBytes">Bytes in a prefix slot.</param>
    /// <exception cref="BadInputException">
    /// One of them is too short for a window, or its end, which is to be learned, is held out; or they have no documents, or none that is
    /// long enough.
    /// </exception>
    public TrainingText(IReadOnlyList<byte[]> texts, IReadOnlyList<byte[]> heldOut, TrainingOptions options, int slotBytes)
    {
        if (texts.Count + heldOut.Count == 0) throw new BadInputException("text", "it is missing", "name a text");
        var separator = options.DocumentSeparator is { } hex ? Convert.FromHexString(hex) : null;
        if (separator is not null && texts.Concat(heldOut).All(text => text.AsSpan().IndexOf(separator) < 0))
        {
            throw new BadInputException("document-separator", "it occurs in no text",
                "name what stands between documents, or leave it out");
        }

        var empty = 0;
        ReadOnlyMemory<byte>[][] learned = [.. texts.Select(Documents)], held = [.. heldOut.Select(Documents)];
        if (options.EndOfText && held.Length == 0 && learned.Any(documents => documents.Length == 1))
        {
            throw new BadInputException("eos", "the end of each text is held out, and nothing learned of it",
                "name a held-out text, or what separates documents");
        }

        if (held.Length == 0)
        {
            var split = learned.Select(documents => TextDocuments.Split(documents, options.HeldOutShare)).ToArray();
            (learned, held) = ([.. split.Select(parts => parts.Learned)], [.. split.Select(parts => parts.HeldOut)]);
        }

        (_training, _heldOut) = ([.. learned.SelectMany(parts => parts)], [.. held.SelectMany(parts => parts)]);
        var needed = options.HeldOutLayout.Bytes(slotBytes);
        Require("text", _training, "use more text or smaller windows");
        if (heldOut.Count > 0) Require("held-out", _heldOut, "use more text or smaller windows");
        else Require("held-out-share", _heldOut, "hold out more, join short texts, or name a held-out text");
        if (separator is null) return;
        // The last symbol of a window may be the end of the document, and windows of a step may have no prefix.
        var least = options.StreamBytes - (options.EndOfText ? 1 : 0);
        Counts = new(_training.Length, _heldOut.Length, empty,
            _training.Count(document => document.Length < least) + _heldOut.Count(document => document.Length < needed));

        ReadOnlyMemory<byte>[] Documents(byte[] text)
        {
            ReadOnlyMemory<byte>[] all = [.. TextDocuments.Cut(text, separator)], full = [.. all.Where(document => document.Length > 0)];
            if (separator is null || full.Length == 0) return all[..1];
            empty += all.Length - full.Length;
            return full;
        }

        void Require(string name, ReadOnlyMemory<byte>[] parts, string remedy)
        {
            var at = Array.FindIndex(parts, part => part.Length < needed);
            if (at < 0 || separator is not null && parts.Any(part => part.Length >= needed)) return;
            var which = separator is not null ? $"of the longest document {parts.Max(part => part.Length):N0}"
                : parts.Length == 1 ? $"{parts[at].Length:N0}" : $"of text {at + 1} of {parts.Length} {parts[at].Length:N0}";
            throw new BadInputException(name, $"{which} bytes are too few for a window of {options.PrefixSlots} "
                + $"slots of {slotBytes} bytes and {options.StreamBytes} stream bytes", remedy);
        }
    }

    /// <summary>How many documents there are; null where nothing separates them.</summary>
    public DocumentCounts? Counts { get; }

    /// <summary>Bytes to train on.</summary>
    public long TrainingBytes => _training.Sum(text => (long)text.Length);

    /// <summary>Bytes held out.</summary>
    public long HeldOutBytes => _heldOut.Sum(text => (long)text.Length);

    /// <summary>The windows of a step: the same for the same seed and step, whatever came before.</summary>
    public WindowBatch Batch(TrainingOptions options, int slotBytes, long step)
    {
        var slots = (int)CounterRandom.Below(options.PrefixSlots + 1L, options.Seed, (ulong)step, 0);
        var layout = options.HeldOutLayout with { PrefixSlots = slots };
        // Where the places of each text begin, of those that have any, and where all end. There is one more place where the last symbol
        // of a window may be the end of the text.
        var (texts, begins, all) = (new List<ReadOnlyMemory<byte>>(), new List<long>(), 0L);
        foreach (var text in _training)
        {
            var places = text.Length - layout.Bytes(slotBytes) + (options.EndOfText ? 2L : 1);
            if (places <= 0) continue;
            texts.Add(text);
            begins.Add(all);
            all += places;
        }

        return Cut(options, layout, slotBytes, [.. Enumerable.Range(1, options.BatchSize)
            .Select(i => Place(CounterRandom.Below(all, options.Seed, (ulong)step, (ulong)i)))]);

        (ReadOnlyMemory<byte>, int) Place(long drawn)
        {
            var found = begins.BinarySearch(drawn);
            var at = found >= 0 ? found : ~found - 1;
            return (texts[at], (int)(drawn - begins[at]));
        }
    }

    /// <summary>Windows of held-out text, in batches: all there are, or as many as allowed, spread evenly.</summary>
    public IEnumerable<WindowBatch> HeldOut(TrainingOptions options, int slotBytes)
    {
        (ReadOnlyMemory<byte> Text, int Start)[] all = [.. _heldOut.SelectMany(text =>
            options.HeldOutLayout.Starts(text.Length, slotBytes).Select(start => (text, start)))];
        var count = Math.Min(all.Length, options.HeldOutWindows);
        return Enumerable.Range(0, count).Select(i => all[(int)((long)i * all.Length / count)]).Chunk(options.BatchSize)
            .Select(windows => Cut(options, options.HeldOutLayout, slotBytes, windows));
    }

    private static WindowBatch Cut(TrainingOptions options, WindowLayout layout, int slotBytes,
        (ReadOnlyMemory<byte> Text, int Start)[] windows)
    {
        var prefixBytes = layout.PrefixSlots * slotBytes;
        var rows = new BatchRows(windows.Length, prefixBytes, layout.StreamBytes, options.Reading.StreamOrigin);
        foreach (var (text, start) in windows)
        {
            var stream = text.Span[(start + prefixBytes)..];
            rows.Add(text.Span.Slice(start, prefixBytes), stream[..Math.Min(stream.Length, layout.StreamBytes)]);
        }

        return rows.Batch;
    }
}
