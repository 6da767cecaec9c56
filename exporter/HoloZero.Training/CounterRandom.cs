namespace HoloZero.Training;

/// <summary>
/// Random numbers by seed and place, the same on every machine: any draw can be had again without those before it, so that a run needs
/// no saved generator to go on. SplitMix64's finalizer over the mixed key. Stateless and thread-safe.
/// </summary>
internal static class CounterRandom
{
    /// <summary>64 random bits.</summary>
    public static ulong Bits(ulong seed, ulong stream, ulong index) => Mix(Mix(Mix(seed) ^ stream) ^ index);

    /// <summary>A number from 0 to <paramref name="count"/> - 1.</summary>
    public static long Below(long count, ulong seed, ulong stream, ulong index) =>
        (long)(((UInt128)Bits(seed, stream, index) * (ulong)count) >> 64);

    /// <summary>A number from 0 to below 1 in steps of 2^-53.</summary>
    public static double Unit(ulong seed, ulong stream, ulong index) => (Bits(seed, stream, index) >> 11) * (1.0 / (1UL << 53));

    private static ulong Mix(ulong z)
    {
        z += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
