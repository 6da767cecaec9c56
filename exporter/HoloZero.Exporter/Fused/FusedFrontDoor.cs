using System.Numerics;
using HoloZero.Models;

namespace HoloZero.Exporter.Fused;

/// <summary>
/// The HSL features as sums of table rows [512, 27]. A change is the xor of two neighbouring codes; Gray(a) ^
/// Gray(b) = Gray(a ^ b), so it tells the d2xor bits. The boundary column is summed in halves, hence exactly, and divided at the end.
/// </summary>
internal static class FusedFrontDoor
{
    private const int Codes = 512, ChangeColumn = 8, BoundaryColumn = 16;

    /// <summary>By code: the value columns, and what the byte's own leading bits add to its boundary.</summary>
    public static float[] Own { get; } = Rows((code, row) =>
    {
        var values = HslFrontDoor.ValueTable.AsSpan((code & 255) * HslFrontDoor.ValueColumns, HslFrontDoor.ValueColumns);
        values[..8].CopyTo(row);
        values[8..].CopyTo(row[(BoundaryColumn + 1)..]);
        row[BoundaryColumn] = LeadingFive(code);
    });

    /// <summary>By change from the byte before: the d2xor bits, and half of the leading ones.</summary>
    public static float[] Change { get; } = Rows((change, row) =>
    {
        for (var bit = 0; bit < 8; bit++) row[ChangeColumn + bit] = (Gray(change) >> (7 - bit)) & 1;
        row[BoundaryColumn] = LeadingFive(change) / 2f;
    });

    /// <summary>By code of the byte before: its trailing bits. Where there is none, the code is 0 and so is this.</summary>
    public static float[] Before { get; } = Rows((code, row) => row[BoundaryColumn] = TrailingFour(code));

    /// <summary>By change into the byte before: half of its trailing ones.</summary>
    public static float[] ChangeBefore { get; } = Rows((change, row) => row[BoundaryColumn] = TrailingFour(change) / 2f);

    /// <summary>By change: what to divide by, 5 terms at the first byte of a run and 9 after it.</summary>
    public static float[] Terms { get; } = Rows((change, row) =>
    {
        row.Fill(1);
        row[BoundaryColumn] = change >= FusedState.PresentByte ? 5 : 9;
    });

    private static int Gray(int value) => (value & 255) ^ ((value & 255) >> 1);

    private static int LeadingFive(int value) => BitOperations.PopCount((uint)Gray(value) >> 3);

    private static int TrailingFour(int value) => BitOperations.PopCount((uint)Gray(value) & 15);

    private static float[] Rows(RowWriter write)
    {
        const int width = HslFrontDoor.FeatureCount;
        var rows = new float[Codes * width];
        for (var index = 0; index < Codes; index++) write(index, rows.AsSpan(index * width, width));
        return rows;
    }

    private delegate void RowWriter(int index, Span<float> row);
}
