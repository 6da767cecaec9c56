using HoloZero.Artifacts;
using HoloZero.Runtime;

namespace HoloZero.Load;

/// <summary>
/// What an application does with models, and what goes wrong in one: cancelled, abandoned, disposed in the middle, shared by mistake. Each
/// action ends in order, or in an exception that the library promises for what others did meanwhile.
/// </summary>
internal sealed class Actions
{
    private const int Bytes = 24;
    private static readonly byte[] Prompt = [.. "And the LORD said unto Moses, "u8];
    private readonly IReadOnlyList<SharedModel> _models;
    private readonly Dictionary<SharedModel, byte[]> _expected = [];

    private Actions(IReadOnlyList<SharedModel> models) => _models = models;

    /// <summary>All of them by name.</summary>
    public IReadOnlyDictionary<string, Func<Random, Task>> All => new Dictionary<string, Func<Random, Task>>
    {
        ["generate"] = GenerateAsync,
        ["cancel"] = CancelAsync,
        ["abandon"] = AbandonAsync,
        ["session"] = Session,
        ["batch"] = Batch,
        ["share"] = ShareAsync,
        ["mistake"] = Mistake,
        ["replace"] = Replace,
    };

    /// <summary>Finds out what each model generates while nobody disturbs it.</summary>
    public static async Task<Actions> CreateAsync(IReadOnlyList<SharedModel> models)
    {
        var actions = new Actions(models);
        foreach (var model in models) actions._expected[model] = await CollectAsync(model.Current, default);
        return actions;
    }

    private async Task GenerateAsync(Random random)
    {
        var model = Any(random);
        var bytes = await CollectAsync(model.Current, default);
        if (bytes.AsSpan().SequenceEqual(_expected[model])) return;
        throw new InvalidOperationException($"{model.Name} generates {Convert.ToHexString(bytes)} under load, "
            + $"{Convert.ToHexString(_expected[model])} in peace");
    }

    private async Task CancelAsync(Random random)
    {
        using var cancellation = new CancellationTokenSource();
        if (random.Next(2) == 0) cancellation.CancelAfter(random.Next(10));
        var left = random.Next(Bytes);
        await foreach (var _ in Any(random).Current.GenerateAsync(Prompt, Options(), cancellation.Token))
        {
            if (left-- == 0) await cancellation.CancelAsync();
        }
    }

    private async Task AbandonAsync(Random random)
    {
        var left = random.Next(Bytes);
        await foreach (var _ in Any(random).Current.GenerateAsync(Prompt, Options()))
        {
            if (left-- == 0) break;
        }
    }

    private Task Session(Random random)
    {
        var model = Any(random).Current;
        using var session = model.OpenSession();
        Prefill(random, model, session);
        SessionSnapshot? snapshot = null;
        try
        {
            for (var times = random.Next(40); times > 0; times--)
            {
                switch (random.Next(8))
                {
                    case 0: session.Append(Some(random, random.Next(1, 30))); break;
                    case 1:
                        snapshot?.Dispose();
                        snapshot = session.Snapshot();
                        break;
                    case 2 when snapshot is not null: session.Restore(snapshot); break;
                    case 3:
                        using (var fork = session.Fork()) fork.Step((byte)random.Next(256));
                        break;
                    case 4:
                        Prefill(random, model, session);
                        break;
                    default: session.Step((byte)random.Next(256)); break;
                }
            }
        }
        finally
        {
            // In either order: a snapshot may outlive its session.
            if (random.Next(2) == 0) session.Dispose();
            snapshot?.Dispose();
        }
        return Task.CompletedTask;
    }

    private Task Batch(Random random)
    {
        var model = _models.Where(model => model.Current.Variant.Name != "portable").ToArray() is { Length: > 0 } able
            ? able[random.Next(able.Length)].Current : throw new InvalidOperationException("no model has batches");
        var rows = random.Next(1, 9);
        using var batch = model.OpenBatch(rows);
        using var session = model.OpenSession();
        Prefill(random, model, session);
        using var snapshot = session.Snapshot();
        for (var row = 0; row < rows; row++) batch.Restore(row, snapshot);
        for (var times = random.Next(20); times > 0; times--) batch.Step(Some(random, rows));
        return Task.CompletedTask;
    }

    /// <summary>Threads on one session, and its disposal among them.</summary>
    private async Task ShareAsync(Random random)
    {
        var model = Any(random).Current;
        using var session = model.OpenSession();
        Prefill(random, model, session);
        var next = (byte)random.Next(256);
        var disposes = random.Next(2) == 0;
        await Task.WhenAll(Enumerable.Range(0, 3).Select(i => Task.Run(() =>
        {
            for (var times = 0; times < 10; times++)
            {
                try
                {
                    session.Step(next);
                }
                catch (ConcurrentUseException)
                {
                    // The promise to those who share what is not to be shared.
                }
            }
            if (disposes && i == 0) session.Dispose();
        })));
    }

    private Task Mistake(Random random)
    {
        var shared = Any(random);
        var model = shared.Current;
        using var session = model.OpenSession();
        Expect<ArgumentException>(() => session.Prefill(new byte[model.SlotBytes + 1], "a"u8));
        Expect<ArgumentException>(() => session.Prefill([], []));
        Expect<BadInputException>(() => HoloZeroModel.Load(Path.Combine(shared.Folder, "nothing")).Dispose());
        Expect<BadInputException>(() => HoloZeroModel.Load(shared.Folder, new() { Variant = "nothing" }).Dispose());
        Prefill(random, model, session);
        return Task.CompletedTask;
    }

    private Task Replace(Random random)
    {
        Any(random).Replace();
        return Task.CompletedTask;
    }

    private SharedModel Any(Random random) => _models[random.Next(_models.Count)];

    private static void Prefill(Random random, HoloZeroModel model, DecodingSession session)
    {
        using var cancellation = new CancellationTokenSource();
        if (random.Next(4) == 0) cancellation.CancelAfter(random.Next(3));
        session.Prefill(Some(random, model.SlotBytes * random.Next(8)), Some(random, random.Next(1, 100)), cancellation.Token);
    }

    private static byte[] Some(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private static GenerationOptions Options() => new() { MaxBytes = Bytes, Sampling = new() { Seed = 1 } };

    private static async Task<byte[]> CollectAsync(HoloZeroModel model, CancellationToken cancellation)
    {
        var bytes = new List<byte>();
        await foreach (var chunk in model.GenerateAsync(Prompt, Options(), cancellation)) bytes.AddRange(chunk.Bytes.Span);
        return [.. bytes];
    }

    private static void Expect<T>(Action mistake) where T : Exception
    {
        try
        {
            mistake();
        }
        catch (T)
        {
            return;
        }
        throw new InvalidOperationException($"a mistake passes where {typeof(T).Name} is promised");
    }
}
