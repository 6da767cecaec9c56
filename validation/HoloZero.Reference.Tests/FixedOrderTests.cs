namespace HoloZero.Reference.Tests;

/// <summary>Sums that give the same bits wherever their terms lie.</summary>
public class FixedOrderTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(65)]
    [InlineData(129)]
    [InlineData(1000)]
    public void The_same_terms_give_the_same_bits_wherever_they_lie(int length)
    {
        double[] a = [.. Enumerable.Range(0, length).Select(i => Math.Sin(i * 7 + 1) * Math.Pow(10, i % 5))];
        double[] b = [.. a.Select(value => 1 / (value + 11111))];
        var sums = new HashSet<(double, double)>();
        for (var offset = 0; offset < 16; offset++)
        {
            var (left, right) = (new double[offset + length], new double[offset + length]);
            a.CopyTo(left, offset);
            b.CopyTo(right, offset);
            sums.Add((FixedOrder.Sum(left.AsSpan(offset)), FixedOrder.Dot(left.AsSpan(offset), right.AsSpan(offset))));
        }

        var (sum, dot) = Assert.Single(sums);
        Assert.Equal(InOrder(a), sum);
        Assert.Equal(InOrder([.. a.Zip(b, (x, y) => x * y)]), dot);
        Assert.Equal(a.Select(value => (decimal)value).Sum(), (decimal)sum, 8);
        Assert.Equal(a.Zip(b, (x, y) => (decimal)x * (decimal)y).Sum(), (decimal)dot, 8);
    }

    /// <summary>Eight lanes, added in pairs, then the rest; each term rounded before it is added.</summary>
    private static double InOrder(double[] terms)
    {
        var lanes = new double[8];
        var whole = terms.Length / 8 * 8;
        for (var i = 0; i < whole; i++) lanes[i % 8] += terms[i];
        var sum = lanes[0] + lanes[4] + (lanes[1] + lanes[5]) + (lanes[2] + lanes[6] + (lanes[3] + lanes[7]));
        for (var i = whole; i < terms.Length; i++) sum += terms[i];
        return sum;
    }
}
