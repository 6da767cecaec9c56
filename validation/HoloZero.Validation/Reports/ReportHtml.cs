using System.Globalization;
using System.Text;
using static HoloZero.Validation.Reports.SvgPlot;

namespace HoloZero.Validation.Reports;

/// <summary>The report as one page: style and plots inside, nothing from anywhere else, no scripts.</summary>
internal sealed class ReportHtml
{
    private const int ShownMisses = 100;
    private readonly StringBuilder _page = new();
    private readonly ValidationReport _report;
    private readonly IReadOnlyList<CheckGroup> _groups;

    private ReportHtml(ValidationReport report) => (_report, _groups) = (report, CheckGroup.Of(report.Checks));

    /// <summary>The whole page.</summary>
    public static string Page(ValidationReport report)
    {
        var html = new ReportHtml(report);
        html.Header();
        html.Summary();
        html.Providers();
        html.Plots();
        html.Misses();
        html.Details();
        html.Environment();
        html._page.Append("</main>\n</body>\n</html>\n");
        return html._page.ToString();
    }

    private void Header()
    {
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(_report.Artifact));
        var failed = _report.Checks.Where(check => !check.Passed).ToArray();
        var verdict = _report.Passed ? "passed" : "failed";
        var words = _report.Passed
            ? $"All {_report.Checks.Count} comparisons passed: on this machine the artifact computes the published model."
            : $"{failed.Length} of {_report.Checks.Count} comparisons failed: "
                + $"{string.Join(", ", failed.Select(check => check.Check).Distinct())}.";
        _page.Append(CultureInfo.InvariantCulture, $"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>{Escape(name)} {verdict} validation</title>
            <style>{ReportStyle.Css}</style>
            </head>
            <body>
            <main>
            <header>
            <p class="eyebrow">HoloZero validation</p>
            <h1>{Escape(name)} <span class="badge {verdict}">{verdict}</span></h1>
            <p class="lead">{Escape(words)}</p>
            <dl class="facts">
            <dt>Model</dt><dd>{Escape(_report.Model)}</dd>
            <dt>Compared with</dt><dd>{Escape(_report.Goldens)}</dd>
            <dt>Run</dt><dd>{_report.Created:yyyy-MM-dd HH:mm} UTC, {_report.Duration.TotalSeconds:0.0} s</dd>
            </dl>
            </header>

            """);
    }

    private void Summary()
    {
        _page.Append("<section>\n<h2>Checks</h2>\n<div class=\"wide\"><table>\n"
            + "<thead><tr><th>Check</th><th>Subject</th><th class=\"n\">Worst error</th>"
            + "<th class=\"n\">Allowed</th><th>Share of allowed</th><th>Verdict</th></tr></thead>\n");
        foreach (var scope in _groups.GroupBy(group => group.Scope))
        {
            _page.Append($"<tbody><tr class=\"scope\"><th colspan=\"6\">{Escape(scope.Key)}</th></tr>\n");
            foreach (var group in scope)
            {
                _page.Append($"<tr><td><code>{Escape(group.Check)}</code></td><td>{Escape(group.Subject)}</td>{Margin(group.Worst)}"
                    + $"<td>{Verdict(group.Passed, group.Results.Sum(result => result.Misses.Count))}</td></tr>\n");
            }

            _page.Append("</tbody>\n");
        }

        _page.Append("</table></div>\n");
        if (_report.NotChecked.Count > 0)
        {
            _page.Append("<h3>Not checked</h3>\n<dl class=\"facts\">\n");
            foreach (var item in _report.NotChecked) _page.Append($"<dt>{Escape(item.Subject)}</dt><dd>{Escape(item.Reason)}</dd>\n");
            _page.Append("</dl>\n");
        }

        _page.Append("</section>\n");
    }

    private void Providers()
    {
        if (ProviderTable.Of(_report) is not { } table) return;
        _page.Append("<section>\n<h2>Providers</h2>\n<p>The worst error of each check, as above, and of what runs on several the largest "
            + "difference of a logit on the same inputs.</p>\n<div class=\"wide\"><table>\n<thead><tr><th>Check</th>"
            + $"{string.Concat(table.Providers.Select(name => $"<th class=\"n\">{Escape(name)}</th>"))}</tr></thead>\n");
        foreach (var variant in table.Rows.GroupBy(row => row.Variant))
        {
            _page.Append(CultureInfo.InvariantCulture,
                $"<tbody><tr class=\"scope\"><th colspan=\"{1 + table.Providers.Count}\">{Escape(variant.Key)}</th></tr>\n");
            foreach (var row in variant)
            {
                _page.Append($"<tr><td>{Escape(row.Label)}</td>{string.Concat(row.Cells.Select(cell => $"<td class=\"n\" "
                    + $"title=\"{Escape(cell.Where)}\">{(cell.Passed ? Escape(cell.Text)
                        : $"<span class=\"no\">{Escape(cell.Text)}</span>")}</td>"))}</tr>\n");
            }

            _page.Append("</tbody>\n");
        }

        _page.Append("</table></div>\n</section>\n");
    }

    private void Plots()
    {
        if (_report.Measurements.Count == 0) return;

        var scopes = _report.Measurements.Select(scope => scope.Scope).ToArray();
        _page.Append("<section>\n<h2>Errors</h2>\n"
            + "<p>Errors are shares of what is allowed, on a logarithmic axis: 1 is the limit of each tensor.</p>\n");
        var measured = _groups.Where(group => scopes.Contains(group.Scope) && group.Worst is not null).ToArray();
        foreach (var scope in _report.Measurements)
        {
            _page.Append($"<h3>{Escape(scope.Scope)}</h3>\n<div class=\"plots\">\n");
            var traces = _report.Checks.Where(check => check.Check == CheckNames.Trace && check.Scope == scope.Scope).ToArray();
            if (scope.Positions.Any(curve => curve.Shares.Count > 0))
            {
                Figure("Logits along the stream, the worst of all cases", Charts.Positions(scope),
                    string.Concat(scope.Positions.Select((curve, index) =>
                        $"<span class=\"key s{index + 1}\">{Escape(curve.Mode)}</span>")));
            }

            if (traces.Length > 0) Figure("Output of each block, in the order in which they run", Charts.Blocks(traces));
            if (scope.Logits.Count > 0) Figure($"{scope.Logits.Count} of the logits, evenly picked", Charts.Scatter(scope));
            if (measured.Length > 0 && scope == _report.Measurements[0])
            {
                Figure("Each check's worst, by variant and provider", Charts.Checks(measured, scopes),
                    string.Concat(scopes.Select((name, index) => $"<span class=\"key s{index % 6 + 1}\">{Escape(name)}</span>")));
            }

            _page.Append("</div>\n");
        }

        _page.Append("</section>\n");
    }

    private void Figure(string title, string svg, string legend = "") =>
        _page.Append($"<figure><figcaption>{Escape(title)}{(legend.Length > 0 ? $"<span class=\"legend\">{legend}</span>" : "")}"
            + $"</figcaption>{svg}</figure>\n");

    private void Misses()
    {
        var failed = _report.Checks.Where(check => !check.Passed).ToArray();
        if (failed.Length == 0) return;

        _page.Append("<section>\n<h2>What is wrong</h2>\n");
        foreach (var (check, index) in failed.Select((check, index) => (check, index)))
        {
            _page.Append($"<details{(index == 0 ? " open" : "")}><summary><code>{Escape(check.Check)}</code> "
                + $"{Escape(check.Scope)}: {Escape(check.Subject)} "
                + $"<span class=\"count\">{Count(check.Misses.Count)}</span></summary>\n"
                + "<div class=\"wide tall\"><table class=\"misses\"><thead><tr>"
                + "<th>Position</th><th>Actual</th><th>Expected</th></tr></thead><tbody>\n");
            foreach (var miss in check.Misses.Take(ShownMisses))
                _page.Append($"<tr><td>{Escape(miss.Position)}</td><td>{Escape(miss.Actual)}</td><td>{Escape(miss.Expected)}</td></tr>\n");
            _page.Append("</tbody></table></div>\n");
            if (check.Misses.Count > ShownMisses)
            {
                _page.Append(CultureInfo.InvariantCulture,
                    $"<p>{check.Misses.Count - ShownMisses:N0} more: {ReportFolder.JsonFile} lists all of them.</p>\n");
            }
            _page.Append("</details>\n");
        }

        _page.Append("</section>\n");
    }

    private void Details()
    {
        _page.Append(CultureInfo.InvariantCulture, $"<section>\n<h2>Every comparison</h2>\n"
            + $"<details><summary>{_report.Checks.Count} comparisons</summary>\n<div class=\"wide\"><table>\n");
        _page.Append("<thead><tr><th>Check</th><th>Scope</th><th>Subject</th>"
            + "<th class=\"n\">Worst error</th><th class=\"n\">Allowed</th><th>Share of allowed</th>"
            + "<th>Measured</th><th>Verdict</th></tr></thead><tbody>\n");
        foreach (var check in _report.Checks)
        {
            var metrics = string.Join(", ", check.Metrics.Where(metric => metric.Key != "max_abs")
                .Select(metric => $"{metric.Key} {Charts.Number(metric.Value)}"));
            _page.Append($"<tr><td><code>{Escape(check.Check)}</code></td><td>{Escape(check.Scope)}</td>"
                + $"<td>{Escape(check.Subject)}</td>{Margin(check.Worst)}"
                + $"<td class=\"small\">{Escape(metrics)}</td><td>{Verdict(check.Passed, check.Misses.Count)}</td></tr>\n");
        }

        _page.Append("</tbody></table></div></details>\n</section>\n");
    }

    private void Environment()
    {
        if (_report.Tolerances.Count > 0)
        {
            _page.Append("<section>\n<h2>What is allowed, and why</h2>\n<div class=\"wide\"><table>"
                + "<thead><tr><th>Subject</th><th>Limit</th><th>Reason</th></tr></thead><tbody>\n");
            foreach (var rule in _report.Tolerances)
                _page.Append($"<tr><td>{Escape(rule.Subject)}</td><td>{Escape(rule.Rule)}</td><td>{Escape(rule.Reason)}</td></tr>\n");
            _page.Append("</tbody></table></div>\n</section>\n");
        }

        if (_report.Environment is not { } machine) return;
        _page.Append(CultureInfo.InvariantCulture, $"""
            <section>
            <h2>Machine</h2>
            <dl class="facts">
            <dt>ONNX Runtime</dt>
            <dd>{Escape(machine.OnnxRuntimeVersion)} (managed assembly {Escape(machine.OnnxRuntimeManagedVersion)})</dd>
            <dt>Processor</dt><dd>{Escape(machine.CpuModel)}, {machine.Processors} for this process</dd>
            <dt>Instructions</dt><dd>{Escape(string.Join(' ', machine.CpuFeatures))}</dd>
            <dt>Platform</dt><dd>{Escape(machine.Platform)}</dd>
            </dl>
            </section>

            """);
    }

    private static string Margin(Margin? worst)
    {
        if (worst is null) return "<td></td><td></td><td></td>";
        var width = Math.Clamp(worst.Share, 0, 1) * 100;
        var share = worst.Allowed == 0 && worst.Error == 0 ? "exact" : !double.IsFinite(worst.Share) ? "beyond"
            : worst.Share >= 10 ? string.Create(CultureInfo.InvariantCulture, $"{worst.Share:#,0} times")
            : worst.Share < 0.001 ? "below 0.1 %" : string.Create(CultureInfo.InvariantCulture, $"{worst.Share * 100:#,0.#} %");
        return string.Create(CultureInfo.InvariantCulture,
            $"<td class=\"n\" title=\"{Escape(worst.Where)}\">{Charts.Number(worst.Error)}</td>"
            + $"<td class=\"n\">{Charts.Number(worst.Allowed)}</td>"
            + $"<td><span class=\"bar{(worst.Share > 1 ? " over" : "")}\"><i style=\"width:{width:0.#}%\"></i></span>{share}</td>");
    }

    private static string Verdict(bool passed, int misses) =>
        passed ? "<span class=\"ok\">passed</span>" : $"<span class=\"no\">failed, {Count(misses)}</span>";

    private static string Count(int misses) => misses == 1 ? "1 miss" : string.Create(CultureInfo.InvariantCulture, $"{misses:N0} misses");
}
