using System.Numerics;

namespace HoloZero.Exporter.Quantization;

/// <summary>How the codes of a matrix are laid out: the attributes of ONNX Runtime's MatMulNBits. Immutable.</summary>
internal sealed record BlockFormat
{
    /// <param name="bits">Bits a code: 4 or 8.</param>
    /// <param name="blockSize">Consecutive inputs that share a scale: 16, 32, 64, 128 or 256.</param>
    /// <param name="zeroPoints">Whether each block has a zero point of its own, or 2^(bits-1) is every block's.</param>
    /// <param name="halfScales">Whether scales are numbers that float16 has: they are of the activations' type.</param>
    /// <exception cref="ArgumentOutOfRangeException">Another number of bits or block size.</exception>
    public BlockFormat(int bits, int blockSize, bool zeroPoints = false, bool halfScales = false)
    {
        if (bits is not (4 or 8)) throw new ArgumentOutOfRangeException(nameof(bits), bits, "a code has 4 or 8 bits");
        if (blockSize is < 16 or > 256 || !BitOperations.IsPow2(blockSize))
            throw new ArgumentOutOfRangeException(nameof(blockSize), blockSize, "a block has 16, 32, 64, 128 or 256 inputs");
        (Bits, BlockSize, ZeroPoints, HalfScales) = (bits, blockSize, zeroPoints, halfScales);
    }

    public int Bits { get; }

    public int BlockSize { get; }

    public bool ZeroPoints { get; }

    public bool HalfScales { get; }

    /// <summary>What codes and scales there are.</summary>
    public CodeRange Codes => new(Bits, ZeroPoints, HalfScales);

    /// <summary>Bytes of one block's codes.</summary>
    public int BlockBytes => BlockSize * Bits / 8;

    /// <summary>Blocks of a row of <paramref name="inputs"/> weights; the last one may be padded.</summary>
    public int Blocks(int inputs) => (inputs + BlockSize - 1) / BlockSize;

    /// <summary>Bytes of one row's zero points: codes packed along the blocks, each row padded to whole bytes.</summary>
    public int ZeroPointBytes(int inputs) => (Blocks(inputs) * Bits + 7) / 8;
}
