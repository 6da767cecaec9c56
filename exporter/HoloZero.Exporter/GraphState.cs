using HoloZero.Models;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Exporter;

/// <summary>How a piece of state lies in a graph.</summary>
/// <param name="Tensor">Its name and axes.</param>
/// <param name="Type">Its element type.</param>
/// <param name="InPlace">
/// Whether what comes out may be written over what went in. A growing axis may then have room beyond the positions so far.
/// </param>
internal sealed record GraphState(StateTensor Tensor, DataType Type, bool InPlace)
{
    /// <summary>Everything apart, and new tensors in every call.</summary>
    public static AsymDecState<GraphState?> Portable(AsymDecConfig config) => AsymDecState.Layout(config).Select(GraphState? (tensor) =>
        new(tensor, tensor.Name switch
        {
            "position" => DataType.Int64,
            "stream_tail" => DataType.Uint8,
            _ => DataType.Float,
        }, InPlace: false));
}
