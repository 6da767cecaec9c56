namespace HoloZero.Peers;

/// <summary>How much is measured.</summary>
/// <param name="Tokens">Steps of one sequence, which is also the position that it gets to, 16 to 4,096.</param>
/// <param name="Prefill">Tokens read at once, 1 to 4,096.</param>
/// <param name="Rounds">Rounds after one that warms up, 1 to 100; every result is a median over them.</param>
internal sealed record PeerSizes(int Tokens, int Prefill, int Rounds)
{
    public const int BatchRows = 16;
    private const int MostBatchSteps = 128;

    /// <summary>As many steps as `holozero bench` gives a batch.</summary>
    public int BatchSteps => Math.Min(Tokens, MostBatchSteps);

    /// <summary>Positions that a sequence can get to.</summary>
    public int Positions => Math.Max(Tokens + 1, Prefill) + 1;
}

/// <summary>What was measured; as JSON in snake case it is what a contest reads.</summary>
/// <param name="MedianMilliseconds">A step of one sequence: a call and a greedy choice.</param>
/// <param name="BatchTokensPerSecond">Tokens of all sequences together, one call for all.</param>
/// <param name="PrefillTokensPerSecond">Up to the choice of the first token after it.</param>
/// <param name="FirstTokens">What the first steps chose, for whoever doubts that anything was computed.</param>
internal sealed record PeerReport(int Threads, int Tokens, int Rounds, double MedianMilliseconds, double P99Milliseconds,
    double MeanMilliseconds, int BatchRows, int BatchSteps, double BatchTokensPerSecond, int PrefillTokens, double PrefillTokensPerSecond,
    IReadOnlyList<int> FirstTokens, IReadOnlyDictionary<string, string> Software);

/// <summary>Measures a peer as `holozero bench` measures us.</summary>
internal static class PeerMeasurement
{
    private const int FirstTokens = 16;
    private static readonly int[] Prompt = [65];

    public static PeerReport Run(IPeer peer, PeerSizes sizes, int threads, TimeProvider clock)
    {
        int[] text = [.. Enumerable.Range(0, sizes.Prefill).Select(i => 65 + i % 26)];
        var (latencies, batches, prefills, first) = (new List<double[]>(), new List<double>(), new List<double>(), Array.Empty<int>());
        for (var round = 0; round <= sizes.Rounds; round++)
        {
            var (latency, chosen) = Steps(peer, sizes, clock);
            peer.Clear(PeerSizes.BatchRows, sizes.BatchSteps + 2);
            peer.Read(Prompt);
            var batch = Seconds(clock, () =>
            {
                for (var i = 0; i < sizes.BatchSteps; i++) peer.Step();
            });
            peer.Clear(1, sizes.Prefill + 1);
            var prefill = Seconds(clock, () => peer.Read(text));
            if (round == 0) continue;
            latencies.Add(latency);
            batches.Add(PeerSizes.BatchRows * sizes.BatchSteps / batch);
            prefills.Add(sizes.Prefill / prefill);
            first = chosen;
        }

        return new(threads, sizes.Tokens, sizes.Rounds, Median(latencies.Select(Median)),
            Median(latencies.Select(times => times[(int)Math.Ceiling(0.99 * times.Length) - 1])),
            Median(latencies.Select(times => times.Average())),
            PeerSizes.BatchRows, sizes.BatchSteps, Median(batches), sizes.Prefill, Median(prefills), first, peer.Software);
    }

    /// <summary>The middle value, or the mean of the middle two.</summary>
    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>Sorted times, and choices, of which the first came out of the call that read the prompt and is not timed.</summary>
    private static (double[] Milliseconds, int[] Chosen) Steps(IPeer peer, PeerSizes sizes, TimeProvider clock)
    {
        var times = new double[sizes.Tokens];
        peer.Clear(1, sizes.Tokens + 2);
        var chosen = new List<int>(FirstTokens) { peer.Read(Prompt) };
        for (var i = 0; i < times.Length; i++)
        {
            var start = clock.GetTimestamp();
            var token = peer.Step();
            times[i] = clock.GetElapsedTime(start).TotalMilliseconds;
            if (chosen.Count < FirstTokens) chosen.Add(token);
        }

        Array.Sort(times);
        return (times, [.. chosen]);
    }

    private static double Seconds(TimeProvider clock, Action measured)
    {
        var start = clock.GetTimestamp();
        measured();
        return Math.Max(clock.GetElapsedTime(start).TotalSeconds, 1.0 / clock.TimestampFrequency);
    }
}
