namespace HoloZero.Artifacts.Tests;

public class CrossEntropyTests
{
    [Fact]
    public void Rows_of_known_probabilities_cost_their_logarithms()
    {
        // Powers of two, shifted by what a softmax takes away again: 1/2, 1/4, 1/4 and 1/8, 1/8, 3/4.
        double[] logits =
        [
            .. Logarithms(7, 0.5, 0.25, 0.25),
            .. Logarithms(-300, 0.125, 0.125, 0.75),
        ];

        Assert.Equal(1 + 3, CrossEntropy.Bits(CrossEntropy.Nats<double>(logits, 3, [0, 1])), 1e-12);
        Assert.Equal(2, CrossEntropy.Bits(CrossEntropy.Nats<double>(logits, 3, [2])), 1e-12);
        Assert.Equal(0, CrossEntropy.Nats<double>(logits, 3, []));
        Assert.Equal(1 + 3, CrossEntropy.Bits(CrossEntropy.Nats<float>([.. logits.Select(x => (float)x)], 3, [0, 1])), 1e-4);

        static IEnumerable<double> Logarithms(double shift, params double[] probabilities) =>
            probabilities.Select(probability => Math.Log(probability) + shift);
    }

    [Fact]
    public void A_byte_that_is_ruled_out_and_a_NaN_are_not_finite()
    {
        Assert.Equal(double.PositiveInfinity, CrossEntropy.Nats<double>([0, double.NegativeInfinity], 2, [1]));
        Assert.Equal(double.NaN, CrossEntropy.Nats<double>([0, double.NaN], 2, [0]));
    }

    [Fact]
    public void Fewer_rows_than_bytes_are_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => CrossEntropy.Nats<float>([0, 0], 2, [0, 0]));
}
