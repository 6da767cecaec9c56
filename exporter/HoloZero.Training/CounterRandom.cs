using HoloZero.Artifacts;

namespace HoloZero.Training;

/// <summary>
/// Random numbers by seed and place, the same on every machine: any draw can be had again without those before it, so that a run needs
/// no saved generator to go on. SplitMix64's finalizer over the mixed key. Stateless and thread-safe.
/// </summary>
internal static class CounterRandom
{
    /// <summary>64 random bits.</summary>
    public static ulong Bits(ulong seed, ulong stream, ulong index) =>
        SplitMix64.Mix(SplitMix64.Mix(SplitMix64.Mix(seed) ^ stream) ^ index);

    /// <summary>A number from 0 to <paramref name="count"/> - 1.</summary>
    public static long Below(long count, ulong seed, ulong stream, ulong index) =>
        (long)(((UInt128)Bits(seed, stream, index) * (ulong)count) >> 64);

    /// <summary>A number from 0 to below 1 in steps of 2^-53.</summary>
    public static double Unit(ulong seed, ulong stream, ulong index) => (Bits(seed, stream, index) >> 11) * (1.0 / (1UL << 53));
}
