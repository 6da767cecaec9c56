using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;

namespace HoloZero.Validation;

/// <summary>Compares rows of floats bit for bit, counts those that differ and keeps the first few. Thread-safe.</summary>
internal sealed class MissCollector
{
    private const int Kept = 1000;
    private readonly ConcurrentQueue<Miss> _misses = new();
    private long _count;

    /// <summary>Elements that differ.</summary>
    public long Count => Interlocked.Read(ref _count);

    /// <summary>The first few.</summary>
    public IReadOnlyList<Miss> Misses => [.. _misses.Take(Kept)];

    /// <summary>Adds a miss that is no comparison of numbers.</summary>
    public void Add(string position, string actual, string expected)
    {
        if (Interlocked.Increment(ref _count) <= Kept) _misses.Enqueue(new(position, actual, expected));
    }

    /// <summary>Compares rows of features, bit for bit.</summary>
    /// <param name="actual">What is there, row-major [rows, <paramref name="width"/>].</param>
    /// <param name="expected">What should be there.</param>
    /// <param name="width">Columns of a row.</param>
    /// <param name="row">Says what a row is.</param>
    public void Compare(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected, int width, Func<int, string> row)
    {
        if (SameBits(actual, expected)) return;
        if (actual.Length != expected.Length)
        {
            Add(row(0), $"{actual.Length} elements", $"{expected.Length} elements");
            return;
        }

        for (var i = 0; i < actual.Length; i++)
        {
            if (BitConverter.SingleToInt32Bits(actual[i]) == BitConverter.SingleToInt32Bits(expected[i])) continue;
            Add($"{row(i / width)}, column {i % width}", Show(actual[i]), Show(expected[i]));
        }
    }

    /// <summary>Whether all bits are the same: 0 and -0 are not.</summary>
    public static bool SameBits(ReadOnlySpan<float> a, ReadOnlySpan<float> b) =>
        MemoryMarshal.AsBytes(a).SequenceEqual(MemoryMarshal.AsBytes(b));

    private static string Show(float value) =>
        string.Create(CultureInfo.InvariantCulture, $"{value:R} (0x{BitConverter.SingleToInt32Bits(value):x8})");
}
