using HoloZero.Models;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Exporter.Fused;

/// <summary>
/// The state of fused graphs: every row of a batch has a position of its own, keys and values lie in place, and z is a column of S.
/// </summary>
internal static class FusedState
{
    /// <summary>Rows of the baked rotary tables.</summary>
    public const int MaxPositions = 8192;

    /// <summary>Columns that S has beyond the head's k: z is the first, the others are zeros that keep rows in whole vectors.</summary>
    public const int ExtraColumns = 8;

    /// <summary>Set in the code of a byte in the tail of the stream; 0 stands for a byte that is not there yet.</summary>
    public const int PresentByte = 256;

    /// <param name="config">The hyper-parameters.</param>
    /// <param name="cache">Element type of keys and values; S and z stay float32, since they sum over all rows.</param>
    public static AsymDecState<GraphState?> Layout(AsymDecConfig config, DataType cache)
    {
        var (h, k) = (config.Heads, config.HeadWidth);
        var portable = AsymDecState.Layout(config);
        return new(new(new("position", [AsymDecState.Batch]), DataType.Int64, InPlace: false),
            new(portable.StreamTail, DataType.Int32, InPlace: false),
            [.. portable.Layers.Select(layer => new LayerState<GraphState?>(
                new(InPlace(layer.Attention.Keys, cache), InPlace(layer.Attention.Values, cache)),
                new(InPlace(layer.Memory.S with { Axes = [AsymDecState.Batch, h, k, k + ExtraColumns] }, DataType.Float), null)))])
        {
            StreamStart = portable.StreamStart is { } start
                ? new(start with { Axes = [AsymDecState.Batch] }, DataType.Int64, InPlace: false) : null,
        };

        static GraphState InPlace(StateTensor tensor, DataType type) => new(tensor, type, InPlace: true);
    }
}
