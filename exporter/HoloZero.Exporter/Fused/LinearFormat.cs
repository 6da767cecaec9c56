using HoloZero.Exporter.Quantization;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Exporter.Fused;

/// <summary>How the weights of a Linear are stored and multiplied.</summary>
/// <param name="Type">
/// Element type of weights and product where there are no blocks. Int8: whole numbers with a scale a column, times activations of a fixed
/// scale.
/// </param>
/// <param name="Blocks">Whole numbers with a scale a block; null for others.</param>
internal sealed record LinearFormat(DataType Type, BlockFormat? Blocks = null)
{
    public static LinearFormat Float32 { get; } = new(DataType.Float);

    public static LinearFormat Float16 { get; } = new(DataType.Float16);

    public static LinearFormat Int8 { get; } = new(DataType.Int8);

    public static LinearFormat InBlocks(int bits, int blockSize, bool halfScales = false) =>
        new(DataType.Uint8, new(bits, blockSize, halfScales: halfScales));
}

/// <summary>The formats of a variant.</summary>
/// <param name="Blocks">Of everything within the blocks.</param>
/// <param name="Head">Of the head, whose error goes straight into the logits.</param>
internal sealed record LinearFormats(LinearFormat Blocks, LinearFormat Head)
{
    /// <summary>Element type of keys and values: float32, float16, or int8 with a fixed scale a channel.</summary>
    public DataType Cache { get; init; } = DataType.Float;

    /// <summary>Whether anything is rounded by a scale that somebody has to measure.</summary>
    public bool NeedsRanges => HasFixedScales || Cache == DataType.Int8;

    /// <summary>Whether any product rounds its activations by a fixed scale.</summary>
    public bool HasFixedScales => Blocks.Type == DataType.Int8 || Head.Type == DataType.Int8;

    /// <summary>Of a module; a door has few weights, and features of different scales side by side: it keeps float32.</summary>
    public LinearFormat Of(string module) => module == "head" ? Head
        : module.StartsWith("door.", StringComparison.Ordinal) ? LinearFormat.Float32 : Blocks;
}
