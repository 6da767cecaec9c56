namespace HoloZero.Runtime;

/// <summary>What a scheduler has done so far. One thread writes, any may read.</summary>
internal sealed class SchedulerCounters
{
    /// <summary>Places taken now.</summary>
    public int Rows { get; set; }

    /// <summary>Calls that stepped rows, and how many rows in all.</summary>
    public long Steps { get; set; }

    /// <inheritdoc cref="Steps"/>
    public long SteppedRows { get; set; }

    /// <summary>Rows that prefills ran.</summary>
    public long PrefilledRows { get; set; }

    /// <summary>Bytes chosen.</summary>
    public long GeneratedBytes { get; set; }

    public long Finished { get; set; }

    public long Cancelled { get; set; }

    public long Failed { get; set; }

    /// <summary>Prompts of which something was there already, and prompts of which nothing was.</summary>
    public long CacheHits { get; set; }

    /// <inheritdoc cref="CacheHits"/>
    public long CacheMisses { get; set; }

    /// <summary>Bytes of prompts that were not computed.</summary>
    public long CachedPromptBytes { get; set; }

    /// <summary>Bytes of state in the prefix cache now.</summary>
    public long CacheBytes { get; set; }

    /// <summary>States that the prefix cache let go of.</summary>
    public long CacheEvictions { get; set; }

    public GeneratorStatistics Snapshot(int queued) => new(Rows, queued, GeneratedBytes, Steps, SteppedRows, PrefilledRows, Finished,
        Cancelled, Failed, CacheHits, CacheMisses, CachedPromptBytes, CacheBytes, CacheEvictions);
}
