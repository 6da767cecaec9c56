using HoloZero.Artifacts;
using HoloZero.Exporter.Recording;
using HoloZero.Models.Ops;
using HoloZero.Onnx;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Exporter.Media;

/// <summary>
/// Pixels to 16 x 16 grey levels as OpenCV has it: <c>cvtColor</c> to grey, then <c>resize</c> with <c>INTER_AREA</c>. Exact where both
/// sides are multiples of 16, as every sum is of whole numbers then; elsewhere a level may differ by one where a mean is near a half.
/// </summary>
internal static class PictureGraph
{
    private const int Side = 16;

    /// <summary>
    /// The weights of <c>cvtColor</c> for red, green and blue: 0.299, 0.587 and 0.114 in 1 / 2^15, as its code for bytes has them.
    /// </summary>
    private const float Red = 9798, Green = 19235, Blue = 3735, One = 1 << 15;

    public static MediaGraph Record()
    {
        // Unequal lengths stand for the symbolic ones while shapes are followed.
        const int height = 48, width = 80;
        var recorder = new GraphRecorder();
        var pixels = new GraphValue("pixels", DataType.Uint8, new([height, width, 3]));

        var grey = Grey(new(recorder, "grey"), pixels);                                          // [H, W], whole numbers
        var area = new MediaNodes(recorder, "area");
        var rows = Overlaps(area, "rows", pixels, axis: 0);                                      // [16, H]
        var columns = Overlaps(area, "columns", pixels, axis: 1);                                // [16, W]
        // Sums of whole bands are whole and below 2^24; those of whole cells of a large picture are not, hence double.
        var bands = area.Cast(area.Node("MatMul", new([Side, width]), rows, grey), DataType.Double);
        var across = recorder.Node("area", "Transpose", DataType.Double, new([width, Side]), [area.Cast(columns, DataType.Double)],
            NodeAttribute.Of("perm", 1L, 0));
        var sums = area.Cast(area.Node("MatMul", new([Side, Side]), bands, across), DataType.Float);

        var (high, wide) = (area.Length(pixels, 0), area.Length(pixels, 1));
        var cell = area.Map("Mul", CellSide(area, high), CellSide(area, wide));                  // [1], pixels
        var means = area.Node("Mul", sums.Shape, sums, area.Map("Div", area.Float("one", 1), cell));
        var half = area.Compare("And", area.Compare("Equal", high, area.Float("twice", 2 * Side)),
            area.Compare("Equal", wide, area.Float("twice", 2 * Side)));
        var levels = recorder.Node("area", "Where", DataType.Float, means.Shape, [half, HalvesUp(area, means), area.Map("Round", means)]);
        var bytes = area.Bytes(levels, area.Float("least", 0), area.Float("most", 255), Side * Side, Side * Side);
        bytes.Name = "bytes";
        return new(ArtifactManifest.MediaInfo.Picture, recorder, new(pixels, ["height", "width", 3]), new(bytes, [Side * Side]),
            new SortedDictionary<string, int>(StringComparer.Ordinal) { [""] = OnnxOps.Opset });
    }

    /// <summary>(9798 R + 19235 G + 3735 B + 16384) >> 15: below 2^24, so float32 has it exactly.</summary>
    private static GraphValue Grey(MediaNodes grey, GraphValue pixels)
    {
        int[] plane = pixels.Shape.Dimensions[..2];
        var weighted = grey.Node("MatMul", new([.. plane, 1]), grey.Cast(pixels, DataType.Float),
            grey.FloatColumn("weights", Red, Green, Blue));
        var rounded = grey.Map("Floor", grey.Map("Mul", grey.Map("Add", weighted, grey.Float("half", One / 2)),
            grey.Float("unit", 1 / One)));
        return grey.Node("Squeeze", new(plane), rounded, grey.Axis(2));
    }

    /// <summary>How much of source row y lies in row i of 16: max(0, min((i+1) H/16, y+1) - max(i H/16, y)), in source rows.</summary>
    private static GraphValue Overlaps(MediaNodes area, string name, GraphValue pixels, int axis)
    {
        var length = pixels.Shape.Dimensions[axis];
        var side = CellSide(area, area.Length(pixels, axis));                                    // [1]
        var from = area.Map("Mul", area.FloatColumn("starts", [.. Enumerable.Range(0, Side).Select(i => (float)i)]), side); // [16, 1]
        var to = area.Map("Mul", area.FloatColumn("ends", [.. Enumerable.Range(1, Side).Select(i => (float)i)]), side);
        var below = area.Node("Range", new([length]), area.Float("zero", 0),
            area.Node("Squeeze", new([]), area.Length(pixels, axis), area.Axis(0)), area.Float("one", 1)); // [H]
        var above = area.Map("Add", below, area.Float("one", 1));
        var shape = new Shape([Side, length]);
        var overlap = area.Node("Sub", shape, area.Node("Min", shape, to, above), area.Node("Max", shape, from, below));
        return area.Map("Max", overlap, area.Float("zero", 0));
    }

    /// <summary>Source rows or columns that a cell covers.</summary>
    private static GraphValue CellSide(MediaNodes area, GraphValue length) => area.Map("Mul", length, area.Float("cell", 1f / Side));

    /// <summary>
    /// To shrink by exactly two OpenCV has code of its own, (a + b + c + d + 2) >> 2, where halves go up and not to even.
    /// </summary>
    private static GraphValue HalvesUp(MediaNodes area, GraphValue means) =>
        area.Map("Floor", area.Map("Add", means, area.Float("half", 0.5f)));
}
