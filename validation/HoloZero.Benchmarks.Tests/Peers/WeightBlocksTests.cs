using System.Buffers.Binary;
using HoloZero.Benchmarks.Peers;

namespace HoloZero.Benchmarks.Tests.Peers;

public class WeightBlocksTests
{
    // Half a code of 127, and what a scale in half precision is off by, 127 times.
    private const double HalfScales = 1 + 2 * 127.0 / 2048;

    [Fact]
    public void Q8_reads_back_within_half_a_code()
    {
        var weights = TestLlama.Small.Weights(PeerMatrix.Query);
        var blocks = WeightBlocks.Q8(weights);
        RequireNear(weights, blocks.Length, 34, (block, i) => Scale(blocks, block, 34) * (sbyte)blocks[block * 34 + 2 + i],
            HalfScales / 254);
    }

    [Fact]
    public void Q4_reads_back_within_half_a_code()
    {
        var weights = TestLlama.Small.Weights(PeerMatrix.Query);
        var blocks = WeightBlocks.Q4(weights);
        // The side that has no code 8 may be cut off by one code.
        RequireNear(weights, blocks.Length, 18,
            (block, i) => Scale(blocks, block, 18) * ((blocks[block * 18 + 2 + i % 16] >> i / 16 * 4 & 15) - 8), 1.01 / 8);
    }

    [Theory]
    [InlineData(8, 128, 1.01 / 254)]
    [InlineData(4, 8, 1.01 / 14)]
    public void MatMulNBits_reads_back_within_half_a_code(int bits, int zero, double relative)
    {
        var weights = TestLlama.Small.Weights(PeerMatrix.Gate);
        var (codes, scales) = WeightBlocks.MatMulNBits(weights, bits);
        var inByte = 8 / bits;
        RequireNear(weights, scales.Length * 34, 34, (block, i) => scales[block]
            * ((codes[(block * 32 + i) / inByte] >> i % inByte * bits & (1 << bits) - 1) - zero), relative);
        Assert.Equal(weights.Length / inByte, codes.Length);
    }

    [Fact]
    public void Zeros_are_zeros()
    {
        Assert.All(WeightBlocks.Q8(new float[32]), value => Assert.Equal(0, value));
        Assert.All(WeightBlocks.Q4(new float[32])[2..], value => Assert.Equal(0x88, value));
        Assert.All(WeightBlocks.MatMulNBits(new float[32], 4).Codes, value => Assert.Equal(0x88, value));
    }

    private static float Scale(byte[] blocks, int block, int bytes) =>
        (float)BinaryPrimitives.ReadHalfLittleEndian(blocks.AsSpan(block * bytes));

    private static void RequireNear(float[] weights, int length, int bytesOfABlock, Func<int, int, double> at, double relative)
    {
        Assert.Equal(weights.Length / 32 * bytesOfABlock, length);
        for (var i = 0; i < weights.Length; i++)
        {
            var most = weights.AsSpan(i / 32 * 32, 32).ToArray().Max(Math.Abs);
            Assert.Equal(weights[i], at(i / 32, i % 32), (most * relative) + 1e-9);
        }
    }
}
