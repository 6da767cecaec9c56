using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>
/// How much of its history a generation keeps in front of the network, see <see cref="ContextWindow"/>. Immutable; checked by
/// <see cref="Validate"/>, which <see cref="ContextWindow"/> calls.
/// </summary>
public sealed record ContextWindowOptions
{
    /// <summary>The largest <see cref="StreamBytes"/>.</summary>
    public const int MaxStreamBytes = ArtifactManifest.WindowInfo.MostStreamBytes;

    /// <summary>The largest <see cref="MaxPrefixSlots"/>.</summary>
    public const int PrefixSlotsLimit = ArtifactManifest.WindowInfo.MostPrefixSlots;

    private const int DefaultKeptStreamBytes = 32;

    /// <summary>W, the most bytes of the stream: K, the bytes of a slot, to 65,536.</summary>
    /// <value>The default is 256.</value>
    public int StreamBytes { get; init; } = 256;

    /// <summary>M, the most prefix slots kept, 0 to 4,096. With 0 there is no prefix: everything is stream.</summary>
    /// <value>The default is 64.</value>
    public int MaxPrefixSlots { get; init; } = 64;

    /// <summary>
    /// R, bytes that stay in the stream when it is re-packed, 1 to <see cref="StreamBytes"/>: fewer make re-packing rarer and cheaper, but
    /// the bytes after it are predicted with less of the stream before them.
    /// </summary>
    /// <value>The default is 32, or half of a stream of less than 64 bytes.</value>
    public int? KeptStreamBytes { get; init; }

    /// <summary>The most positions that the network ever holds at once: M slots and W bytes.</summary>
    internal int MaxPositions => MaxPrefixSlots + StreamBytes;

    internal int Kept => KeptStreamBytes ?? Math.Clamp(StreamBytes / 2, 1, DefaultKeptStreamBytes);

    /// <summary>What an artifact was made for; where it does not say, the default.</summary>
    /// <param name="manifest">The artifact's.</param>
    /// <exception cref="ArgumentNullException"><paramref name="manifest"/> is null.</exception>
    public static ContextWindowOptions Of(ArtifactManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        return manifest.Window is { } window
            ? new() { StreamBytes = window.StreamBytes, MaxPrefixSlots = window.MaxPrefixSlots, KeptStreamBytes = window.KeptStreamBytes }
            : new();
    }

    /// <summary>The same with what is given; null leaves a value as it is.</summary>
    /// <param name="streamBytes">W, or null.</param>
    /// <param name="maxPrefixSlots">M, or null.</param>
    /// <param name="keptStreamBytes">
    /// R, or null: then the default where <paramref name="streamBytes"/> is given, as what is kept of one stream may be more than the whole
    /// of another.
    /// </param>
    public ContextWindowOptions With(int? streamBytes, int? maxPrefixSlots, int? keptStreamBytes) => new()
    {
        StreamBytes = streamBytes ?? StreamBytes,
        MaxPrefixSlots = maxPrefixSlots ?? MaxPrefixSlots,
        KeptStreamBytes = keptStreamBytes ?? (streamBytes is null ? KeptStreamBytes : null),
    };

    /// <summary>Checks the options for a network with slots of <paramref name="slotBytes"/> bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="slotBytes"/> is below 1.</exception>
    /// <exception cref="BadInputException">A value is out of range.</exception>
    public void Validate(int slotBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(slotBytes, 1);
        if (StreamBytes is < 1 or > MaxStreamBytes)
        {
            throw new BadInputException("stream-bytes", $"is {StreamBytes}, allowed are 1 to {MaxStreamBytes}",
                "leave it out for the default");
        }

        if (StreamBytes < slotBytes)
        {
            throw new BadInputException("stream-bytes", $"is {StreamBytes}, less than the {slotBytes} bytes of a prefix slot",
                $"use at least {slotBytes}, better {4 * slotBytes}");
        }

        if (KeptStreamBytes < 1 || KeptStreamBytes > StreamBytes)
        {
            throw new BadInputException("kept-stream-bytes", $"is {KeptStreamBytes}, allowed are 1 to {StreamBytes} (stream-bytes)",
                $"leave it out for {(this with { KeptStreamBytes = null }).Kept}");
        }

        if (MaxPrefixSlots is < 0 or > PrefixSlotsLimit)
        {
            throw new BadInputException("max-prefix-slots", $"is {MaxPrefixSlots}, allowed are 0 to {PrefixSlotsLimit}",
                "leave it out for the default");
        }
    }
}
