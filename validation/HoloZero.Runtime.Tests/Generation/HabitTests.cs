using System.Collections.Concurrent;
using HoloZero.Testing;

namespace HoloZero.Runtime.Tests;

/// <summary>What docs/embedding.md promises to apps that no other test holds.</summary>
public sealed class HabitTests(TinyArtifacts tiny)
{
    /// <summary>
    /// A thread that may not wait calls and goes on: what computes is on the pool, and what is awaited inside never asks for that thread
    /// again. So while a generation runs it is wanted for what the app itself awaits, and for nothing else.
    /// </summary>
    [Fact]
    public void Nothing_of_ours_comes_back_to_the_thread_that_asked()
    {
        var (asked, posted, ran) = AskFromABusyThread();
        Assert.Equal(0, posted);
        Assert.DoesNotContain(asked, ran);
    }

    /// <summary>The thread asks, and then does something else until all of it is done.</summary>
    private (int Asked, int Posted, int[] Ran) AskFromABusyThread()
    {
        var before = SynchronizationContext.Current;
        var context = new OneThread();
        SynchronizationContext.SetSynchronizationContext(context);
        try
        {
            var done = RunAsync(context);
            Assert.True(done.Wait(TimeSpan.FromMinutes(5)), "something waits for the thread that asked");
            return (Environment.CurrentManagedThreadId, context.Posted, done.Result);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    /// <summary>What an app does that has come back to its own thread after each step: every call is made under its context.</summary>
    private async Task<int[]> RunAsync(SynchronizationContext context)
    {
        var threads = new ConcurrentBag<int>();
        var progress = new Told(() => threads.Add(Environment.CurrentManagedThreadId));
        var folder = tiny.Folder(Models.PrefixAttention.Causal);
        using var model = await HoloZeroModel.LoadAsync(folder, progress: progress).ConfigureAwait(false);
        var generator = new ByteGenerator(model);
        await using var ended = generator.ConfigureAwait(false);
        var options = new GenerationOptions { MaxBytes = 50, Sampling = new() { Greedy = true } };
        byte[] prompt = [.. "And "u8];
        foreach (var chunks in new[] { model.GenerateAsync(prompt, options), generator.GenerateAsync(prompt, options) })
        {
            SynchronizationContext.SetSynchronizationContext(context);
            await foreach (var _ in chunks.ToTextAsync().ConfigureAwait(false))
            {
                threads.Add(Environment.CurrentManagedThreadId);
                SynchronizationContext.SetSynchronizationContext(context);
            }

            SynchronizationContext.SetSynchronizationContext(null);
        }

        Assert.NotEmpty(threads);
        return [.. threads];
    }

    private sealed class Told(Action then) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => then();
    }

    /// <summary>A UI's: what is posted waits until its thread has time, which it never has here.</summary>
    private sealed class OneThread : SynchronizationContext
    {
        private int _posted;

        public int Posted => Volatile.Read(ref _posted);

        public override void Post(SendOrPostCallback d, object? state) => Interlocked.Increment(ref _posted);

        public override void Send(SendOrPostCallback d, object? state) => Interlocked.Increment(ref _posted);
    }
}
