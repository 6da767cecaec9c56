namespace HoloZero.Artifacts.Tests;

/// <summary>The numbers that S. Vigna's own splitmix64.c gives of the seed 1,234,567.</summary>
public sealed class SplitMix64Tests
{
    private static readonly ulong[] Published =
        [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821];

    [Fact]
    public void It_gives_the_published_numbers()
    {
        var state = 1_234_567UL;
        Assert.Equal(Published, Enumerable.Range(0, Published.Length).Select(_ => SplitMix64.Next(ref state)));
        Assert.Equal(Published[0], SplitMix64.Mix(1_234_567));
    }
}
