using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>
/// The random numbers behind <see cref="ByteSampler"/>: xoshiro256** whose 256 bits of state are the first four outputs of
/// SplitMix64 started at the seed. Integer arithmetic only, so a seed gives the same numbers on every machine and in every
/// release of this library. Not for secrets.
/// </summary>
/// <remarks>
/// Published in D. Blackman, S. Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47 (2021), which also
/// recommends seeding with SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators",
/// OOPSLA 2014). Not safe for concurrent use.
/// </remarks>
public sealed class ByteRandom
{
    /// <summary>Seeds made by <see cref="NewSeed"/> are below this, so that they pass unharmed through JSON numbers.</summary>
    public const ulong NewSeedLimit = 1UL << 53;

    private ulong _s0, _s1, _s2, _s3;

    /// <summary>Starts the sequence that belongs to <paramref name="seed"/>; every seed is as good as another.</summary>
    public ByteRandom(ulong seed)
    {
        _s0 = SplitMix64.Next(ref seed);
        _s1 = SplitMix64.Next(ref seed);
        _s2 = SplitMix64.Next(ref seed);
        _s3 = SplitMix64.Next(ref seed);
    }

    internal ByteRandom(ulong s0, ulong s1, ulong s2, ulong s3) => (_s0, _s1, _s2, _s3) = (s0, s1, s2, s3);

    /// <summary>The next 64 random bits.</summary>
    public ulong NextUInt64()
    {
        var result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        var shifted = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= shifted;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>A multiple of 2^-53, uniform over [0, 1): the upper 53 bits of <see cref="NextUInt64"/>.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A second generator in the same state; from here on the two do not affect each other.</summary>
    public ByteRandom Clone() => new(_s0, _s1, _s2, _s3);

    /// <summary>A seed from the operating system's cryptographic source, below <see cref="NewSeedLimit"/>.</summary>
    public static ulong NewSeed()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes) % NewSeedLimit;
    }
}
