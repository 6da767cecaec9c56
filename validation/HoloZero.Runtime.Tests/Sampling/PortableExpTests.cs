using System.Numerics;

namespace HoloZero.Runtime.Tests;

public class PortableExpTests
{
    [Fact]
    public void It_agrees_with_the_platform_to_1e_15()
    {
        var random = new Random(1);
        for (var i = 0; i < 200_000; i++)
        {
            var x = i % 2 == 0 ? -random.NextDouble() * 708 : -Math.Pow(10, -18 * random.NextDouble()) * 10;
            AssertClose(Math.Exp(x), PortableExp.Exp(x), 1e-15, x);
        }
    }

    [Fact]
    public void It_is_within_2_5e_16_of_the_true_value()
    {
        var random = new Random(2);
        for (var i = 0; i < 2_000; i++)
        {
            var x = -random.NextDouble() * (i % 2 == 0 ? 700 : 1);
            var error = ExactError(x, PortableExp.Exp(x));
            Assert.True(error < 2.5e-16, $"exp({x:R}): relative error {error:G3}");
        }
    }

    [Theory]
    [InlineData(0.0, 1.0)]
    [InlineData(-708.0001, 0.0)]
    [InlineData(-1e300, 0.0)]
    [InlineData(double.NegativeInfinity, 0.0)]
    public void The_ends_of_its_domain(double x, double expected) => Assert.Equal(expected, PortableExp.Exp(x));

    [Fact]
    public void It_is_normal_down_to_the_underflow() => Assert.True(double.IsNormal(PortableExp.Exp(PortableExp.Underflow)));

    // Any change of these bits may change what seeds give. Python's doubles give the same ones.
    [Theory]
    [InlineData(-1.0, 0x3FD78B56362CEF38)]
    [InlineData(-0.3465735902799727, 0x3FE6A09E667F3BCC)]
    [InlineData(-0.345, 0x3FE6A9BDBB102F32)]
    [InlineData(-2.425, 0x3FB6A68083B2862D)]
    [InlineData(-17.25, 0x3E614F49DBC5078C)]
    [InlineData(-700.5, 0x00C4FF475C68CA02)]
    public void Its_bits_are_pinned(double x, long bits) => Assert.Equal(bits, BitConverter.DoubleToInt64Bits(PortableExp.Exp(x)));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(258)]
    public void Many_at_once_have_the_bits_of_one_at_a_time(int count)
    {
        var random = new Random(count);
        for (var round = 0; round < 200; round++)
        {
            var values = Enumerable.Range(0, count).Select(_ => random.Next(8) switch
            {
                0 => 0.0,
                1 => double.NegativeInfinity,
                2 => -708 - random.NextDouble() * random.Next(2),
                3 => -Math.Pow(10, -300 * random.NextDouble()),
                _ => -Math.Pow(10, 3 * random.NextDouble() - 0.1),
            }).ToArray();
            var expected = values.Select(x => BitConverter.DoubleToInt64Bits(PortableExp.Exp(x))).ToArray();
            PortableExp.Exp(values.AsSpan());
            Assert.Equal(expected, values.Select(BitConverter.DoubleToInt64Bits));
        }
    }

    private static void AssertClose(double expected, double actual, double tolerance, double x) =>
        Assert.True(Math.Abs(actual - expected) <= tolerance * expected, $"exp({x:R}): {actual:R}, expected {expected:R}");

    /// <summary>
    /// |value - exp(x)| / exp(x) in integers with 1,200 fractional bits: the Taylor series at x / 2^12, squared 12 times.
    /// </summary>
    private static double ExactError(double x, double value)
    {
        const int bits = 1_200;
        var reduced = Fixed(x, bits) >> 12;
        BigInteger term = BigInteger.One << bits, sum = term;
        for (var n = 1; !term.IsZero && n < 400; n++)
        {
            term = ((term * reduced) >> bits) / n;
            sum += term;
        }

        for (var i = 0; i < 12; i++) sum = (sum * sum) >> bits;
        var difference = BigInteger.Abs(Fixed(value, bits) - sum);
        return (double)((difference << 80) / sum) / Math.Pow(2, 80);
    }

    private static BigInteger Fixed(double x, int bits)
    {
        var raw = BitConverter.DoubleToInt64Bits(Math.Abs(x));
        var mantissa = new BigInteger((raw & 0xFFFFFFFFFFFFF) | (1L << 52));
        var shift = (int)(raw >> 52) - 1075 + bits;
        var magnitude = shift >= 0 ? mantissa << shift : mantissa >> -shift;
        return x < 0 ? -magnitude : magnitude;
    }
}
