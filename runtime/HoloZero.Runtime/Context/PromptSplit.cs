using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>
/// How a prompt of n bytes is divided for the network: N prefix slots of K bytes each, then the stream, which has at least one
/// byte because logits come from stream positions only. By default N = floor((n - 1) / K), so the stream has 1 to K bytes.
/// </summary>
public readonly record struct PromptSplit
{
    private PromptSplit(int prefixSlots, int prefixBytes, int streamBytes) =>
        (PrefixSlots, PrefixBytes, StreamBytes) = (prefixSlots, prefixBytes, streamBytes);

    /// <summary>N, 0 or more.</summary>
    public int PrefixSlots { get; }

    /// <summary>N * K: the first bytes of the prompt.</summary>
    public int PrefixBytes { get; }

    /// <summary>n - N * K, 1 or more, or 0 before an origin: the bytes after them.</summary>
    public int StreamBytes { get; }

    /// <summary>Splits a prompt.</summary>
    /// <param name="promptBytes">n, 1 or more. An empty prompt stands for one 0x00, so its n is 1.</param>
    /// <param name="slotBytes">K, 1 or more.</param>
    /// <param name="prefixSlots">N, 0 to floor((n - 1) / K); null is the most.</param>
    /// <param name="hasOrigin">Whether the stream begins with an origin: then all bytes may be prefix, up to floor(n / K) slots.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="promptBytes"/> or <paramref name="slotBytes"/> is below 1.</exception>
    /// <exception cref="BadInputException"><paramref name="prefixSlots"/> is negative, or leaves no byte for the stream.</exception>
    public static PromptSplit Of(int promptBytes, int slotBytes, int? prefixSlots = null, bool hasOrigin = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(promptBytes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(slotBytes, 1);
        var slots = prefixSlots ?? (promptBytes - 1) / slotBytes;
        var most = (promptBytes - (hasOrigin ? 0 : 1)) / slotBytes;
        if (slots < 0 || slots > most)
        {
            throw new BadInputException("prefix-slots",
                $"is {slots}, allowed are 0 to {most} for {promptBytes} bytes in slots of {slotBytes}, as the stream needs one byte",
                most == 0 ? "use 0, or a longer prompt" : $"use at most {most}");
        }

        return new(slots, slots * slotBytes, promptBytes - slots * slotBytes);
    }
}
