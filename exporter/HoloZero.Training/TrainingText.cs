using HoloZero.Artifacts;
using HoloZero.Models.Training;

namespace HoloZero.Training;

/// <summary>
/// Texts to train on and texts held out. A window lies in one of them, and each is drawn as often as its length says. Immutable; keeps the
/// arrays, uncopied.
/// </summary>
public sealed class TrainingText : ITrainingData
{
    private readonly ReadOnlyMemory<byte>[] _training;
    private readonly ReadOnlyMemory<byte>[] _heldOut;

    /// <summary>Texts with held-out texts of their own, or the end of each held out.</summary>
    /// <param name="texts">The texts; none where nothing is learned.</param>
    /// <param name="heldOut">Texts that nothing is learned from; none holds out the end of each of <paramref name="texts"/>.</param>
    /// <param name="options">How much, and in windows of which size.</param>
    /// <param name="slotBytes">Bytes in a prefix slot.</param>
    /// <exception cref="BadInputException">
    /// One of them is too short for a window, or its end, which is to be learned, is held out.
    /// </exception>
    public TrainingText(IReadOnlyList<byte[]> texts, IReadOnlyList<byte[]> heldOut, TrainingOptions options, int slotBytes)
    {
        if (options.EndOfText && heldOut.Count == 0)
            throw new BadInputException("eos", "the end of each text is held out, and nothing learned of it", "name a held-out text");
        if (texts.Count + heldOut.Count == 0) throw new BadInputException("text", "it is missing", "name a text");
        int[] splits = [.. texts.Select(text => heldOut.Count > 0 ? text.Length : text.Length - (int)(text.Length * options.HeldOutShare))];
        _training = [.. texts.Zip(splits, (text, split) => new ReadOnlyMemory<byte>(text, 0, split))];
        _heldOut = heldOut.Count > 0 ? [.. heldOut.Select(text => new ReadOnlyMemory<byte>(text))]
            : [.. texts.Zip(splits, (text, split) => new ReadOnlyMemory<byte>(text, split, text.Length - split))];
        var needed = options.HeldOutLayout.Bytes(slotBytes);
        Require("text", _training, "use more text or smaller windows");
        if (heldOut.Count > 0) Require("held-out", _heldOut, "use more text or smaller windows");
        else Require("held-out-share", _heldOut, "hold out more, join short texts, or name a held-out text");

        void Require(string name, ReadOnlyMemory<byte>[] parts, string remedy)
        {
            var at = Array.FindIndex(parts, part => part.Length < needed);
            if (at < 0) return;
            var which = parts.Length == 1 ? "" : $"of text {at + 1} of {parts.Length} ";
            throw new BadInputException(name, $"{which}{parts[at].Length:N0} bytes are too few for a window of {options.PrefixSlots} "
                + $"slots of {slotBytes} bytes and {options.StreamBytes} stream bytes", remedy);
        }
    }

    /// <summary>Bytes to train on.</summary>
    public long TrainingBytes => _training.Sum(text => (long)text.Length);

    /// <summary>Bytes held out.</summary>
    public long HeldOutBytes => _heldOut.Sum(text => (long)text.Length);

    /// <summary>The windows of a step: the same for the same seed and step, whatever came before.</summary>
    public WindowBatch Batch(TrainingOptions options, int slotBytes, long step)
    {
        var slots = (int)CounterRandom.Below(options.PrefixSlots + 1L, options.Seed, (ulong)step, 0);
        var layout = options.HeldOutLayout with { PrefixSlots = slots };
        // One more place where the last symbol of a window may be the end of the text.
        long[] places = [.. _training.Select(text => text.Length - layout.Bytes(slotBytes) + (options.EndOfText ? 2L : 1))];
        var all = places.Sum();
        return Cut(options, layout, slotBytes, [.. Enumerable.Range(1, options.BatchSize)
            .Select(i => Place(CounterRandom.Below(all, options.Seed, (ulong)step, (ulong)i)))]);

        (ReadOnlyMemory<byte>, int) Place(long drawn)
        {
            var text = 0;
            while (drawn >= places[text]) drawn -= places[text++];
            return (_training[text], (int)drawn);
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
