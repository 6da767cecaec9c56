using HoloZero.Models;

namespace HoloZero.Validation.Goldens;

/// <summary>A prompt with what is known about it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Bytes">
/// The prompt as the network reads it: an empty one is a single 0x00, and the stream begins with its origin where there is one.
/// </param>
/// <param name="PrefixSlots">How many slots of it are prefix; the rest, at least a byte, is stream.</param>
internal sealed record GoldenCase(string Name, byte[] Bytes, int PrefixSlots)
{
    /// <summary>Logits [stream, 258], row-major; null where only the reference knows them.</summary>
    public double[]? Logits { get; init; }

    /// <summary>Greedy continuation; null where only the reference knows it.</summary>
    public byte[]? Greedy { get; init; }

    /// <summary>Bits per byte of the stream but its first byte; null where there is one byte or none is given.</summary>
    public double? BitsPerByte { get; init; }

    /// <summary>Outputs of the door and the blocks by module, [rows, d]; empty where none were recorded.</summary>
    public IReadOnlyDictionary<string, double[]> Trace { get; init; } = new Dictionary<string, double[]>();

    /// <summary>A prompt with its stream's origin, where the configuration has one.</summary>
    public static byte[] AsRead(AsymDecConfig config, byte[] prompt, int prefixSlots)
    {
        var border = prefixSlots * config.SlotBytes;
        return [.. prompt[..border], .. config.Stream(prompt.AsSpan(border))];
    }

    public byte[] Prefix(int slotBytes) => Bytes[..(PrefixSlots * slotBytes)];

    public byte[] Stream(int slotBytes) => Bytes[(PrefixSlots * slotBytes)..];
}

/// <summary>Text that the checkpoint never saw, cut into windows, with the published bits per byte.</summary>
/// <param name="Text">The bytes.</param>
/// <param name="PrefixSlots">Prefix slots of a window.</param>
/// <param name="StreamBytes">Stream bytes of a window; the next one starts a byte before this one ends.</param>
/// <param name="BitsPerByte">Mean over every predicted byte.</param>
/// <param name="Digits">Digits after the point that it is given with.</param>
internal sealed record HeldOut(byte[] Text, int PrefixSlots, int StreamBytes, double BitsPerByte, int Digits);

/// <summary>What an artifact is compared with.</summary>
/// <param name="Description">For people.</param>
/// <param name="Cases">The prompts.</param>
/// <param name="HeldOut">Held-out text, if any.</param>
internal sealed record GoldenSet(string Description, IReadOnlyList<GoldenCase> Cases, HeldOut? HeldOut);
