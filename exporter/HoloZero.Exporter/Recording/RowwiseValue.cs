namespace HoloZero.Exporter.Recording;

/// <summary>A piece of state after each row of a call; taken as one value it is that after the last.</summary>
internal sealed class RowwiseValue(IReadOnlyList<GraphValue> rows) : GraphValue(rows[^1].Name, rows[^1].Type, rows[^1].Shape)
{
    /// <summary>After row 0, 1 ..</summary>
    public IReadOnlyList<GraphValue> Rows => rows;

    public override GraphValue Record() => rows[^1].Record();
}
