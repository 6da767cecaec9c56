using HoloZero.Artifacts;

namespace HoloZero.Runtime.Tests;

/// <summary>
/// The vectors from seeds were computed twice, in C and in Python, from the definitions in the papers named at
/// <see cref="ByteRandom"/>; the SplitMix64 ones are also widely published.
/// </summary>
public class ByteRandomTests
{
    [Fact]
    public void SplitMix64_gives_the_published_numbers()
    {
        ulong[] expected =
            [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821];
        var state = 1234567UL;
        Assert.Equal(expected, expected.Select(_ => SplitMix64.Next(ref state)).ToArray());
    }

    [Fact]
    public void Xoshiro_gives_the_numbers_of_the_state_1_2_3_4()
    {
        ulong[] expected =
        [
            11520, 0, 1509978240, 1215971899390074240, 1216172134540287360, 607988272756665600, 16172922978634559625,
            8476171486693032832, 10595114339597558777, 2904607092377533576,
        ];
        var random = new ByteRandom(1, 2, 3, 4);
        Assert.Equal(expected, expected.Select(_ => random.NextUInt64()).ToArray());
    }

    [Theory]
    [InlineData(0UL, 11091344671253066420, 13793997310169335082, 3215403766075632002)]
    [InlineData(42UL, 1546998764402558742UL, 6990951692964543102UL, 1103426724799410610UL)]
    [InlineData(ulong.MaxValue, 10328197420357168392, 14156678507024973869, 1855756785506932879UL)]
    public void A_seed_gives_the_1st_2nd_and_1001st_number(ulong seed, ulong first, ulong second, ulong last)
    {
        var random = new ByteRandom(seed);
        Assert.Equal(first, random.NextUInt64());
        Assert.Equal(second, random.NextUInt64());
        for (var i = 2; i < 1000; i++) random.NextUInt64();
        Assert.Equal(last, random.NextUInt64());
    }

    [Fact]
    public void Doubles_are_the_upper_53_bits()
    {
        var (doubles, integers) = (new ByteRandom(7), new ByteRandom(7));
        for (var i = 0; i < 1000; i++) Assert.Equal((integers.NextUInt64() >> 11) / 9007199254740992.0, doubles.NextDouble());
    }

    [Fact]
    public void A_clone_goes_on_alike_and_apart()
    {
        var random = new ByteRandom(3);
        random.NextUInt64();
        var clone = random.Clone();
        var ahead = Enumerable.Range(0, 10).Select(_ => random.NextUInt64()).ToArray();
        Assert.Equal(ahead, Enumerable.Range(0, 10).Select(_ => clone.NextUInt64()).ToArray());
    }

    [Fact]
    public void New_seeds_differ_and_fit_a_JSON_number()
    {
        var seeds = Enumerable.Range(0, 100).Select(_ => ByteRandom.NewSeed()).ToArray();
        Assert.Equal(100, seeds.Distinct().Count());
        Assert.All(seeds, s => Assert.Equal(s, (ulong)(double)s));
    }
}
