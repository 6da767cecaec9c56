using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>
/// Which bytes of a history stand before the network: N prefix slots of K bytes, then the stream. It is a function of the
/// prompt, the options and the bytes appended, nothing else; so a generation can be repeated, forked and verified.
/// </summary>
/// <remarks>
/// <para>Start: the prompt is split by <see cref="PromptSplit"/> (an empty prompt is one 0x00). With M = 0 and no N requested,
/// N is 0.</para>
/// <para>Appending puts a byte at the end of the stream. When the stream has L > W bytes (also at the start, if the N requested
/// leaves that many), it is re-packed: its g oldest groups of K bytes become prefix slots, where</para>
/// <code>g = max(floor((L - R) / K), ceil((L - W) / K))</code>
/// <para>that is the most that leaves R bytes, and no less than brings the stream within the window. So re-packing happens once in
/// about W - R bytes, and the stream keeps 1 byte or more.</para>
/// <para>Then, also at the start, the oldest slots beyond M are forgotten. After either the network's state has to be computed
/// afresh by one prefill of (<see cref="Prefix"/>, <see cref="Stream"/>); without, a step with the byte appended carries it on.</para>
/// <para>Memory is M * K + W + 1 bytes from start to end. Not safe for concurrent use.</para>
/// </remarks>
public sealed class ContextWindow
{
    // The prefix and directly after it the stream: to re-pack is to move the border between them.
    private readonly byte[] _bytes;
    // The stream behind its origin, where it has one.
    private readonly byte[]? _fromOrigin;
    private int _prefixBytes;
    private int _length;

    /// <summary>The context of a prompt.</summary>
    /// <param name="slotBytes">K, bytes in a prefix slot, 1 or more.</param>
    /// <param name="options">The limits W and M, and R.</param>
    /// <param name="prompt">The history so far, [n]; copied as far as it is kept.</param>
    /// <param name="prefixSlots">N, 0 to min(floor((n - 1) / K), M); null is the default split.</param>
    /// <param name="hasOrigin">
    /// Whether every stream begins with an origin byte 0x00, which counts as one of its W and R bytes and is no part of the history.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="slotBytes"/> is below 1.</exception>
    /// <exception cref="BadInputException">The options are out of range, or <paramref name="prefixSlots"/> is.</exception>
    public ContextWindow(int slotBytes, ContextWindowOptions options, ReadOnlySpan<byte> prompt, int? prefixSlots = null,
        bool hasOrigin = false)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate(slotBytes);
        (SlotBytes, Options) = (slotBytes, options);
        if (prompt.IsEmpty) prompt = [0];
        if (options.MaxPrefixSlots == 0) prefixSlots ??= 0;

        var split = PromptSplit.Of(prompt.Length, slotBytes, prefixSlots, hasOrigin);
        if (prefixSlots > options.MaxPrefixSlots)
        {
            throw new BadInputException("prefix-slots",
                $"is {prefixSlots}, but at most {options.MaxPrefixSlots} are kept (max-prefix-slots)",
                $"use at most {options.MaxPrefixSlots}, or raise max-prefix-slots");
        }

        _fromOrigin = hasOrigin ? new byte[options.StreamBytes + 1] : null;
        var packed = split.PrefixBytes + GroupsToRepack(split.StreamBytes) * slotBytes;
        var forgotten = Math.Max(0, packed - options.MaxPrefixSlots * slotBytes);
        _bytes = new byte[options.MaxPrefixSlots * slotBytes + options.StreamBytes + 1];
        prompt[forgotten..].CopyTo(_bytes);
        (_prefixBytes, _length, ForgottenBytes) = (packed - forgotten, prompt.Length - forgotten, forgotten);
    }

    private ContextWindow(ContextWindow other)
    {
        (SlotBytes, Options, ForgottenBytes) = (other.SlotBytes, other.Options, other.ForgottenBytes);
        (_bytes, _prefixBytes, _length) = ((byte[])other._bytes.Clone(), other._prefixBytes, other._length);
        _fromOrigin = (byte[]?)other._fromOrigin?.Clone();
    }

    /// <summary>K, bytes in a prefix slot.</summary>
    public int SlotBytes { get; }

    /// <summary>The limits.</summary>
    public ContextWindowOptions Options { get; }

    /// <summary>N, 0 to M.</summary>
    public int PrefixSlots => _prefixBytes / SlotBytes;

    /// <summary>[N * K], the bytes in the prefix slots. A view: valid until the next append.</summary>
    public ReadOnlySpan<byte> Prefix => _bytes.AsSpan(0, _prefixBytes);

    /// <summary>[L], 1 to W, the bytes of the stream, its origin among them. A view: valid until the next append.</summary>
    public ReadOnlySpan<byte> Stream
    {
        get
        {
            var stream = _bytes.AsSpan(_prefixBytes, _length - _prefixBytes);
            if (_fromOrigin is null) return stream;
            stream.CopyTo(_fromOrigin.AsSpan(1));
            return _fromOrigin.AsSpan(0, stream.Length + 1);
        }
    }

    /// <summary>Bytes of <see cref="Stream"/> that are its origin and no part of the history: 0 or 1.</summary>
    public int OriginBytes => _fromOrigin is null ? 0 : 1;

    /// <summary>How many bytes of the history, all at its beginning, are out of the context.</summary>
    public long ForgottenBytes { get; private set; }

    /// <summary>A second context with the same bytes; from here on the two do not affect each other.</summary>
    public ContextWindow Clone() => new(this);

    /// <summary>Appends a byte to the history.</summary>
    /// <returns>
    /// True if the context was re-packed: prefill (<see cref="Prefix"/>, <see cref="Stream"/>). False if the byte is just the
    /// new end of the stream: step with it.
    /// </returns>
    public bool Append(byte value)
    {
        _bytes[_length++] = value;
        var groups = GroupsToRepack(_length - _prefixBytes);
        if (groups == 0) return false;

        _prefixBytes += groups * SlotBytes;
        Forget(_prefixBytes - Options.MaxPrefixSlots * SlotBytes);
        return true;
    }

    /// <summary>Appends bytes to the history one by one.</summary>
    /// <returns>True if the context was re-packed at any of them: prefill. False: step with each of them.</returns>
    public bool Append(ReadOnlySpan<byte> bytes)
    {
        var repacked = false;
        foreach (var value in bytes) repacked |= Append(value);
        return repacked;
    }

    private int GroupsToRepack(int streamBytes)
    {
        var window = Options.StreamBytes - OriginBytes;
        if (streamBytes <= window) return 0;
        var toKept = (streamBytes - Math.Min(Options.Kept, window)) / SlotBytes;
        var toWindow = (streamBytes - window + SlotBytes - 1) / SlotBytes;
        return Math.Max(toKept, toWindow);
    }

    private void Forget(int count)
    {
        if (count <= 0) return;
        _bytes.AsSpan(count, _length - count).CopyTo(_bytes);
        _prefixBytes -= count;
        _length -= count;
        ForgottenBytes += count;
    }
}
