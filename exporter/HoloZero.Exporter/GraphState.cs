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
    public static AsymDecState<GraphState?> Portable(AsymDecConfig config)
    {
        var layout = AsymDecState.Layout(config);
        return layout.Select(GraphState? (tensor) => new(tensor, DataType.Float, InPlace: false)) with
        {
            Position = new(layout.Position, DataType.Int64, InPlace: false),
            StreamTail = new(layout.StreamTail, DataType.Uint8, InPlace: false),
            StreamStart = layout.StreamStart is { } start ? new(start, DataType.Int64, InPlace: false) : null,
        };
    }
}
