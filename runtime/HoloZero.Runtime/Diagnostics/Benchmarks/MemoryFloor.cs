using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace HoloZero.Runtime;

/// <summary>
/// Reads a buffer as fast as this machine can, over and over, on several threads of which each keeps to its part and, on Linux, to its
/// processor. A buffer that fits into a cache is read from there, as weights of that size are.
/// </summary>
internal sealed class MemoryFloor
{
    private const double SampleSeconds = 0.05;
    private readonly ulong[] _buffer;
    private readonly int _threads;
    private readonly TimeProvider _clock;
    private readonly int _passes;

    /// <param name="bytes">Length of the buffer; rounded up to 8.</param>
    /// <param name="threads">Threads that read.</param>
    /// <param name="clock">What time is taken from.</param>
    public MemoryFloor(long bytes, int threads, TimeProvider clock)
    {
        (_threads, _clock) = (threads, clock);
        _buffer = GC.AllocateUninitializedArray<ulong>(checked((int)((bytes + 7) / 8)), pinned: true);
        // Memory that was never written is one page of zeros, which the cache holds.
        for (var i = 0; i < _buffer.Length; i++) _buffer[i] = (ulong)i;
        _passes = 1;
        _passes = (int)Math.Clamp(SampleSeconds / Math.Max(Sample(), 1e-9), 1, 100_000);
    }

    /// <summary>Seconds to read the buffer once, the mean over some dozens of milliseconds of nothing else.</summary>
    public double Sample()
    {
        var sums = new ulong[_threads];
        var (starts, ends) = (new long[_threads], new long[_threads]);
        using var ready = new Barrier(_threads);
        var threads = Enumerable.Range(0, _threads).Select(index => new Thread(() => Read(index))).ToArray();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        // Used, so that reading is not optimized away.
        if (sums.Aggregate(0UL, (a, b) => a ^ b) == ulong.MaxValue) throw new InvalidOperationException("the buffer was overwritten");
        return _clock.GetElapsedTime(starts.Min(), ends.Max()).TotalSeconds / _passes;

        void Read(int index)
        {
            Affinity.KeepThreadTo(index);
            var part = Part(index);
            sums[index] = Xor(part);
            ready.SignalAndWait();
            starts[index] = _clock.GetTimestamp();
            for (var pass = 0; pass < _passes; pass++) sums[index] ^= Xor(part);
            ends[index] = _clock.GetTimestamp();
        }
    }

    private ReadOnlySpan<ulong> Part(int index)
    {
        var start = (int)((long)_buffer.Length * index / _threads);
        return _buffer.AsSpan(start, (int)((long)_buffer.Length * (index + 1) / _threads) - start);
    }

    /// <summary>Eight vectors at a time, so that no addition waits for another.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static ulong Xor(ReadOnlySpan<ulong> data)
    {
        var width = (nuint)Vector512<ulong>.Count;
        ref var first = ref MemoryMarshal.GetReference(data);
        var (a, b, c, d) = (Vector512<ulong>.Zero, Vector512<ulong>.Zero, Vector512<ulong>.Zero, Vector512<ulong>.Zero);
        var (e, f, g, h) = (a, b, c, d);
        nuint i = 0;
        for (; i + 8 * width <= (nuint)data.Length; i += 8 * width)
        {
            a ^= Vector512.LoadUnsafe(ref first, i);
            b ^= Vector512.LoadUnsafe(ref first, i + width);
            c ^= Vector512.LoadUnsafe(ref first, i + 2 * width);
            d ^= Vector512.LoadUnsafe(ref first, i + 3 * width);
            e ^= Vector512.LoadUnsafe(ref first, i + 4 * width);
            f ^= Vector512.LoadUnsafe(ref first, i + 5 * width);
            g ^= Vector512.LoadUnsafe(ref first, i + 6 * width);
            h ^= Vector512.LoadUnsafe(ref first, i + 7 * width);
        }

        var sum = Vector512.Sum(a ^ b ^ c ^ d ^ e ^ f ^ g ^ h);
        foreach (var value in data[(int)i..]) sum ^= value;
        return sum;
    }

    /// <summary>Keeps threads apart: schedulers may put young threads onto one processor, and two there read no faster than one.</summary>
    private static class Affinity
    {
        private const int MaskWords = 16;

        /// <summary>Binds the calling thread to the n-th processor that it may run on. Without effect elsewhere than on Linux.</summary>
        public static void KeepThreadTo(int index)
        {
            if (!OperatingSystem.IsLinux()) return;
            var allowed = new ulong[MaskWords];
            if (sched_getaffinity(0, MaskWords * sizeof(ulong), allowed) < 0) return;
            var processors = Enumerable.Range(0, MaskWords * 64).Where(cpu => (allowed[cpu / 64] >> (cpu % 64) & 1) != 0).ToArray();
            if (processors.Length == 0) return;
            var chosen = processors[index % processors.Length];
            var mask = new ulong[MaskWords];
            mask[chosen / 64] = 1UL << (chosen % 64);
            _ = sched_setaffinity(0, MaskWords * sizeof(ulong), mask);
        }

        [DllImport("libc", EntryPoint = "sched_getaffinity")]
        private static extern int sched_getaffinity(int thread, nint bytes, [Out] ulong[] mask);

        [DllImport("libc", EntryPoint = "sched_setaffinity")]
        private static extern int sched_setaffinity(int thread, nint bytes, [In] ulong[] mask);
    }
}
