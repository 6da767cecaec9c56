namespace HoloZero.Validation.Reports;

/// <summary>The page's style: plain, the reader's own light or dark, system fonts.</summary>
internal static class ReportStyle
{
    public const string Css = """

        :root { --paper: #ffffff; --ink: #1d2430; --soft: #5d6878; --rule: #e3e7ed; --panel: #f6f8fa; --good: #1a7f4b; --bad: #c62f3b;
          --good-back: #e2f4ea; --bad-back: #fbe6e7; --s1: #2563c9; --s2: #d07a0c; --s3: #7a4fc4; --s4: #12836f; --s5: #b03a86;
          --s6: #6b7280; }
        @media (prefers-color-scheme: dark) {
          :root { --paper: #14181f; --ink: #e4e8ee; --soft: #98a3b3; --rule: #2b323d; --panel: #1b2029; --good: #55c98c; --bad: #f2777f;
            --good-back: #16352a; --bad-back: #43202a; --s1: #74a8ff; --s2: #f0a94a; --s3: #b596f2; --s4: #4fc4ad; --s5: #e688c2;
            --s6: #9aa3b0; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--paper); color: var(--ink);
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
        main { max-width: 1060px; margin: 0 auto; padding: 32px 24px 64px; }
        h1 { font-size: 30px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -0.01em; overflow-wrap: anywhere; }
        h2 { font-size: 20px; margin: 44px 0 10px; }
        h3 { font-size: 15px; margin: 24px 0 8px; }
        p { margin: 0 0 12px; }
        .eyebrow { color: var(--soft); margin: 0 0 2px; }
        .lead { font-size: 17px; margin-bottom: 14px; }
        .badge { display: inline-block; font-size: 15px; font-weight: 600; letter-spacing: 0; padding: 3px 12px;
          border-radius: 999px; vertical-align: 5px; margin-left: 6px; }
        .badge.passed { color: var(--good); background: var(--good-back); }
        .badge.failed { color: var(--bad); background: var(--bad-back); }
        .facts { display: grid; grid-template-columns: max-content 1fr; gap: 3px 18px; margin: 0; }
        .facts dt { color: var(--soft); }
        .facts dd { margin: 0; overflow-wrap: anywhere; }
        .wide { overflow-x: auto; }
        .tall { max-height: 440px; overflow-y: auto; }
        table { border-collapse: collapse; width: 100%; font-size: 14px; }
        th, td { text-align: left; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
        thead th { color: var(--soft); font-weight: 500; white-space: nowrap; }
        tr.scope th { padding-top: 18px; font-weight: 600; }
        .n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
        code, .misses td { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
        td code { white-space: nowrap; }
        .misses td { overflow-wrap: anywhere; }
        .small { color: var(--soft); font-size: 12.5px; }
        .ok { color: var(--good); white-space: nowrap; }
        .no { color: var(--bad); font-weight: 600; white-space: nowrap; }
        .bar { display: inline-block; width: 84px; height: 7px; border-radius: 4px; background: var(--rule); margin-right: 9px;
          overflow: hidden; vertical-align: 1px; }
        .bar i { display: block; height: 100%; border-radius: 4px; background: var(--s1); }
        .bar.over i { background: var(--bad); }
        td:has(> .bar) { white-space: nowrap; }
        details { border-bottom: 1px solid var(--rule); padding: 6px 0; }
        details[open] { padding-bottom: 16px; }
        summary { cursor: pointer; padding: 4px 0; }
        .count { color: var(--bad); }
        .plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 20px; }
        figure { margin: 0; padding: 14px 14px 8px; background: var(--panel); border-radius: 10px; }
        figcaption { font-size: 14px; font-weight: 600; margin: 0 0 8px 2px; }
        .legend { display: block; font-weight: 400; color: var(--soft); font-size: 13px; }
        .key { margin-right: 14px; white-space: nowrap; }
        .key::before { content: ""; display: inline-block; width: 10px; height: 10px; border-radius: 50%; margin-right: 6px;
          background: currentColor; }
        .key.s1::before { background: var(--s1); } .key.s2::before { background: var(--s2); } .key.s3::before { background: var(--s3); }
        .key.s4::before { background: var(--s4); } .key.s5::before { background: var(--s5); } .key.s6::before { background: var(--s6); }
        svg { display: block; width: 100%; height: auto; font: 11px system-ui, sans-serif; }
        svg .tick, svg .axis { fill: var(--soft); }
        svg .note { fill: var(--ink); }
        svg .grid { stroke: var(--rule); stroke-width: 1; }
        svg .limit { stroke: var(--bad); stroke-width: 1.2; stroke-dasharray: 5 4; }
        svg .diagonal { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 2 3; }
        svg .line { fill: none; stroke-width: 1.3; stroke-linejoin: round; }
        svg .line.s1, svg .stem.s1 { stroke: var(--s1); } svg .line.s2 { stroke: var(--s2); }
        svg .stem { stroke-width: 2; } svg .stem.bad { stroke: var(--bad); }
        svg .dot.s1, svg .point.s1 { fill: var(--s1); } svg .dot.s2 { fill: var(--s2); } svg .dot.s3 { fill: var(--s3); }
        svg .dot.s4 { fill: var(--s4); } svg .dot.s5 { fill: var(--s5); } svg .dot.s6 { fill: var(--s6); }
        svg .dot.bad, svg .point.bad { fill: var(--bad); }
        svg .point { fill-opacity: 0.45; }

        """;
}
