using System.Runtime.InteropServices;

namespace HoloZero.Load;

/// <summary>What this process holds, on Linux. Immutable.</summary>
/// <param name="MemoryBytes">Resident memory, once both heaps gave back what they could.</param>
/// <param name="Threads">Threads of the system.</param>
/// <param name="Handles">Open files, pipes and sockets, but for assemblies: those are loaded when first needed, and stay.</param>
public sealed partial record ProcessResources(long MemoryBytes, int Threads, int Handles)
{
    /// <summary>How much more than before counts as back to base: what heaps, compiled code and the thread pool vary by.</summary>
    public static ProcessResources Margin { get; } = new(64L << 20, 8, 4);

    /// <summary>What this process holds now.</summary>
    public static ProcessResources Measure()
    {
        for (var i = 0; i < 2; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }
        try
        {
            TrimNativeHeap(0);
        }
        catch (EntryPointNotFoundException)
        {
            // Not glibc: its heap is as it is.
        }
        return new(Environment.WorkingSet, Directory.GetDirectories("/proc/self/task").Length,
            Directory.GetFiles("/proc/self/fd").Count(IsCounted));
    }

    /// <summary>
    /// Measures until it is back to <paramref name="before"/>, or <paramref name="patience"/> ends: idle threads take a while to go.
    /// </summary>
    public static async Task<ProcessResources> SettleAsync(ProcessResources before, TimeSpan patience)
    {
        var now = Measure();
        for (var waited = TimeSpan.Zero; now.Excess(before).Count > 0 && waited < patience; waited += TimeSpan.FromSeconds(1))
        {
            await Task.Delay(TimeSpan.FromSeconds(1));
            now = Measure();
        }
        return now;
    }

    /// <summary>What is held beyond <paramref name="before"/> and the margin, in words; empty where nothing is.</summary>
    public IReadOnlyList<string> Excess(ProcessResources before)
    {
        var excess = new List<string>();
        if (MemoryBytes > before.MemoryBytes + Margin.MemoryBytes)
        {
            excess.Add($"memory went from {before.MemoryBytes >> 20} to {MemoryBytes >> 20} MB, "
                + $"allowed are {Margin.MemoryBytes >> 20} more");
        }
        if (Threads > before.Threads + Margin.Threads)
            excess.Add($"threads went from {before.Threads} to {Threads}, allowed are {Margin.Threads} more");
        if (Handles > before.Handles + Margin.Handles)
            excess.Add($"handles went from {before.Handles} to {Handles}, allowed are {Margin.Handles} more");
        return excess;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{MemoryBytes >> 20} MB, {Threads} threads, {Handles} handles";

    /// <summary>Whether an entry of a process' <c>fd</c> folder is one that it ought to close some time.</summary>
    internal static bool IsCounted(string handle)
    {
        try
        {
            return File.ResolveLinkTarget(handle, returnFinalTarget: false)?.Name.EndsWith(".dll", StringComparison.Ordinal) == false;
        }
        catch (IOException)
        {
            // The handle by which this list was read: it is closed by now.
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int TrimNativeHeap(nuint keep);
}
