namespace HoloZero.Training.Tests;

public class DropoutMasksTests
{
    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    public void Elements_are_dropped_at_the_rate_and_the_others_make_up_for_it(double rate)
    {
        var masks = new DropoutMasks(rate, seed: 3);
        var (factors, sum, dropped) = (new float[1001], 0.0, 0);
        for (var draw = 0; draw < 1000; draw++)
        {
            masks.Fill(step: draw / 100, window: draw / 10 % 10, place: draw % 10, factors);
            Assert.All(factors, factor => Assert.True(factor == 0 || factor == (float)(1 / (1 - rate))));
            (sum, dropped) = (sum + factors.Sum(factor => (double)factor), dropped + factors.Count(factor => factor == 0));
        }

        // Of a million draws: five standard deviations.
        var deviation = Math.Sqrt(rate * (1 - rate) / 1_001_000);
        Assert.Equal(rate, dropped / 1_001_000.0, 5 * deviation);
        Assert.Equal(1, sum / 1_001_000, 5 * deviation / (1 - rate));
    }

    [Fact]
    public void A_mask_is_a_function_of_seed_step_window_and_place_and_of_each_of_them()
    {
        var first = Mask(3, 5, 7, 2);
        Assert.Equal(first, Mask(3, 5, 7, 2));
        float[][] others = [Mask(4, 5, 7, 2), Mask(3, 6, 7, 2), Mask(3, 5, 8, 2), Mask(3, 5, 7, 3), Mask(3, 5, 65_535, 2)];
        Assert.All(others, other => Assert.InRange(first.Zip(other).Count(pair => pair.First == pair.Second), 400, 600));
        // The beginning of a longer mask, as of a longer sequence, is the shorter one.
        Assert.Equal(first[..501], Mask(3, 5, 7, 2, 501));

        // Neighbouring elements are independent, those of one draw of 64 bits, too.
        Assert.InRange(first.Zip(first.Skip(1)).Count(pair => pair.First == pair.Second), 430, 570);
        Assert.InRange(first.Chunk(2).Count(pair => pair[0] == pair[1]), 200, 300);

        static float[] Mask(ulong seed, long step, int window, int place, int length = 1000)
        {
            var factors = new float[length];
            new DropoutMasks(0.5, seed).Fill(step, window, place, factors);
            return factors;
        }
    }
}
