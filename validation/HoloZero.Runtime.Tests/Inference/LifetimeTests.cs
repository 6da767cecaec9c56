using HoloZero.Exporter;

namespace HoloZero.Runtime.Tests;

/// <summary>
/// Models, sessions, batches and snapshots disposed in any order and on any thread, while calls are under way. What is wrong here ends the
/// process, or leaves a state that the last lines of a test find.
/// </summary>
public sealed class LifetimeTests(AllVariants variants)
{
    private const int Times = 6, Threads = 4;
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(60);
    private static readonly byte[] Text = [.. Enumerable.Range(0, 300).Select(i => (byte)(i * 37 + 5))];

    public static TheoryData<string> Variants { get; } = [.. ExportOptions.AllVariants];

    [Theory]
    [MemberData(nameof(Variants))]
    public void What_outlives_its_model_refuses_every_call(string variant)
    {
        var model = variants.Load(variant);
        var session = model.OpenSession();
        var batch = model.Variant.Signature.State.Any(state => state.InPlace) ? model.OpenBatch(2) : null;
        session.Prefill([], Text);
        session.Step(1);
        var snapshot = session.Snapshot();
        batch?.Restore(1, snapshot);
        batch?.Step([1, 2]);
        model.Dispose();
        model.Dispose();

        Assert.Throws<ObjectDisposedException>(() => { session.Step(1); });
        Assert.Throws<ObjectDisposedException>(() => { session.Append(Text); });
        Assert.Throws<ObjectDisposedException>(() => { session.Prefill([], Text); });
        Assert.Throws<ObjectDisposedException>(() => session.Snapshot());
        Assert.Throws<ObjectDisposedException>(() => session.Fork());
        Assert.Throws<ObjectDisposedException>(() => session.Restore(snapshot));
        Assert.Throws<ObjectDisposedException>(() => model.OpenSession());
        Assert.Throws<ObjectDisposedException>(() => model.OpenBatch(2));
        Assert.Throws<ObjectDisposedException>(() => { model.GenerateAsync(Text, new() { MaxBytes = 1 }); });
        if (batch is not null)
        {
            Assert.Throws<ObjectDisposedException>(() => { batch.Step([1, 2]); });
            Assert.Throws<ObjectDisposedException>(() => batch.Restore(0, snapshot));
        }

        batch?.Dispose();
        snapshot.Dispose();
        session.Dispose();
        session.Dispose();
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void A_model_disposed_under_running_calls_ends_them_in_words(string variant)
    {
        for (var time = 0; time < Times; time++)
        {
            var model = variants.Load(variant);
            using var started = new CountdownEvent(Threads);
            Action<DecodingSession>[] calls =
            [
                session => session.Step(1), session => session.Prefill(Text.AsSpan(0, 8), Text),
                session => session.Append(Text.AsSpan(0, 3)),
                session =>
                {
                    using var snapshot = session.Snapshot();
                    using var fork = session.Fork();
                    fork.Restore(snapshot);
                    fork.Step(2);
                },
            ];
            var threads = Run(Threads, index =>
            {
                using var session = model.OpenSession();
                session.Prefill([], Text);
                started.Signal();
                Assert.Throws<ObjectDisposedException>(() => UntilRefused(session, calls[index]));
            });
            started.Wait(Enough, TestContext.Current.CancellationToken);
            Thread.Sleep(time);
            model.Dispose();
            threads();
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task A_model_disposed_under_running_generations_ends_them_in_words(string variant)
    {
        for (var time = 0; time < Times; time++)
        {
            var model = variants.Load(variant);
            using var started = new CountdownEvent(Threads);
            var options = new GenerationOptions { MaxBytes = 10_000_000, Sampling = new() { Seed = 3, AllowEos = false } };
            var generations = Enumerable.Range(0, Threads).Select(_ => Task.Run(async () =>
            {
                var first = true;
                await foreach (var chunk in model.GenerateAsync(Text, options))
                {
                    if (first) started.Signal();
                    first = false;
                }
            })).ToArray();
            started.Wait(Enough, TestContext.Current.CancellationToken);
            await Task.Delay(time, TestContext.Current.CancellationToken);
            model.Dispose();
            foreach (var generation in generations) await Assert.ThrowsAsync<ObjectDisposedException>(() => generation.WaitAsync(Enough));
        }
    }

    [Fact]
    public async Task An_enumeration_that_waits_while_its_model_is_disposed_can_be_disposed()
    {
        var model = variants.Load("fp32");
        var options = new GenerationOptions { MaxBytes = 10_000_000, Sampling = new() { Seed = 3, AllowEos = false } };
        var generation = model.GenerateAsync(Text, options, TestContext.Current.CancellationToken)
            .GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await generation.MoveNextAsync());
        model.Dispose();
        await generation.DisposeAsync();
    }

    [Fact]
    public void Disposing_a_model_ends_a_long_prefill()
    {
        var model = variants.Load("portable", chunk: 64);
        using var started = new ManualResetEventSlim();
        var wait = Run(1, _ =>
        {
            using var session = model.OpenSession();
            started.Set();
            // Minutes, if it ran to its end.
            Assert.Throws<ObjectDisposedException>(() => { session.Prefill([], new byte[100_000]); });
        });
        started.Wait(Enough, TestContext.Current.CancellationToken);
        Thread.Sleep(50);
        model.Dispose();
        wait();
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Threads_that_share_a_session_are_told_so_and_leave_it_sound(string variant)
    {
        using var model = variants.Load(variant);
        using var session = model.OpenSession();
        using var untouched = model.OpenSession();
        session.Prefill([], Text);
        using var snapshot = session.Snapshot();
        var (done, refused) = (0, 0);
        Run(Threads, index =>
        {
            for (var i = 0; i < 400; i++)
            {
                try
                {
                    if (index == 0) session.Step(1);
                    else if (index == 1) session.Append(Text.AsSpan(0, 3));
                    else if (i % 8 == 0) session.Prefill(Text.AsSpan(0, 8), Text.AsSpan(0, 40));
                    else if (i % 8 == 4) session.Restore(snapshot);
                    else session.Snapshot().Dispose();
                    Interlocked.Increment(ref done);
                }
                catch (ConcurrentUseException)
                {
                    Interlocked.Increment(ref refused);
                }
            }
        })();

        Assert.Equal(Threads * 400, done + refused);
        Assert.True(done > 0);
        Assert.Equal(untouched.Prefill([], Text).Data.ToArray(), session.Prefill([], Text).Data.ToArray());
        Assert.Equal(untouched.Step(3).ToArray(), session.Step(3).ToArray());
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void A_session_or_snapshot_disposed_under_its_calls_ends_them_in_words(string variant)
    {
        using var model = variants.Load(variant);
        for (var time = 0; time < 4 * Times; time++)
        {
            var session = model.OpenSession();
            session.Prefill([], Text);
            var snapshot = session.Snapshot();
            using var started = new CountdownEvent(2);
            var threads = Run(2, index =>
            {
                using var other = model.OpenSession();
                started.Signal();
                Assert.Throws<ObjectDisposedException>(() => UntilRefused(index == 0 ? session : other, s =>
                {
                    if (index == 0) s.Step(1);
                    else s.Restore(snapshot);
                }));
            });
            started.Wait(Enough, TestContext.Current.CancellationToken);
            Thread.SpinWait(time * 2000);
            session.Dispose();
            snapshot.Dispose();
            threads();
        }
    }

    [Fact]
    public void A_batch_disposed_or_shared_under_its_calls_says_so()
    {
        for (var time = 0; time < Times; time++)
        {
            var model = variants.Load("fp32");
            var batch = model.OpenBatch(4);
            using var started = new CountdownEvent(Threads);
            var threads = Run(Threads, _ =>
            {
                started.Signal();
                Assert.Throws<ObjectDisposedException>(() =>
                {
                    for (var i = 0; i < 8000;)
                    {
                        try
                        {
                            batch.Step([1, 2, 3, 4]);
                            i++;
                        }
                        catch (ConcurrentUseException)
                        {
                            Thread.Yield();
                        }
                    }
                });
            });
            started.Wait(Enough, TestContext.Current.CancellationToken);
            Thread.Sleep(time);
            if (time % 2 == 0) batch.Dispose();
            model.Dispose();
            batch.Dispose();
            threads();
        }
    }

    private static void UntilRefused(DecodingSession session, Action<DecodingSession> call)
    {
        while (true)
        {
            // Room runs out long before most models are disposed.
            if (session.Position > 6000) session.Prefill([], Text);
            call(session);
        }
    }

    /// <summary>Starts threads; calling the result waits for them and throws what one of them threw.</summary>
    private static Action Run(int count, Action<int> body)
    {
        var tasks = Enumerable.Range(0, count)
            .Select(index => Task.Factory.StartNew(() => body(index), CancellationToken.None, TaskCreationOptions.LongRunning,
                TaskScheduler.Default)).ToArray();
        return () => Assert.True(Task.WaitAll(tasks, Enough), "a thread is stuck");
    }
}
