using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>
/// How much of its history a generation keeps in front of the network, see <see cref="ContextWindow"/>. Immutable; checked by
/// <see cref="Validate"/>, which <see cref="ContextWindow"/> calls.
/// </summary>
public sealed record ContextWindowOptions
{
    /// <summary>The largest <see cref="StreamBytes"/>.</summary>
    public const int MaxStreamBytes = 65_536;

    /// <summary>The largest <see cref="MaxPrefixSlots"/>.</summary>
    public const int PrefixSlotsLimit = 4_096;

    /// <summary>W, the most bytes of the stream: K, the bytes of a slot, to 65,536.</summary>
    /// <value>The default is 256.</value>
    public int StreamBytes { get; init; } = 256;

    /// <summary>M, the most prefix slots kept, 0 to 4,096. With 0 there is no prefix: everything is stream.</summary>
    /// <value>The default is 64.</value>
    public int MaxPrefixSlots { get; init; } = 64;

    /// <summary>Checks the options for a network with slots of <paramref name="slotBytes"/> bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="slotBytes"/> is below 1.</exception>
    /// <exception cref="BadInputException">A value is out of range.</exception>
    public void Validate(int slotBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(slotBytes, 1);
        if (StreamBytes is < 1 or > MaxStreamBytes)
            throw new BadInputException("stream-bytes", $"is {StreamBytes}, allowed are 1 to {MaxStreamBytes}", "leave it out for 256");
        if (StreamBytes < slotBytes)
        {
            throw new BadInputException("stream-bytes", $"is {StreamBytes}, less than the {slotBytes} bytes of a prefix slot",
                $"use at least {slotBytes}, better {4 * slotBytes}");
        }

        if (MaxPrefixSlots is < 0 or > PrefixSlotsLimit)
        {
            throw new BadInputException("max-prefix-slots", $"is {MaxPrefixSlots}, allowed are 0 to {PrefixSlotsLimit}",
                "leave it out for 64");
        }
    }
}
