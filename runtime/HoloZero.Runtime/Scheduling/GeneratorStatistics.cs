namespace HoloZero.Runtime;

/// <summary>What a <see cref="ByteGenerator"/> does and has done, at one moment; counts are since its start.</summary>
/// <param name="Rows">Generations that run now.</param>
/// <param name="Queued">Generations that wait now.</param>
/// <param name="GeneratedBytes">Bytes chosen.</param>
/// <param name="Steps">Calls that stepped.</param>
/// <param name="SteppedRows">Rows that they stepped in all.</param>
/// <param name="PrefilledRows">Prefix slots and stream bytes that prefills computed.</param>
/// <param name="Finished">Generations that ended by themselves.</param>
/// <param name="Cancelled">Generations that were cancelled, or whose reader left.</param>
/// <param name="Failed">Generations that failed.</param>
/// <param name="CacheHits">Prompts of which the state of some was reused.</param>
/// <param name="CacheMisses">Prompts of which none was there.</param>
/// <param name="CachedPromptBytes">Bytes of prompts that were not computed.</param>
/// <param name="CacheBytes">Bytes of state that the prefix cache holds now.</param>
/// <param name="CacheEvictions">States that it let go of to keep within its budget.</param>
/// <param name="Checks">Calls that checked guesses.</param>
/// <param name="Drafts">Bytes that were guessed and checked.</param>
/// <param name="AcceptedDrafts">How many of them were right.</param>
public readonly record struct GeneratorStatistics(int Rows, int Queued, long GeneratedBytes, long Steps, long SteppedRows,
    long PrefilledRows, long Finished, long Cancelled, long Failed, long CacheHits, long CacheMisses, long CachedPromptBytes,
    long CacheBytes, long CacheEvictions, long Checks, long Drafts, long AcceptedDrafts);
