using HoloZero.Artifacts;
using HoloZero.Hosting;
using HoloZero.Runtime;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace HoloZero.Load;

/// <summary>
/// What an application does with models, and what goes wrong in one: cancelled, abandoned, disposed in the middle, shared by mistake. Each
/// action ends in order, or in an exception that the library promises for what others did meanwhile.
/// </summary>
internal sealed class Actions
{
    private const int Bytes = 24, Requests = 24, Plain = -1;
    private static readonly byte[] Prompt = [.. "And the LORD said unto Moses, "u8];
    private readonly IReadOnlyList<SharedModel> _models;
    private readonly Dictionary<(SharedModel, int Request), byte[]> _expected = [];

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
        ["serve"] = ServeAsync,
        ["replace"] = ReplaceAsync,
        ["host"] = HostAsync,
    };

    /// <summary>Those that a service does: nobody takes the model away.</summary>
    public IReadOnlyDictionary<string, Func<Random, Task>> Serving =>
        new Dictionary<string, Func<Random, Task>> { ["serve"] = ServeAsync };

    /// <summary>Finds out what each model generates while nobody disturbs it.</summary>
    public static async Task<Actions> CreateAsync(IReadOnlyList<SharedModel> models)
    {
        var actions = new Actions(models);
        foreach (var model in models)
        {
            actions._expected[(model, Plain)] = await CollectAsync(model.Current, Prompt, Options());
            for (var request = 0; request < Requests; request++)
                actions._expected[(model, request)] = await CollectAsync(model.Current, PromptOf(request), Options(request));
        }

        return actions;
    }

    private async Task GenerateAsync(Random random)
    {
        var model = Any(random);
        var bytes = await CollectAsync(model.Current, Prompt, Options());
        if (bytes.AsSpan().SequenceEqual(_expected[(model, Plain)])) return;
        throw new InvalidOperationException($"{model.Name} generates {Convert.ToHexString(bytes)} under load, "
            + $"{Convert.ToHexString(_expected[(model, Plain)])} in peace");
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

    private async Task ReplaceAsync(Random random) => await Any(random).ReplaceAsync(modelFirst: random.Next(2) == 0);

    /// <summary>
    /// A host from its start to its end: its model loads, callers are answered while others leave, and it stops, sometimes under their
    /// hands or before it has loaded.
    /// </summary>
    private async Task HostAsync(Random random)
    {
        var shared = Any(random);
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Services.AddHoloZero("soak", options =>
        {
            (options.Model, options.Variant, options.Threads) = (shared.Folder, shared.Current.Variant.Name, 1);
            (options.MaxRows, options.MaxQueued, options.PrefixCacheBytes) = (4, 8, 1 << 20);
            options.StopGrace = TimeSpan.FromMilliseconds(random.Next(2) * 5000);
        });
        using var host = builder.Build();
        await host.StartAsync();
        var hosted = host.Services.GetRequiredService<HostedModel>();
        if (random.Next(4) > 0) await hosted.WaitUntilReadyAsync();
        var callers = Enumerable.Range(0, 6).Select(number => CallAsync(number, leaves: random.Next(3) == 0)).ToList();
        if (random.Next(3) > 0) await Task.WhenAll(callers);
        await host.StopAsync();
        await Task.WhenAll(callers);

        async Task CallAsync(int request, bool leaves)
        {
            var bytes = new List<byte>();
            using var cancellation = new CancellationTokenSource();
            try
            {
                await foreach (var chunk in hosted.GenerateAsync(PromptOf(request), Options(request), cancellation.Token))
                {
                    bytes.AddRange(chunk.Bytes.Span);
                    RequireBeginning(shared, request, bytes, whole: chunk.Finish is not null);
                    if (leaves && bytes.Count > request) await cancellation.CancelAsync();
                }
            }
            catch (Exception e) when (e is GeneratorStoppedException or OperationCanceledException)
            {
                // The promise to those whom a host leaves, and to those who leave.
            }
        }
    }

    /// <summary>
    /// A request among others, a third of them cancelled or abandoned somewhere, some read slowly. Its bytes are those that the model
    /// generates in peace, or their beginning; only variants that are not exact may differ.
    /// </summary>
    private async Task ServeAsync(Random random)
    {
        var model = Any(random);
        var (request, bytes) = (random.Next(Requests), new List<byte>());
        var (left, slow, cancels) = (random.Next(3) == 0 ? random.Next(Bytes) : int.MaxValue, random.Next(8) == 0, random.Next(2) == 0);
        using var cancellation = new CancellationTokenSource();
        try
        {
            await foreach (var chunk in model.Generator.GenerateAsync(PromptOf(request), Options(request), cancellation.Token))
            {
                bytes.AddRange(chunk.Bytes.Span);
                RequireBeginning(model, request, bytes, whole: chunk.Finish is not null);
                if (slow) await Task.Delay(1, CancellationToken.None);
                if (left-- > 0) continue;
                if (!cancels) break;
                await cancellation.CancelAsync();
            }
        }
        catch (QueueFullException)
        {
            // The promise to those who come when too many wait.
        }
        catch (GeneratorStoppedException e)
        {
            throw new OperationCanceledException("the generator was taken away", e);
        }
    }

    private void RequireBeginning(SharedModel model, int request, List<byte> bytes, bool whole)
    {
        var expected = _expected[(model, request)];
        if (whole && bytes.Count != Bytes) throw new InvalidOperationException($"{model.Name} ends after {bytes.Count} of {Bytes} bytes");
        if (!IsExact(model) || expected.AsSpan(0, bytes.Count).SequenceEqual([.. bytes])) return;
        throw new InvalidOperationException($"{model.Name} serves {Convert.ToHexString([.. bytes])} for request {request}, "
            + $"{Convert.ToHexString(expected)} in peace");
    }

    private static bool IsExact(SharedModel model) => model.Current.Variant.Exact
        || model.Name.EndsWith(" portable", StringComparison.Ordinal);

    /// <summary>Prompts that begin alike, so that the prefix cache is hit and missed.</summary>
    private static byte[] PromptOf(int request) => [.. Prompt, .. Prompt.AsSpan(0, request / 3), (byte)(request % 3)];

    private static GenerationOptions Options(int request) => new()
    {
        MaxBytes = Bytes,
        Sampling = new() { Seed = (ulong)request, AllowEos = false },
        Window = new() { StreamBytes = 16, MaxPrefixSlots = request % 2 * 8 },
    };

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

    private static async Task<byte[]> CollectAsync(HoloZeroModel model, byte[] prompt, GenerationOptions options)
    {
        var bytes = new List<byte>();
        await foreach (var chunk in model.GenerateAsync(prompt, options)) bytes.AddRange(chunk.Bytes.Span);
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
