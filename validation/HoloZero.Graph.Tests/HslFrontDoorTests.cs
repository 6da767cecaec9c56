using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Testing;

namespace HoloZero.Graph.Tests;

/// <summary>The managed front door against vectors that the published code made.</summary>
public class HslFrontDoorTests
{
    private const int Width = HslFrontDoor.FeatureCount;

    public static TheoryData<string> Cases { get; } = [.. CaseNames()];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Features_are_the_published_ones(string test)
    {
        using var golden = SafetensorsFile.Open(Repository.Golden("front-door.golden.safetensors"));
        int[] ids = [.. golden.ReadBytes($"{test}.bytes").Select(value => (int)value)];
        var expected = golden.ReadFloat32($"{test}.features");
        var actual = HslFrontDoor.Features(ids);

        Assert.Equal(Math.Max(1, ids.Length) * Width, expected.Length);
        AssertPublished(expected, actual, Width, exactColumns: Width);
    }

    [Fact]
    public void The_value_table_is_the_published_one()
    {
        using var golden = SafetensorsFile.Open(Repository.Golden("front-door.golden.safetensors"));
        AssertPublished(golden.ReadFloat32("value_lut"), HslFrontDoor.ValueTable.AsSpan(), HslFrontDoor.ValueColumns, exactColumns: 8);
        Assert.Equal(256 * HslFrontDoor.ValueColumns, HslFrontDoor.ValueTable.Length);
    }

    [Fact]
    public void Fourier_and_phase_are_what_their_names_say()
    {
        for (var value = 0; value < 256; value++)
        {
            var row = HslFrontDoor.ValueTable.AsSpan(value * HslFrontDoor.ValueColumns, HslFrontDoor.ValueColumns);
            for (var frequency = 0; frequency <= 4; frequency++)
            {
                var (real, imaginary) = (0.0, 0.0);
                for (var n = 0; n < 8; n++)
                {
                    var bit = (value >> (7 - n)) & 1;
                    real += bit * Math.Cos(2 * Math.PI * n * frequency / 8);
                    imaginary -= bit * Math.Sin(2 * Math.PI * n * frequency / 8);
                }

                Assert.Equal(real, row[8 + frequency], 1e-6);
                if (frequency is >= 1 and <= 3) Assert.Equal(imaginary, row[12 + frequency], 1e-6);
            }

            Assert.Equal(Math.Cos(2 * Math.PI * value / 256), row[16], 1e-6);
            Assert.Equal(Math.Sin(2 * Math.PI * value / 256), row[17], 1e-6);
        }
    }

    [Theory]
    [InlineData(AsymDecConfig.MaskId)]
    [InlineData(AsymDecConfig.EosId)]
    public void Mask_and_eos_are_rows_of_zeros_that_end_a_run(int id)
    {
        var features = HslFrontDoor.Features([id, 200, 13, id, id, 13, 200]);

        Assert.Equal(new float[Width], features[..Width]);
        Assert.Equal(HslFrontDoor.Features([200, 13]), features[Width..(3 * Width)]);
        Assert.Equal(new float[2 * Width], features[(3 * Width)..(5 * Width)]);
        Assert.Equal(HslFrontDoor.Features([13, 200]), features[(5 * Width)..]);
    }

    [Fact]
    public void No_bytes_are_one_zero_byte() => Assert.Equal(HslFrontDoor.Features([0]), HslFrontDoor.Features([]));

    [Theory]
    [InlineData(-1)]
    [InlineData(258)]
    [InlineData(int.MaxValue)]
    public void Ids_beyond_the_vocabulary_are_refused(int id)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => HslFrontDoor.Features([1, id]));
        Assert.Throws<ArgumentOutOfRangeException>(() => HslFrontDoor.Features([1, id], new float[2 * Width]));
    }

    [Fact]
    public void A_callers_memory_is_filled_whole_or_refused()
    {
        int[] ids = [7, AsymDecConfig.MaskId, 9];
        var memory = Enumerable.Repeat(float.NaN, ids.Length * Width).ToArray();
        HslFrontDoor.Features(ids, memory);
        Assert.Equal(HslFrontDoor.Features(ids), memory);

        Assert.Throws<ArgumentException>(() => HslFrontDoor.Features(ids, new float[ids.Length * Width + 1]));
        Assert.Throws<ArgumentException>(() => HslFrontDoor.Features(ids, new float[ids.Length * Width - 1]));
    }

    private static IEnumerable<string> CaseNames()
    {
        using var golden = SafetensorsFile.Open(Repository.Golden("front-door.golden.safetensors"));
        return [.. golden.Entries.Select(entry => entry.Name).Where(name => name.EndsWith(".bytes", StringComparison.Ordinal))
            .Select(name => name[..^6])];
    }

    /// <summary>
    /// Bit-equal in the first columns; in the others a neighbour will do, as libraries round Fourier and phase differently.
    /// </summary>
    private static void AssertPublished(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, int width, int exactColumns)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            var difference = Math.Abs((long)Ordinal(expected[i]) - Ordinal(actual[i]));
            Assert.True(difference <= (i % width < exactColumns ? 0 : 1),
                $"row {i / width}, column {i % width} is {actual[i]:R}, published is {expected[i]:R}");
        }
    }

    /// <summary>Neighbouring floats have neighbouring numbers; 0 and -0 the same.</summary>
    private static int Ordinal(float value)
    {
        var bits = BitConverter.SingleToInt32Bits(value);
        return bits >= 0 ? bits : int.MinValue - bits;
    }
}
