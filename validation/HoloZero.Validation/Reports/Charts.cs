using System.Globalization;

namespace HoloZero.Validation.Reports;

/// <summary>
/// The report's plots. Errors are drawn as shares of what is allowed, on a logarithmic axis: one means the limit everywhere, whatever
/// the tensor.
/// </summary>
internal static class Charts
{
    private const double Floor = -3;

    /// <summary>Errors along the stream, whole sequences and byte by byte.</summary>
    public static string Positions(ScopeMeasurements scope)
    {
        var length = scope.Positions.Max(curve => curve.Shares.Count);
        var plot = Shares(scope.Positions.SelectMany(curve => curve.Shares), (0, Math.Max(1, length - 1)));
        foreach (var tick in LinearTicks(0, length - 1)) plot.TickX(tick, Number(tick));
        plot.TitleX("stream position");
        foreach (var (curve, index) in scope.Positions.Select((curve, index) => (curve, index)))
        {
            var points = curve.Shares.Select((share, position) => ((double)position, Log(share))).ToArray();
            if (points.Length > 1) plot.Path(points, $"line s{index + 1}");
            for (var i = 0; i < points.Length; i++)
            {
                if (points.Length <= 60 || curve.Shares[i] > 1)
                {
                    plot.Dot(i, points[i].Item2, 1.8, curve.Shares[i] > 1 ? "dot bad" : $"dot s{index + 1}",
                        $"{curve.Mode}, position {i}: {Share(curve.Shares[i])}");
                }
            }
        }

        return plot.Svg("error of logits by stream position");
    }

    /// <summary>Errors of the door and every block, in the order in which they run.</summary>
    public static string Blocks(IReadOnlyList<CheckResult> traces)
    {
        var plot = Shares(traces.Select(trace => trace.Worst?.Share ?? 0), (-0.5, traces.Count - 0.5));
        var every = (traces.Count + 12) / 13;
        foreach (var (trace, index) in traces.Select((trace, index) => (trace, index)))
        {
            if (index % every == 0) plot.TickX(index, Short(trace.Subject));
            if (trace.Worst is not { } worst) continue;
            plot.Line(index, -9, index, Log(worst.Share), trace.Passed ? "stem s1" : "stem bad");
            plot.Dot(index, Log(worst.Share), 4, trace.Passed ? "dot s1" : "dot bad", worst.Error == 0
                ? $"{trace.Subject}: exact" : $"{trace.Subject}: {Number(worst.Error)} of {Number(worst.Allowed)} at {worst.Where}");
        }

        return plot.Svg("error of block outputs");
    }

    /// <summary>A sample of logits: expected against actual.</summary>
    public static string Scatter(ScopeMeasurements scope)
    {
        var finite = scope.Logits.SelectMany(pair => new[] { pair.Expected, pair.Actual }).Where(double.IsFinite)
            .DefaultIfEmpty(0).ToArray();
        var (from, to) = (finite.Min(), finite.Max());
        var margin = Math.Max(0.5, (to - from) * 0.04);
        var plot = new SvgPlot((from - margin, to + margin), (from - margin, to + margin));
        foreach (var tick in LinearTicks(from, to))
        {
            plot.TickX(tick, Number(tick), grid: true);
            plot.TickY(tick, Number(tick));
        }

        plot.Line(from - margin, from - margin, to + margin, to + margin, "diagonal");
        foreach (var pair in scope.Logits)
        {
            plot.Dot(pair.Expected, double.IsNaN(pair.Actual) ? from - margin : pair.Actual, 1.7,
                double.IsNaN(pair.Actual) ? "point bad" : "point s1");
        }
        plot.TitleX("expected logit; vertical: actual logit");
        return plot.Svg("expected and actual logits");
    }

    /// <summary>Each check's nearest comparison, a row per check and a dot per variant and provider.</summary>
    public static string Checks(IReadOnlyList<CheckGroup> groups, IReadOnlyList<string> scopes)
    {
        var checks = groups.Select(group => group.Check).Distinct().Reverse().ToArray();
        var top = Math.Max(1, groups.Max(group => Log(group.Worst!.Share)) + 0.3);
        var plot = new SvgPlot((Floor, top), (-0.6, checks.Length - 0.4), height: 60 + 30 * checks.Length);
        for (var tick = (int)Floor; tick <= top; tick++) plot.TickX(tick, Power(tick), grid: true);
        plot.Line(0, -0.6, 0, checks.Length - 0.4, "limit");
        for (var row = 0; row < checks.Length; row++) plot.Line(Floor, row, top, row, "grid");
        foreach (var group in groups)
        {
            var worst = group.Worst!;
            plot.Dot(Log(worst.Share), Array.IndexOf(checks, group.Check), 5,
                group.Passed ? $"dot s{scopes.ToList().IndexOf(group.Scope) % 6 + 1}" : "dot bad",
                $"{group.Scope}, {group.Check}: {Number(worst.Error)} of {Number(worst.Allowed)} allowed");
        }

        for (var row = 0; row < checks.Length; row++) plot.Note(Floor, row, checks[row], "start");
        plot.TitleX("error as a share of what is allowed");
        return plot.Svg("error as a share of what is allowed, by check");
    }

    /// <summary>A share for people.</summary>
    public static string Share(double share) => double.IsInfinity(share) ? "not a number" : share == 0 ? "exact"
        : string.Create(CultureInfo.InvariantCulture, $"{share:g2} of what is allowed");

    /// <summary>A number for people.</summary>
    public static string Number(double value) => value.ToString("G3", CultureInfo.InvariantCulture);

    private static SvgPlot Shares(IEnumerable<double> shares, (double From, double To) x)
    {
        var top = Math.Max(1, Math.Ceiling(shares.Select(Log).DefaultIfEmpty(0).Max()));
        var plot = new SvgPlot(x, (Floor, top));
        var step = top > 6 ? 2 : 1;
        for (var tick = (int)Floor; tick <= top; tick += step) if (tick != 0) plot.TickY(tick, Power(tick));
        plot.TickY(0, "1", "limit");
        plot.Note(x.To, 0, "allowed");
        return plot;
    }

    private static double Log(double share) => share <= 0 ? Floor : double.IsFinite(share) ? Math.Clamp(Math.Log10(share), Floor, 9) : 9;

    private static string Power(int exponent) => exponent is >= -3 and <= 3
        ? Math.Pow(10, exponent).ToString("0.###", CultureInfo.InvariantCulture) : $"1e{exponent}";

    private static string Short(string module) => module.Replace("self_blocks.", "self ").Replace("mem_blocks.", "mem ");

    private static IEnumerable<double> LinearTicks(double from, double to)
    {
        var range = Math.Max(to - from, 1);
        var power = Math.Pow(10, Math.Floor(Math.Log10(range / 4)));
        var step = Math.Max(1, new[] { 1, 2, 5, 10 }.Select(factor => factor * power).First(size => range / size <= 6));
        for (var tick = Math.Ceiling(from / step) * step; tick <= to + 1e-9; tick += step) yield return tick;
    }
}
