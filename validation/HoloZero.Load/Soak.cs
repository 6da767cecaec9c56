using System.Collections.Concurrent;

namespace HoloZero.Load;

/// <summary>Runs actions at random from several threads. Thread-safe where the actions are.</summary>
/// <param name="actions">By name, each told what chance to use.</param>
public sealed class Soak(IReadOnlyDictionary<string, Func<Random, Task>> actions)
{
    private const int FailuresKept = 20;
    private readonly ConcurrentDictionary<string, (long Done, long Interrupted)> _counts = new();
    private readonly ConcurrentQueue<string> _failures = new();

    /// <summary>By action: how often it ended in order, and in a promised exception because of what others did.</summary>
    public IReadOnlyDictionary<string, (long Done, long Interrupted)> Counts => _counts;

    /// <summary>What should not have happened, the first of it.</summary>
    public IReadOnlyCollection<string> Failures => _failures;

    /// <summary>Runs, until <paramref name="more"/> says no or too much has failed.</summary>
    /// <param name="threads">How many at once.</param>
    /// <param name="seed">What chance starts from; which thread comes first is not its to decide.</param>
    /// <param name="more">Asked before each action, with the number of those begun.</param>
    public Task RunAsync(int threads, int seed, Func<long, bool> more)
    {
        var names = actions.Keys.Order(StringComparer.Ordinal).ToArray();
        var begun = 0L;
        return Task.WhenAll(Enumerable.Range(0, threads).Select(worker => Task.Run(async () =>
        {
            var random = new Random(seed + worker);
            while (more(Interlocked.Increment(ref begun)) && _failures.Count < FailuresKept)
                await RunAsync(names[random.Next(names.Length)], random);
        })));
    }

    private async Task RunAsync(string name, Random random)
    {
        try
        {
            await actions[name](random);
            _counts.AddOrUpdate(name, (1, 0), (_, counts) => (counts.Done + 1, counts.Interrupted));
        }
        catch (Exception e) when (e is ObjectDisposedException or OperationCanceledException)
        {
            _counts.AddOrUpdate(name, (0, 1), (_, counts) => (counts.Done, counts.Interrupted + 1));
        }
        catch (Exception e)
        {
            _failures.Enqueue($"{name}: {e}");
        }
    }
}
