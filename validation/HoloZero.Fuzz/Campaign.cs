namespace HoloZero.Fuzz;

/// <summary>
/// Attacks one target: the corpus as it is, then variations of it and of whatever reached new branches. Target, corpus and seed decide the
/// inputs; only coverage, where there is any, and a deadline add to that. Not thread-safe, one at a time in a process.
/// </summary>
public sealed class Campaign
{
    private const int LongestInput = 1 << 16;
    private readonly FuzzTarget _target;
    private readonly string _folder;
    private readonly Random _random;
    private readonly Coverage _coverage = new();
    private readonly List<byte[]> _pool;
    private readonly Dictionary<string, Finding> _findings = [];
    private byte[] _current = [];
    private long _inputs;

    /// <param name="target">What to attack.</param>
    /// <param name="corpus">Inputs beside the target's seeds.</param>
    /// <param name="seed">What chance starts from.</param>
    /// <param name="folder">An empty folder for the files that are read.</param>
    public Campaign(FuzzTarget target, IEnumerable<byte[]> corpus, int seed, string folder)
    {
        (_target, _folder, _random) = (target, folder, new Random(seed));
        _pool = [.. target.Seeds, .. corpus];
        Coverage.Attach();
    }

    /// <summary>How long one input may take.</summary>
    /// <value>A minute: far beyond what a busy machine makes of any input, only a hang exceeds it.</value>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How readings ended so far.</summary>
    public Attempts Attempts { get; } = new();

    /// <summary>Inputs read so far.</summary>
    public long Inputs => Volatile.Read(ref _inputs);

    /// <summary>Inputs that are varied: the corpus, and what reached new branches.</summary>
    public int Pool => _pool.Count;

    /// <summary>Branches seen; 0 where nothing is instrumented.</summary>
    public int Edges => _coverage.Edges;

    /// <summary>Runs until <paramref name="more"/> says no, or an input hangs.</summary>
    /// <returns>One input for each fault.</returns>
    public IReadOnlyCollection<Finding> Run(Func<bool> more)
    {
        var work = new Thread(() => Attack(more)) { IsBackground = true, Name = $"fuzz {_target.Name}" };
        work.Start();
        // Counted in looks instead of by the clock: a machine that stands still stops both threads, a hang only one.
        var (look, seen, waited) = (TimeSpan.FromMilliseconds(100), 0L, TimeSpan.Zero);
        while (!work.Join(look))
        {
            waited = Inputs == seen ? waited + look : TimeSpan.Zero;
            seen = Inputs;
            if (waited < Deadline) continue;
            // The thread cannot be ended, and its own findings are its own while it lives.
            return [new(_target.Name, _current, Finding.Hang, $"reading it took more than {Deadline}")];
        }
        return _findings.Values;
    }

    /// <summary>
    /// The fewest and smallest inputs, beyond the seeds, that together reach what this campaign reached; nothing where nothing is
    /// instrumented.
    /// </summary>
    /// <param name="mostBytes">Bytes of all of them together at most.</param>
    /// <param name="cancellation">Ends it with an <see cref="OperationCanceledException"/>.</param>
    public IReadOnlyList<byte[]> Essence(int mostBytes, CancellationToken cancellation)
    {
        var reached = new Coverage();
        foreach (var seed in _target.Seeds) Observe(seed, reached);
        var kept = new List<byte[]>();
        foreach (var input in _pool.OrderBy(input => input.Length).Except(_target.Seeds))
        {
            cancellation.ThrowIfCancellationRequested();
            Execute(input);
            var edges = reached.NewEdges();
            if (edges.Count == 0) continue;
            var least = Shrinker.Shrink(input, shorter => Execute(shorter) is null && Coverage.Ran(edges), tries: 400);
            if (least.Length > mostBytes) continue;
            mostBytes -= least.Length;
            kept.Add(least);
            Observe(least, reached);
        }
        return kept;

        void Observe(byte[] input, Coverage coverage)
        {
            Execute(input);
            coverage.Merge();
        }
    }

    private void Attack(Func<bool> more)
    {
        foreach (var input in _pool.ToArray()) Judge(input);
        while (more()) Judge(Vary());
    }

    private byte[] Vary()
    {
        // What came last is the least explored; what came first is sound, where the rest drifts towards early refusal.
        var (first, end) = _random.Next(3) switch
        {
            0 => (0, _target.Seeds.Count),
            1 => (Math.Max(_pool.Count - 32, 0), _pool.Count),
            _ => (0, _pool.Count),
        };
        var input = _pool[_random.Next(first, end)];
        for (var times = 1 << _random.Next(3); times > 0; times--)
            input = _target.Mutate(_random, input, _pool[_random.Next(_pool.Count)]);
        return input.Length <= LongestInput ? input : input[..LongestInput];
    }

    private void Judge(byte[] input)
    {
        var finding = Execute(input);
        if (finding is not null)
        {
            if (_findings.ContainsKey(finding.Kind)) return;
            var least = Shrinker.Shrink(input, shorter => Execute(shorter)?.Kind == finding.Kind);
            _findings.Add(finding.Kind, Execute(least) ?? finding);
        }
        else if (_coverage.Merge() && !_pool.Contains(input))
        {
            _pool.Add(input);
        }
    }

    private Finding? Execute(byte[] input)
    {
        Volatile.Write(ref _current, input);
        Volatile.Write(ref _inputs, _inputs + 1);
        Coverage.Reset();
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            _target.Read(_folder, input, Attempts);
        }
        catch (Exception e)
        {
            return Finding.Of(_target.Name, input, e);
        }
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        return allocated <= _target.MostAllocated ? null : new(_target.Name, input, Finding.Memory,
            $"reading it allocated {allocated} bytes, allowed are {_target.MostAllocated}");
    }
}
