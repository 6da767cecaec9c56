using System.Diagnostics;
using HoloZero.Models;
using HoloZero.Testing;

namespace HoloZero.Runtime.Tests;

/// <summary>Measures the process, so nothing else may run in it meanwhile.</summary>
[CollectionDefinition(nameof(FlatMemoryTests), DisableParallelization = true)]
public sealed class AloneInTheProcess;

/// <summary>Memory of a long generation does not depend on its length.</summary>
[Collection(nameof(FlatMemoryTests))]
public sealed class FlatMemoryTests(TinyArtifacts tiny, ITestOutputHelper output)
{
    // The state of 256 + 64 positions is 340 KB; a generation that kept what it replaces would hold 300 MB and more after 1,500 bytes.
    private const long NativeMargin = 64L << 20;
    private const long ManagedMargin = 8L << 20;

    [Fact]
    public async Task A_generation_needs_no_more_memory_after_its_first_windows()
    {
        using var model = HoloZeroModel.Load(tiny.Folder(PrefixAttention.Causal), new() { Threads = 1 });
        var options = new GenerationOptions { MaxBytes = 2_000, Sampling = new() { Seed = 3, AllowEos = false } };
        var generated = 0;
        (long Managed, long Native)? early = null;
        await foreach (var chunk in model.GenerateAsync("Let there be"u8.ToArray(), options, TestContext.Current.CancellationToken))
        {
            generated += chunk.Bytes.Length;
            if (early is null && generated >= 500) early = Memory();
        }

        var late = Memory();
        output.WriteLine($"after 500 bytes {early}, after {generated} {late}");
        Assert.Equal(2_000, generated);
        Assert.InRange(late.Managed, 0, early!.Value.Managed + ManagedMargin);
        Assert.InRange(late.Native, 0, early.Value.Native + NativeMargin);
    }

    // Native memory first: a collection lets finalizers free what the code forgot.
    private static (long Managed, long Native) Memory()
    {
        using var process = Process.GetCurrentProcess();
        var native = process.PrivateMemorySize64;
        return (GC.GetTotalMemory(forceFullCollection: true), native);
    }
}
