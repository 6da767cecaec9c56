namespace HoloZero.Runtime;

/// <summary>A scheduler's count of what <see cref="GeneratorStatistics"/> tells. One thread writes, any may read.</summary>
internal sealed class SchedulerCounters
{
    public int Rows { get; set; }
    public long Steps { get; set; }
    public long SteppedRows { get; set; }
    public long Checks { get; set; }
    public long Drafts { get; set; }
    public long AcceptedDrafts { get; set; }
    public long PrefilledRows { get; set; }
    public long GeneratedBytes { get; set; }
    public long Finished { get; set; }
    public long Cancelled { get; set; }
    public long Failed { get; set; }
    public long CacheHits { get; set; }
    public long CacheMisses { get; set; }
    public long CachedPromptBytes { get; set; }
    public long CacheBytes { get; set; }
    public long CacheEvictions { get; set; }

    public GeneratorStatistics Snapshot(int queued) => new(Rows, queued, GeneratedBytes, Steps, SteppedRows, PrefilledRows, Finished,
        Cancelled, Failed, CacheHits, CacheMisses, CachedPromptBytes, CacheBytes, CacheEvictions, Checks, Drafts,
        AcceptedDrafts);
}
