using System.Globalization;
using HoloZero.Exporter.Recording;
using HoloZero.Models;
using HoloZero.Models.Ops;

namespace HoloZero.Exporter.Fused;

/// <summary>
/// A fixed number of rows of a sequence, each with the arithmetic of a step: ONNX Runtime's attention computes one row in another way than
/// several, so it gets them one by one. All that keeps rows apart anyway takes them together. The state is given after every row.
/// </summary>
internal sealed class CheckOnnxOps : FusedOnnxOps
{
    private readonly int _rows;

    /// <param name="graph">Where nodes are recorded.</param>
    /// <param name="parameters">Float32 data of each parameter by full name, row-major in the checkpoint's layout.</param>
    /// <param name="formats">How weights are stored.</param>
    /// <param name="ranges">What goes into a Linear, by module; asked where its scale is fixed.</param>
    /// <param name="rows">How many rows there are.</param>
    public CheckOnnxOps(GraphRecorder graph, Func<string, float[]> parameters, LinearFormats formats, Func<string, ActivationRange> ranges,
        int rows)
        : base(graph, parameters, formats, ranges) => _rows = rows;

    private CheckOnnxOps(CheckOnnxOps parent, string module) : base(parent, module) => _rows = parent._rows;

    public override ITensorOps<GraphValue> At(string module) => new CheckOnnxOps(this, module);

    public override RowPositions<GraphValue> RowPositions(AsymDecConfig config, GraphValue position, GraphValue count, GraphValue slots,
        GraphValue? streamStart)
    {
        var whole = (FusedRowPositions)base.RowPositions(config, position, count, slots, streamStart);
        FusedRowPositions[] each = [.. Enumerable.Range(1, _rows).Select(row =>
        {
            var end = Apply(BinaryFunction.Add, position, Constant(row.ToString(CultureInfo.InvariantCulture), [row]));
            var (last, total) = LastPosition(end);
            var restarted = whole.Restarted is { } rows ? Slice(rows, 1, row - 1, row) : null;
            return whole with { LastPosition = last, TotalLength = total, End = end, Restarted = restarted };
        })];
        return new CheckRowPositions(whole with { End = new RowwiseValue([.. each.Select(row => row.End)]) }, each);
    }

    protected override (GraphValue Output, KvCache<GraphValue> Present) GroupQuery(GraphValue qkv, int d, int heads, FusedRowPositions rows,
        KvCache<GraphValue> past)
    {
        var (outputs, keys, values) = (new GraphValue[_rows], new GraphValue[_rows], new GraphValue[_rows]);
        var each = Rows(qkv);
        for (var row = 0; row < _rows; row++)
        {
            (outputs[row], past) = base.GroupQuery(each[row], d, heads, ((CheckRowPositions)rows).Each[row], past);
            (keys[row], values[row]) = (past.Keys, past.Values);
        }

        return (Joined(outputs), new(new RowwiseValue(keys), new RowwiseValue(values)));
    }

    protected override (GraphValue Output, GraphValue Present) LinearAttention(GraphValue q, GraphValue k, GraphValue v, int heads,
        GraphValue state)
    {
        var (outputs, states) = (new GraphValue[_rows], new GraphValue[_rows]);
        var (qs, ks, vs) = (Rows(q), Rows(k), Rows(v));
        for (var row = 0; row < _rows; row++)
        {
            (outputs[row], state) = base.LinearAttention(qs[row], ks[row], vs[row], heads, state);
            states[row] = state;
        }

        return (Joined(outputs), new RowwiseValue(states));
    }

    /// <summary>Of the prefix, which is empty, nobody wants one.</summary>
    protected override GraphValue Tail(GraphValue run) => run.Shape.Dimensions[1] < _rows + 2 ? base.Tail(run)
        : new RowwiseValue([.. Enumerable.Range(1, _rows).Select(row => Slice(run, 1, row, row + 2))]);

    private IReadOnlyList<GraphValue> Rows(GraphValue x) => Split(x, 1, [.. Enumerable.Repeat(1, _rows)]);

    private GraphValue Joined(GraphValue[] rows)
    {
        int[] shape = [rows[0].Shape.Dimensions[0], _rows, .. rows[0].Shape.Dimensions[2..]];
        return Node("Concat", rows[0].Type, new(shape), rows, Onnx.NodeAttribute.Of("axis", 1));
    }

    private sealed record CheckRowPositions(FusedRowPositions Whole, IReadOnlyList<FusedRowPositions> Each) : FusedRowPositions(Whole);
}
