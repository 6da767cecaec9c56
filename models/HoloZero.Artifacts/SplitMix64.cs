namespace HoloZero.Artifacts;

/// <summary>
/// The generator of G. Steele, D. Lea and C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014: integers alone, so
/// the same bits on every machine. Not for secrets. Stateless and thread-safe.
/// </summary>
public static class SplitMix64
{
    private const ulong Increment = 0x9E3779B97F4A7C15;

    /// <summary>The next 64 bits.</summary>
    /// <param name="state">A seed, any number, at first; what the call before left of it afterwards.</param>
    public static ulong Next(ref ulong state)
    {
        var bits = Mix(state);
        state += Increment;
        return bits;
    }

    /// <summary>The first 64 bits of a seed: every bit of it changes about half of them.</summary>
    public static ulong Mix(ulong seed)
    {
        var z = seed + Increment;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
