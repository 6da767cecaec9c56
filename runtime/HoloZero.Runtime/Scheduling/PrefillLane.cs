namespace HoloZero.Runtime;

/// <summary>Prefills that run one after the other, each in pieces, in a state of the lane's own. Not thread-safe: dispose it.</summary>
/// <param name="store">Where its state comes from.</param>
/// <param name="positions">Positions that a prefill has at most.</param>
internal sealed class PrefillLane(StateStore store, int positions) : IDisposable
{
    private readonly LinkedList<ScheduledGeneration> _waiting = [];
    private IDecoderState? _state;

    /// <summary>What it is computing, if anything has begun.</summary>
    public ScheduledGeneration? Current { get; private set; }

    /// <summary>Stream bytes of it that have run.</summary>
    public int Done { get; set; }

    /// <summary>Where it has to be cut, as a state is to be kept from there; 0 for nowhere.</summary>
    public int Cut { get; set; }

    /// <summary>Its state.</summary>
    public IDecoderState State => _state ??= store.Rent(positions);

    /// <summary>How many it has, with the current one.</summary>
    public int Count => _waiting.Count + (Current is null ? 0 : 1);

    public bool HasWork => Count > 0;

    /// <summary>Those that come after <see cref="Current"/>.</summary>
    public IEnumerable<ScheduledGeneration> Waiting => _waiting;

    public void Add(ScheduledGeneration generation) => _waiting.AddLast(generation);

    /// <summary>Begins the next one.</summary>
    public ScheduledGeneration Begin()
    {
        (Current, Done, Cut) = (_waiting.First!.Value, 0, 0);
        _waiting.RemoveFirst();
        return Current;
    }

    /// <summary>Is through with the current one.</summary>
    public void End() => Current = null;

    /// <summary>Removes those that <paramref name="which"/> tells.</summary>
    public void Remove(Func<ScheduledGeneration, bool> which, Action<ScheduledGeneration> removed)
    {
        if (Current is { } current && which(current))
        {
            End();
            removed(current);
        }

        for (var node = _waiting.First; node is not null;)
        {
            var next = node.Next;
            if (which(node.Value))
            {
                _waiting.Remove(node);
                removed(node.Value);
            }

            node = next;
        }
    }

    public void Dispose() => _state?.Dispose();
}
