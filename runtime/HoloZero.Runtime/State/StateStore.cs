using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>
/// Where the states of a model's sequences come from, in host memory and within a budget: sessions, batches, snapshots, the prefix cache
/// and the scheduler all rent theirs here. Thread-safe; what it rents out is not.
/// </summary>
/// <param name="graph">The graph whose states they are.</param>
/// <param name="budgetBytes">Bytes that all of them may take at once.</param>
internal sealed class StateStore(OnnxGraph graph, long budgetBytes)
{
    private long _usedBytes;

    /// <summary>Bytes that all states may take at once.</summary>
    public long BudgetBytes => budgetBytes;

    /// <summary>Bytes that they take now.</summary>
    public long UsedBytes => Interlocked.Read(ref _usedBytes);

    /// <summary>How they lie in memory.</summary>
    public StateLayout Layout { get; } = new(graph.Signature);

    /// <summary>A state before its first byte.</summary>
    /// <param name="positions">Positions that it has room for at once; it grows beyond.</param>
    /// <exception cref="MissingCapabilityException">The budget or memory is too small.</exception>
    public IDecoderState Rent(int positions) =>
        graph.IsInPlace ? new InPlaceState(graph, this, 1, positions) : new ImmutableState(graph, this);

    /// <summary>Rows for sequences that step together.</summary>
    /// <param name="rows">How many.</param>
    /// <param name="positions">Positions that each has room for.</param>
    /// <exception cref="MissingCapabilityException">The budget or memory is too small.</exception>
    public IStateBlock RentBlock(int rows, int positions) =>
        graph.IsInPlace ? new InPlaceState(graph, this, rows, positions) : new SequentialBlock(rows);

    /// <summary>Counts memory that is about to be taken.</summary>
    /// <exception cref="MissingCapabilityException">It would exceed the budget.</exception>
    public void Charge(long bytes)
    {
        if (Interlocked.Add(ref _usedBytes, bytes) <= budgetBytes) return;
        Release(bytes);
        throw new MissingCapabilityException($"{bytes:N0} more bytes of state exceed the {budgetBytes:N0} that all sequences may take",
            "use fewer or shorter sequences at a time, or a larger state budget");
    }

    /// <summary>Counts memory that was given back.</summary>
    public void Release(long bytes) => Interlocked.Add(ref _usedBytes, -bytes);
}
