namespace HoloZero.Runtime;

/// <summary>
/// Counts the calls that use something native, so that closing it refuses new ones and waits for those under way. Entering and leaving
/// allocate nothing. Thread-safe.
/// </summary>
internal sealed class CallGate
{
    private const int Closed = int.MinValue;

    private readonly Lock _closing = new();
    private readonly ManualResetEventSlim _empty = new();

    // Calls under way; the sign bit once closed.
    private int _calls;

    /// <summary>Whether it is closed or closing.</summary>
    public bool IsClosed => Volatile.Read(ref _calls) < 0;

    /// <summary>Begins a call, which ends by <see cref="Leave"/>; false once the gate is closed.</summary>
    public bool TryEnter()
    {
        var seen = Volatile.Read(ref _calls);
        while (seen >= 0)
        {
            var before = Interlocked.CompareExchange(ref _calls, seen + 1, seen);
            if (before == seen) return true;
            seen = before;
        }

        return false;
    }

    /// <summary>Ends a call.</summary>
    public void Leave()
    {
        if (Interlocked.Decrement(ref _calls) == Closed) _empty.Set();
    }

    /// <summary>
    /// Refuses further calls, waits for those under way, then frees. Whoever closes again waits for that and does nothing.
    /// </summary>
    /// <param name="end">Asks calls under way to end early.</param>
    /// <param name="free">Frees what they used.</param>
    public void Close(Action end, Action free)
    {
        lock (_closing)
        {
            var before = Interlocked.Or(ref _calls, Closed);
            if (before < 0) return;
            end();
            if (before > 0) _empty.Wait();
            free();
        }
    }
}
