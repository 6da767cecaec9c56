using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Models.Training;

namespace HoloZero.Training;

/// <summary>Text to train on and text held out. Immutable; keeps the arrays, uncopied.</summary>
public sealed class TrainingText : ITrainingData
{
    private readonly byte[] _training;
    private readonly byte[] _heldOut;

    /// <summary>Text with held-out text of its own, or its end held out.</summary>
    /// <param name="text">All texts, one after the other.</param>
    /// <param name="heldOut">Text that nothing is learned from; null holds out the end of <paramref name="text"/>.</param>
    /// <param name="options">How much, and in windows of which size.</param>
    /// <param name="slotBytes">Bytes in a prefix slot.</param>
    /// <exception cref="BadInputException">Either is too short for a window.</exception>
    public TrainingText(byte[] text, byte[]? heldOut, TrainingOptions options, int slotBytes)
    {
        var split = heldOut is null ? text.Length - (int)(text.Length * options.HeldOutShare) : text.Length;
        (_training, _heldOut) = (split == text.Length ? text : text[..split], heldOut ?? text[split..]);
        var needed = options.HeldOutLayout.Bytes(slotBytes);
        Require("text", _training.Length);
        Require(heldOut is null ? "held-out-share" : "held-out", _heldOut.Length);

        void Require(string name, int length)
        {
            if (length >= needed) return;
            throw new BadInputException(name, $"{length:N0} bytes are too few for a window of {options.PrefixSlots} slots of {slotBytes} "
                + $"bytes and {options.StreamBytes} stream bytes", "use more text or smaller windows");
        }
    }

    /// <summary>Bytes to train on.</summary>
    public int TrainingBytes => _training.Length;

    /// <summary>Bytes held out.</summary>
    public int HeldOutBytes => _heldOut.Length;

    /// <summary>The windows of a step: the same for the same seed and step, whatever came before.</summary>
    public WindowBatch Batch(TrainingOptions options, int slotBytes, long step)
    {
        var slots = (int)CounterRandom.Below(options.PrefixSlots + 1L, options.Seed, (ulong)step, 0);
        var layout = options.HeldOutLayout with { PrefixSlots = slots };
        var starts = Enumerable.Range(1, options.BatchSize).Select(i =>
            (int)CounterRandom.Below(_training.Length - layout.Bytes(slotBytes) + 1L, options.Seed, (ulong)step, (ulong)i));
        return Cut(_training, options, layout, slotBytes, [.. starts]);
    }

    /// <summary>Windows of held-out text, in batches: all there are, or as many as allowed, spread evenly.</summary>
    public IEnumerable<WindowBatch> HeldOut(TrainingOptions options, int slotBytes)
    {
        int[] all = [.. options.HeldOutLayout.Starts(_heldOut.Length, slotBytes)];
        var count = Math.Min(all.Length, options.HeldOutWindows);
        var chosen = Enumerable.Range(0, count).Select(i => all[(int)((long)i * all.Length / count)]);
        return chosen.Chunk(options.BatchSize).Select(starts => Cut(_heldOut, options, options.HeldOutLayout, slotBytes, starts));
    }

    private static WindowBatch Cut(byte[] text, TrainingOptions options, WindowLayout layout, int slotBytes, int[] starts)
    {
        var prefixBytes = layout.PrefixSlots * slotBytes;
        // Behind an origin, which is 0x00, every byte is learned; else all but the first.
        var origin = options.StreamOrigin == StreamOrigin.Zero;
        var rowBytes = origin ? layout.StreamBytes : layout.StreamBytes - 1;
        var batch = new WindowBatch(starts.Length, new byte[starts.Length * prefixBytes], new byte[starts.Length * rowBytes],
            new byte[starts.Length * rowBytes]);
        for (var i = 0; i < starts.Length; i++)
        {
            text.AsSpan(starts[i], prefixBytes).CopyTo(batch.Prefix.AsSpan(i * prefixBytes));
            var stream = text.AsSpan(starts[i] + prefixBytes, layout.StreamBytes);
            stream[..^1].CopyTo(batch.Stream.AsSpan(i * rowBytes + (origin ? 1 : 0)));
            stream[^rowBytes..].CopyTo(batch.Targets.AsSpan(i * rowBytes));
        }

        return batch;
    }
}
