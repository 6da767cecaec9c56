using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>
/// States that prompts left behind, by what they are the state of: the bytes of the prefix slots and the first bytes of the stream. Every
/// row in them was computed as a prompt's row, beside others (<see cref="PrefillPieces"/>), so going on from one gives the bits of
/// computing the whole. The least recently used go when the budget is full. Not thread-safe. Owns its states: dispose it.
/// </summary>
/// <param name="budgetBytes">Bytes of state that it keeps at most.</param>
internal class PrefixCache(long budgetBytes) : IDisposable
{
    private readonly Dictionary<int, List<Entry>> _byPrefix = [];
    private readonly LinkedList<Entry> _byUse = [];

    /// <summary>Bytes of state that it keeps now.</summary>
    public long Bytes { get; private set; }

    /// <summary>States that it let go of to keep within its budget.</summary>
    public long Evictions { get; private set; }

    /// <summary>How many states it keeps.</summary>
    public int Count => _byUse.Count;

    /// <summary>The state from which the fewest rows remain; it counts as used then.</summary>
    /// <returns>Null where none fits. The state of the whole prompt comes with its logits; any other leaves two rows or more.</returns>
    public virtual Entry? Longest(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> stream)
    {
        Entry? best = null;
        foreach (var entry in WithPrefix(prefix))
        {
            if (entry.Stream.Length <= (best?.Stream.Length ?? 0) || !stream.StartsWith(entry.Stream)) continue;
            var remaining = stream.Length - entry.Stream.Length;
            if (remaining == 0 || remaining >= PrefillPieces.FewestRows && entry.State.Position >= PrefillPieces.FewestRows) best = entry;
        }

        if (best is not null)
        {
            _byUse.Remove(best.Use);
            _byUse.AddFirst(best.Use);
        }

        return best;
    }

    /// <summary>How many bytes <paramref name="stream"/> begins with that the stream of a state begins with, too.</summary>
    public int Shared(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> stream)
    {
        var longest = 0;
        foreach (var entry in WithPrefix(prefix)) longest = Math.Max(longest, stream.CommonPrefixLength(entry.Stream));
        return longest;
    }

    /// <summary>Keeps a copy of a state, unless it is kept already or does not fit.</summary>
    /// <param name="prefix">Bytes of its prefix slots.</param>
    /// <param name="stream">Bytes of its stream.</param>
    /// <param name="state">The state after them.</param>
    /// <param name="layout">How states lie in memory.</param>
    /// <param name="logits">What follows them, [vocabulary].</param>
    public virtual void Store(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> stream, IDecoderState state, StateLayout layout,
        ReadOnlySpan<float> logits)
    {
        foreach (var entry in WithPrefix(prefix))
        {
            if (stream.SequenceEqual(entry.Stream)) return;
        }

        var bytes = layout.BytesFor(state.Position);
        if (bytes > budgetBytes) return;
        while (Bytes + bytes > budgetBytes) Evict();
        IDecoderState copy;
        try
        {
            copy = state.Copy();
        }
        catch (MissingCapabilityException)
        {
            // Others need the memory more.
            return;
        }

        var added = new Entry(prefix.ToArray(), stream.ToArray(), copy, logits.ToArray(), Hash(prefix));
        if (!_byPrefix.TryGetValue(added.Hash, out var group)) _byPrefix[added.Hash] = group = [];
        group.Add(added);
        _byUse.AddFirst(added.Use);
        Bytes += copy.Bytes;
    }

    public void Dispose()
    {
        foreach (var entry in _byUse) entry.State.Dispose();
        _byUse.Clear();
        _byPrefix.Clear();
        Bytes = 0;
    }

    private void Evict()
    {
        var entry = _byUse.Last!.Value;
        _byUse.RemoveLast();
        var group = _byPrefix[entry.Hash];
        group.Remove(entry);
        if (group.Count == 0) _byPrefix.Remove(entry.Hash);
        Bytes -= entry.State.Bytes;
        Evictions++;
        entry.State.Dispose();
    }

    private List<Entry> WithPrefix(ReadOnlySpan<byte> prefix)
    {
        if (!_byPrefix.TryGetValue(Hash(prefix), out var group)) return [];
        var found = new List<Entry>(group.Count);
        foreach (var entry in group)
        {
            if (prefix.SequenceEqual(entry.Prefix)) found.Add(entry);
        }

        return found;
    }

    private static int Hash(ReadOnlySpan<byte> bytes)
    {
        var hash = new HashCode();
        hash.AddBytes(bytes);
        return hash.ToHashCode();
    }

    /// <summary>A state and what it is the state of.</summary>
    public sealed class Entry
    {
        public Entry(byte[] prefix, byte[] stream, IDecoderState state, float[] logits, int hash)
        {
            (Prefix, Stream, State, Logits, Hash) = (prefix, stream, state, logits, hash);
            Use = new(this);
        }

        public byte[] Prefix { get; }

        public byte[] Stream { get; }

        public IDecoderState State { get; }

        public float[] Logits { get; }

        public int Hash { get; }

        public LinkedListNode<Entry> Use { get; }
    }
}
