using HoloZero.Models;
using HoloZero.Testing;

namespace HoloZero.Load.Tests;

/// <summary>What <c>make soak</c> does for minutes, for a fixed number of actions; and that it sees what it is there to see.</summary>
public sealed class SoakTests(TinyArtifacts tiny) : IClassFixture<TinyArtifacts>
{
    private static readonly Func<Random, Task> Nothing = _ => Task.CompletedTask;

    [Fact]
    public async Task Models_are_used_and_disposed_by_many_threads_at_once()
    {
        var folder = tiny.Folder(PrefixAttention.Causal);
        var models = new[] { "fp32", "portable", "int8" }.Select(variant => new SharedModel(folder, variant)).ToList();
        var actions = await Actions.CreateAsync(models);
        var soak = new Soak(actions.All);
        await soak.RunAsync(threads: 4, seed: 1, begun => begun <= 300);
        foreach (var model in models) await model.DisposeAsync();

        Assert.Empty(soak.Failures);
        Assert.Equal(actions.All.Keys.Order(), soak.Counts.Keys.Order());
        Assert.All(soak.Counts.Where(count => count.Key is not "cancel"), count => Assert.True(count.Value.Done > 0, count.Key));
    }

    [Fact]
    public async Task Requests_cancelled_among_others_leave_their_places_and_every_stream_is_its_own()
    {
        var model = new SharedModel(tiny.Folder(PrefixAttention.Causal), "fp32");
        var actions = await Actions.CreateAsync([model]);
        var soak = new Soak(actions.Serving);
        await soak.RunAsync(threads: 12, seed: 2, begun => begun <= 400);
        Assert.Empty(soak.Failures);
        Assert.True(soak.Counts["serve"].Interrupted > 20);
        Assert.True(SpinWait.SpinUntil(() => model.Generator.Statistics is { Rows: 0, Queued: 0 }, TimeSpan.FromSeconds(10)));
        Assert.True(model.Generator.Statistics is { Cancelled: > 20, Failed: 0, CacheHits: > 0, CacheMisses: > 0 });
        await model.DisposeAsync();
    }

    [Fact]
    public async Task What_no_library_promises_is_a_failure_and_what_it_promises_is_not()
    {
        var soak = new Soak(new Dictionary<string, Func<Random, Task>>
        {
            ["sound"] = Nothing,
            ["cancelled"] = _ => throw new OperationCanceledException(),
            ["disposed"] = _ => throw new ObjectDisposedException("model"),
            ["broken"] = _ => throw new InvalidOperationException("half a state"),
        });
        await soak.RunAsync(threads: 2, seed: 1, begun => begun <= 40);

        Assert.Equal(["cancelled", "disposed", "sound"], soak.Counts.Keys.Order());
        Assert.NotEmpty(soak.Failures);
        Assert.All(soak.Failures, failure => Assert.StartsWith("broken: System.InvalidOperationException: half a state", failure));
    }

    [Fact]
    public void Kept_handles_are_seen()
    {
        using var folder = new TemporaryFolder();
        var before = ProcessResources.Measure();
        var kept = Enumerable.Range(0, 40).Select(i => File.Create(folder[$"{i}"])).ToList();
        AssertSeen("handles went from", before);
        kept.ForEach(file => file.Dispose());
    }

    [Fact]
    public void Kept_memory_is_seen()
    {
        var before = ProcessResources.Measure();
        var kept = GC.AllocateUninitializedArray<byte>(160 << 20);
        Array.Fill(kept, (byte)1);
        AssertSeen("memory went from", before);
        GC.KeepAlive(kept);
    }

    [Fact]
    public void Kept_threads_are_seen()
    {
        using var end = new ManualResetEventSlim();
        var before = ProcessResources.Measure();
        var kept = Enumerable.Range(0, 40).Select(_ => new Thread(() => end.Wait())).ToList();
        kept.ForEach(thread => thread.Start());
        AssertSeen("threads went from", before);
        end.Set();
        kept.ForEach(thread => thread.Join());
    }

    private static void AssertSeen(string what, ProcessResources before) => Assert.Contains(ProcessResources.Measure().Excess(before),
        excess => excess.StartsWith(what, StringComparison.Ordinal));

    [Fact]
    public void What_is_within_the_margin_is_back_to_base()
    {
        var before = new ProcessResources(100 << 20, 20, 30);
        Assert.Empty(new ProcessResources(164 << 20, 28, 34).Excess(before));
        Assert.Equal(3, new ProcessResources((164 << 20) + 1, 29, 35).Excess(before).Count);
    }
}
