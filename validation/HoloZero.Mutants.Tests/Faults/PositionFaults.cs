using System.Runtime.CompilerServices;
using HoloZero.Exporter.Recording;
using HoloZero.Models;
using HoloZero.Models.Ops;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Mutants.Tests.Faults;

/// <summary>Rotary positions count from 1. Scores see differences of positions only: nothing but the cached keys shows it.</summary>
internal sealed class RopeFromOne : FaultyOps
{
    public override (GraphValue Cos, GraphValue Sin) RopeTables(GraphValue positions, int width, double @base) =>
        Inner.RopeTables(Inner.Add(positions, Inner.Constant("one", [1])), width, @base);
}

/// <summary>Queries are rotated as if they stood one position later than their keys.</summary>
internal sealed class RopeOfQueriesOffByOne : FaultyOps
{
    private readonly StrongBox<(GraphValue Cos, GraphValue Sin)> _later = new();
    private bool _queriesDone;

    public override (GraphValue Cos, GraphValue Sin) RopeTables(GraphValue positions, int width, double @base)
    {
        _later.Value = Inner.RopeTables(Inner.Add(positions, Inner.Constant("one", [1])), width, @base);
        return Inner.RopeTables(positions, width, @base);
    }

    public override GraphValue Rope(GraphValue x, int width, GraphValue cos, GraphValue sin)
    {
        if (!_queriesDone) (cos, sin) = _later.Value;
        _queriesDone = true;
        return Inner.Rope(x, width, cos, sin);
    }
}

/// <summary>Rotary positions start again at the first stream byte.</summary>
internal sealed class RopeRestartsAtTheStream : FaultyOps
{
    private readonly StrongBox<GraphValue?> _slots = new();

    public override GraphValue Length(GraphValue x, int axis)
    {
        var length = Inner.Length(x, axis);
        if (Path == "door") _slots.Value = length;
        return length;
    }

    public override (GraphValue Cos, GraphValue Sin) RopeTables(GraphValue positions, int width, double @base)
    {
        var isStream = Inner.Apply(BinaryFunction.LessOrEqual, _slots.Value!, positions);
        return Inner.RopeTables(Inner.Where(isStream, Inner.Subtract(positions, _slots.Value!), positions), width, @base);
    }
}

/// <summary>Rotary positions start again with every call.</summary>
internal sealed class RopeRestartsAtEachCall : FaultyOps
{
    private GraphValue? _start;

    public override GraphValue Range(GraphValue start, GraphValue length)
    {
        _start ??= start;
        return Inner.Range(start, length);
    }

    public override (GraphValue Cos, GraphValue Sin) RopeTables(GraphValue positions, int width, double @base) =>
        Inner.RopeTables(Inner.Subtract(positions, _start!), width, @base);
}

/// <summary>Rotary angles of another base.</summary>
internal sealed class RopeOfBase(double wrong) : FaultyOps
{
    public override (GraphValue Cos, GraphValue Sin) RopeTables(GraphValue positions, int width, double @base) =>
        Inner.RopeTables(positions, width, wrong);
}

/// <summary>Rotary positions end where a table would.</summary>
internal sealed class RopeTableTooShort(int rows) : FaultyOps
{
    public override (GraphValue Cos, GraphValue Sin) RopeTables(GraphValue positions, int width, double @base)
    {
        var last = Inner.Constant("last", [rows - 1]);
        return Inner.RopeTables(Inner.Where(Inner.Apply(BinaryFunction.LessOrEqual, positions, last), positions, last), width, @base);
    }
}

/// <summary>One of the two conditions key &lt;= row is off: 0 is the attention's, 1 the memory's.</summary>
internal sealed class RowComparison(int which, int offset) : FaultyOps
{
    private int _seen;

    public override GraphValue Apply(BinaryFunction function, GraphValue a, GraphValue b) =>
        Path == "positions" && function == BinaryFunction.LessOrEqual && _seen++ == which
            ? Inner.Apply(function, a, Inner.Add(b, Inner.Constant("offset", [offset])))
            : Inner.Apply(function, a, b);
}

/// <summary>A causal prefix made bidirectional.</summary>
internal sealed class PrefixSeesAll : FaultyOps
{
    private readonly StrongBox<GraphValue?> _slots = new();
    private bool _done;

    public override GraphValue Length(GraphValue x, int axis)
    {
        var length = Inner.Length(x, axis);
        if (Path == "door") _slots.Value = length;
        return length;
    }

    public override GraphValue Apply(BinaryFunction function, GraphValue a, GraphValue b)
    {
        if (Path != "positions" || function != BinaryFunction.LessOrEqual || _done) return Inner.Apply(function, a, b);
        _done = true;
        var lastSlot = Inner.Subtract(_slots.Value!, Inner.Constant("one", [1]));
        return Inner.Apply(function, a, Inner.Apply(BinaryFunction.Maximum, b, lastSlot));
    }
}

/// <summary>A bidirectional prefix made causal.</summary>
internal sealed class PrefixSeesThePast : FaultyOps
{
    public override GraphValue Apply(BinaryFunction function, GraphValue a, GraphValue b) =>
        Path == "positions" && function == BinaryFunction.Maximum ? a : Inner.Apply(function, a, b);
}

/// <summary>The position is handed on as it came.</summary>
internal sealed class PositionNotAdvanced : FaultyOps, ITensorOps<GraphValue>
{
    RowPositions<GraphValue> ITensorOps<GraphValue>.RowPositions(AsymDecConfig config, GraphValue position, GraphValue count,
        GraphValue slots, GraphValue? streamStart) =>
        Inner.RowPositions(config, position, count, slots, streamStart) with { End = Inner.Add(position, Inner.Constant("nothing", [0])) };
}

/// <summary>Positions that should start again with the stream run on, or start again too late.</summary>
/// <param name="late">Rows too late; null where they run on.</param>
internal sealed class RestartsLate(int? late) : FaultyOps, ITensorOps<GraphValue>
{
    GraphValue ITensorOps<GraphValue>.RestartedRows(GraphValue rows, GraphValue streamStart) =>
        late is null ? rows : Inner.RestartedRows(rows, Inner.Add(streamStart, Inner.Constant("late", [late.Value])));
}

/// <summary>Each call knows of its own prefix slots alone.</summary>
internal sealed class StreamStartForgotten : FaultyOps, ITensorOps<GraphValue>
{
    RowPositions<GraphValue> ITensorOps<GraphValue>.RowPositions(AsymDecConfig config, GraphValue position, GraphValue count,
        GraphValue slots, GraphValue? streamStart) => Inner.RowPositions(config, position, count, slots, slots);
}

/// <summary>The logits are those of the first rows, prefix included, instead of the stream's.</summary>
internal sealed class HeadOfTheFirstRows : FaultyOps
{
    public override GraphValue Skip(GraphValue x, int axis, GraphValue count)
    {
        var sound = Inner.Skip(x, axis, count);
        var rows = Graph.Node(Path, "Unsqueeze", DataType.Int64, new([1]), [Inner.Length(sound, axis), Graph.Integers(0)]);
        return Graph.Node(Path, "Slice", x.Type, sound.Shape, [x, Graph.Integers(0), rows, Graph.Integers(axis)]);
    }
}
