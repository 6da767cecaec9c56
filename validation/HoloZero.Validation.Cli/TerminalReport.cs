using System.Globalization;
using HoloZero.Validation.Reports;

namespace HoloZero.Validation.Cli;

/// <summary>A report for the terminal: a line per check, then the first misses of each. Colours only where there is a terminal.</summary>
internal static class TerminalReport
{
    private const int ShownMisses = 5;
    private const int CheckWidth = 17;
    private const int SubjectWidth = 38;
    private const int CellWidth = 14;

    private static readonly bool Coloured = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("NO_COLOR") is null;

    public static void Print(ValidationReport report, string? folder)
    {
        Line($"{report.Artifact}: {report.Model}");
        Line($"compared with {report.Goldens}");
        if (report.Environment is { } machine) Line($"ONNX Runtime {machine.OnnxRuntimeVersion}, {machine.CpuModel}");
        Line();
        Line(Row("check", "subject", "worst error", "allowed", "verdict"));
        foreach (var scope in CheckGroup.Of(report.Checks).GroupBy(group => group.Scope))
        {
            Line();
            Line(Bold(scope.Key));
            foreach (var group in scope)
            {
                var (error, allowed) = group.Worst is { } worst ? (Number(worst.Error), Number(worst.Allowed)) : ("", "");
                Line(Row(group.Check, group.Subject, error, allowed, group.Passed ? Green("passed") : Red("FAILED")));
            }
        }

        Providers(report);
        NotChecked(report);
        foreach (var check in report.Checks.Where(check => !check.Passed)) Misses(check, folder);
        Line();
        Line(Verdict(report));
        if (folder is not null) Line($"report: {Path.Combine(folder, ReportFolder.HtmlFile)}");
    }

    private static void Providers(ValidationReport report)
    {
        if (ProviderTable.Of(report) is not { } table) return;
        Line();
        Line(Bold($"{"providers",-CheckWidth}  {string.Concat(table.Providers.Select(name => $" {name,CellWidth}"))}"));
        foreach (var variant in table.Rows.GroupBy(row => row.Variant))
        {
            Line();
            Line(Bold(variant.Key));
            foreach (var row in variant)
                Line($"  {row.Label,-CheckWidth}{string.Concat(row.Cells.Select(cell => $" {cell.Text,CellWidth}"))}");
        }
    }

    private static void NotChecked(ValidationReport report)
    {
        if (report.NotChecked.Count == 0) return;
        Line();
        Line(Bold("not checked"));
        foreach (var item in report.NotChecked) Line($"  {item.Subject}: {item.Reason}");
    }

    private static void Misses(CheckResult check, string? folder)
    {
        Line();
        Line(Red($"{check.Check}, {check.Scope}, {check.Subject}: {Count(check.Misses.Count)}"));
        foreach (var miss in check.Misses.Take(ShownMisses)) Line($"  {miss.Position}: is {miss.Actual}, expected {miss.Expected}");
        if (check.Misses.Count > ShownMisses)
        {
            var where = folder is null ? "(--report DIR lists all)" : $"in {Path.Combine(folder, ReportFolder.JsonFile)}";
            Line(string.Create(CultureInfo.InvariantCulture, $"  {check.Misses.Count - ShownMisses:N0} more {where}"));
        }
    }

    private static string Verdict(ValidationReport report)
    {
        var failed = report.Checks.Where(check => !check.Passed).ToArray();
        if (failed.Length == 0)
        {
            return string.Create(CultureInfo.InvariantCulture,
                $"{Green("PASSED")}: {report.Checks.Count} comparisons in {report.Duration.TotalSeconds:0.0} s");
        }
        return $"{Red("FAILED")}: {failed.Length} of {report.Checks.Count} comparisons "
            + $"({string.Join(", ", failed.Select(check => check.Check).Distinct())}), {Count(failed.Sum(check => check.Misses.Count))}";
    }

    private static string Row(string check, string subject, string error, string allowed, string verdict) =>
        $"  {check,-CheckWidth} {subject,-SubjectWidth} {error,11} {allowed,9}  {verdict}";

    private static string Count(int misses) => misses == 1 ? "1 miss" : string.Create(CultureInfo.InvariantCulture, $"{misses:N0} misses");

    private static string Number(double value) => value.ToString(value == 0 ? "0" : "0.0e+0", CultureInfo.InvariantCulture);

    private static string Bold(string text) => Style("1", text);

    private static string Green(string text) => Style("32", text);

    private static string Red(string text) => Style("31", text);

    private static string Style(string code, string text) => Coloured ? $"\u001b[{code}m{text}\u001b[0m" : text;

    private static void Line(string text = "") => Console.Out.WriteLine(text);
}
