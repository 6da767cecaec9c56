using System.Diagnostics.Metrics;
using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>How a <see cref="ByteGenerator"/> shares a model. Immutable.</summary>
public sealed record ByteGeneratorOptions
{
    /// <summary>Generations that run at the same time, 1 to <see cref="DecodingBatch.MaxRows"/>; others wait.</summary>
    /// <value>16.</value>
    public int MaxRows { get; init; } = 16;

    /// <summary>Generations that wait at most, 0 to 1,048,576; one more is refused by <see cref="QueueFullException"/>.</summary>
    /// <value>256.</value>
    public int MaxQueued { get; init; } = 256;

    /// <summary>
    /// The context of a generation whose options say nothing. Others may ask for windows of no more positions: <c>MaxPrefixSlots</c> +
    /// <c>StreamBytes</c>.
    /// </summary>
    /// <value>That of the model.</value>
    public ContextWindowOptions? Window { get; init; }

    /// <summary>
    /// Prefix slots and stream bytes that a piece of a prefill has at most while others generate, 8 to 4,096: how long these wait for it.
    /// A prefix goes whole.
    /// </summary>
    /// <value>64.</value>
    public int PrefillRows { get; init; } = 64;

    /// <summary>Bytes of memory for states of prompts that come again, 0 or more; 0 keeps none.</summary>
    /// <value>256 MiB.</value>
    public long PrefixCacheBytes { get; init; } = 256 << 20;

    /// <summary>
    /// Whether a generation that runs alone may guess bytes and check several in one call, where that is faster: it gets the same bytes.
    /// The model decides whether it can: <see cref="ModelOptions.Speculation"/>.
    /// </summary>
    /// <value>true.</value>
    public bool Speculation { get; init; } = true;

    /// <summary>Bytes that wait for their reader before the generation waits, too, 1 or more.</summary>
    /// <value>4,096.</value>
    public int MaxUnreadBytes { get; init; } = 4096;

    /// <summary>What metrics call the model, so that several in one process are told apart: <c>gen_ai.request.model</c>.</summary>
    /// <value>The name of the variant.</value>
    public string? ModelName { get; init; }

    /// <summary>What makes the instruments that measure requests.</summary>
    /// <value>None: a meter of the library's own, <see cref="ByteGenerator.MeterName"/>.</value>
    public IMeterFactory? Meters { get; init; }

    /// <summary>
    /// Bytes of state that a generator takes at most: places, the prefills under way, those that wait for a reader, the cache.
    /// </summary>
    internal long StateBytes(OnnxGraph graph, ContextWindowOptions window)
    {
        var layout = graph.States.Layout;
        var checks = CheckedRows(graph);
        return checked((MaxRows + 2L) * layout.BytesFor(window.MaxPositions) + MaxRows * layout.BytesFor(BlockPositions(graph, window))
            + RowCheck.BytesFor(layout, checks) + PrefixCacheBytes);
    }

    /// <summary>Rows that a check of guesses computes; 0 where there is none.</summary>
    internal int CheckedRows(OnnxGraph graph) => Speculation && graph.Check is { } check ? check.Rows : 0;

    /// <summary>
    /// Positions that a row of those that step has room for: guesses may reach beyond the window before it is known whether they are right.
    /// </summary>
    internal int BlockPositions(OnnxGraph graph, ContextWindowOptions window) =>
        Math.Min(window.MaxPositions + Math.Max(0, CheckedRows(graph) - 1), graph.MaxPositions ?? int.MaxValue);

    /// <summary>Checks what can be checked without a model: ranges, <see cref="Window"/> excepted.</summary>
    /// <exception cref="BadInputException">An option is out of range.</exception>
    public void Validate()
    {
        Range("max-rows", MaxRows, 1, DecodingBatch.MaxRows);
        Range("max-queued", MaxQueued, 0, 1 << 20);
        Range("prefill-rows", PrefillRows, 8, 4096);
        Range("prefix-cache-bytes", PrefixCacheBytes, 0, 1L << 50);
        Range("max-unread-bytes", MaxUnreadBytes, 1, int.MaxValue / 2);
    }

    /// <summary>Checks the options for a model.</summary>
    /// <exception cref="BadInputException">One is out of range, or they do not fit the variant or its state budget.</exception>
    internal void Validate(OnnxGraph graph, ContextWindowOptions window)
    {
        Validate();
        window.Validate(graph.SlotBytes);
        if (window.MaxPositions > (graph.MaxPositions ?? int.MaxValue))
        {
            throw new BadInputException("stream-bytes", $"{window.StreamBytes} and {window.MaxPrefixSlots} prefix slots are "
                + $"{window.MaxPositions:N0} positions, and this variant holds {graph.MaxPositions:N0}", "use a smaller window");
        }

        var (needed, free) = (StateBytes(graph, window), graph.States.BudgetBytes - graph.States.UsedBytes);
        if (needed > free)
        {
            throw new BadInputException("max-rows", $"{MaxRows} rows of {window.MaxPositions:N0} positions and the prefix cache may take "
                + $"{needed:N0} bytes of state, and {free:N0} are left",
                "use fewer rows, a smaller window or cache, or a larger state budget");
        }
    }

    private static void Range(string option, long value, long least, long most)
    {
        if (value < least || value > most)
            throw new BadInputException(option, $"is {value}, allowed are {least:N0} to {most:N0}", "leave it out for the default");
    }
}
