using System.Globalization;

namespace HoloZero.Benchmarks;

/// <summary>How many times as fast ours is.</summary>
internal readonly record struct Advantage(double Median, double Least, double Greatest);

/// <summary>One figure of all variants and peers as a table.</summary>
/// <param name="Key">Its name in the data.</param>
/// <param name="Title">What it is, with its unit.</param>
/// <param name="Format">Of its numbers.</param>
/// <param name="LessIsBetter">Whether it is a time rather than a rate.</param>
/// <param name="Of">Null where a process did not measure it.</param>
internal sealed record ContestTable(string Key, string Title, string Format, bool LessIsBetter, Func<Timing, double?> Of)
{
    public IEnumerable<string> Lines(IReadOnlyList<Row> rows)
    {
        string[] peers = [.. rows.SelectMany(row => row.Turns).SelectMany(turn => turn.Peers.Keys).Distinct()];
        string[] columns = ["variant", "precision", .. peers, "ours", .. peers.Select(peer => $"against {peer}"),
            .. LessIsBetter ? (string[])["floor", "ours / floor"] : []];
        yield return "";
        yield return $"## {Title}";
        yield return "";
        if (LessIsBetter)
        {
            yield return "Floor: reading the weights alone.";
            yield return "";
        }

        yield return $"| {string.Join(" | ", columns)} |";
        yield return string.Concat(columns.Select(_ => "|---")) + "|";
        foreach (var row in rows)
        {
            string[] cells = [row.Variant, row.Precision, .. peers.Select(peer => Cell(row, turn => turn.Peers.GetValueOrDefault(peer))),
                Cell(row, turn => turn.Ours), .. peers.Select(peer => Cell(Against(row, peer))), .. LessIsBetter ? Floor(row) : []];
            yield return $"| {string.Join(" | ", cells)} |";
        }
    }

    /// <summary>Ours against a peer, round by round; null where either did not measure it.</summary>
    public Advantage? Against(Row row, string peer)
    {
        var ratios = row.Turns.Select(turn => Ratio(Best(turn.Ours), Best(turn.Peers.GetValueOrDefault(peer)))).OfType<double>().ToArray();
        return ratios.Length == 0 ? null : new(Statistics.Median(ratios), ratios.Min(), ratios.Max());
    }

    private double? Ratio(Timing? ours, Timing? theirs) => ours is null || theirs is null ? null
        : LessIsBetter ? Of(theirs) / Of(ours) : Of(ours) / Of(theirs);

    /// <summary>At the number of threads that suits it best.</summary>
    private Timing? Best(IEnumerable<Timing>? timings)
    {
        var measured = (timings ?? []).Where(timing => Of(timing) is not null);
        return LessIsBetter ? measured.MinBy(Of) : measured.MaxBy(Of);
    }

    private string Cell(Row row, Func<Turn, IEnumerable<Timing>?> side)
    {
        var best = row.Turns.Select(side).Select(Best).OfType<Timing>().ToArray();
        if (best.Length == 0) return "-";
        var threads = string.Join('/', best.Select(timing => timing.Threads).Distinct().Order());
        return Statistics.Median(best.Select(timing => Of(timing)!.Value)).ToString(Format, CultureInfo.InvariantCulture) + $" ({threads})";
    }

    private static string Cell(Advantage? advantage) => advantage is not { } times ? "-"
        : string.Create(CultureInfo.InvariantCulture, $"{times.Median:F2} ({times.Least:F2}-{times.Greatest:F2})");

    private string[] Floor(Row row)
    {
        var ours = row.Turns.Select(turn => Best(turn.Ours)!).ToArray();
        var floors = ours.Select(timing => Contest.Number(timing.Data, "measured", "memory_floor", "median_milliseconds")).ToArray();
        return [Invariant(Statistics.Median(floors), "F3"), Invariant(Statistics.Median(ours.Zip(floors, (timing, floor) =>
            timing.Step / floor)), "F2")];

        static string Invariant(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
    }
}

internal static class Statistics
{
    /// <summary>The middle value, or the mean of the middle two.</summary>
    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
