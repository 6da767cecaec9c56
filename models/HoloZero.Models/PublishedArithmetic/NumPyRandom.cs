namespace HoloZero.Models.PublishedArithmetic;

/// <summary>
/// NumPy's RandomState, as far as published tables are drawn from it: the Mersenne Twister MT19937 (Matsumoto and Nishimura 1998), normal
/// numbers by the polar method, permutations by exchanges from the end. NumPy keeps these streams as they are. Not thread-safe.
/// </summary>
internal sealed class NumPyRandom
{
    private const int Words = 624, Middle = 397;
    private readonly uint[] _state = new uint[Words];
    private int _next = Words;
    private double? _second;

    public NumPyRandom(uint seed)
    {
        _state[0] = seed;
        for (uint i = 1; i < Words; i++) _state[i] = 1_812_433_253 * (_state[i - 1] ^ _state[i - 1] >> 30) + i;
    }

    /// <summary>32 random bits.</summary>
    public uint Bits()
    {
        if (_next == Words) Renew();
        var y = _state[_next++];
        y ^= y >> 11;
        y ^= y << 7 & 0x9D2C_5680;
        y ^= y << 15 & 0xEFC6_0000;
        return y ^ y >> 18;
    }

    /// <summary>Within 0 to below 1, of 53 bits.</summary>
    public double Unit()
    {
        var (high, low) = (Bits() >> 5, Bits() >> 6);
        return (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0;
    }

    /// <summary>Of mean 0 and variance 1.</summary>
    public double Normal()
    {
        if (_second is { } kept)
        {
            _second = null;
            return kept;
        }

        double x, y, squares;
        do
        {
            (x, y) = (2 * Unit() - 1, 2 * Unit() - 1);
            squares = x * x + y * y;
        }
        while (squares is >= 1 or 0);

        var scale = Math.Sqrt(-2 * Math.Log(squares) / squares);
        _second = scale * x;
        return scale * y;
    }

    /// <summary>0 to <paramref name="count"/> - 1 in random order.</summary>
    public int[] Permutation(int count)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        for (var last = count - 1; last > 0; last--)
        {
            var other = UpTo((uint)last);
            (order[last], order[other]) = (order[other], order[last]);
        }

        return order;
    }

    /// <summary>0 to <paramref name="most"/>: bits that are masked to its length, until they are no larger.</summary>
    private uint UpTo(uint most)
    {
        var mask = uint.MaxValue >> System.Numerics.BitOperations.LeadingZeroCount(most);
        uint value;
        do value = Bits() & mask;
        while (value > most);
        return value;
    }

    private void Renew()
    {
        for (var i = 0; i < Words; i++)
        {
            var y = _state[i] & 0x8000_0000 | _state[(i + 1) % Words] & 0x7FFF_FFFF;
            _state[i] = _state[(i + Middle) % Words] ^ y >> 1 ^ ((y & 1) == 0 ? 0 : 0x9908_B0DF);
        }

        _next = 0;
    }
}
