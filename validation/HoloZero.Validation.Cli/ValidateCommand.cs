using System.CommandLine;
using HoloZero.CommandLine;
using HoloZero.Runtime;
using HoloZero.Validation.Reports;

namespace HoloZero.Validation.Cli;

/// <summary><c>holozero-validate --model DIR [--golden DIR] [--report DIR]</c>.</summary>
internal static class ValidateCommand
{
    public static RootCommand Create()
    {
        var model = new Option<string>("--model") { Description = "artifact folder that holozero-export wrote", Required = true };
        var golden = new Option<string?>("--golden") { Description = "goldens made by other people's code [the float64 reference alone]" };
        var report = new Option<string?>("--report") { Description = "folder to write report.json and report.html to" };
        var variants = new Option<string[]>("--variant") { Description = "graph to check; may be repeated [all]" };
        var provider = Values.Choice("--provider", "what to run the graphs on; auto is all that load", ExecutionProvider.Auto);
        var quick = new Option<bool>("--quick") { Description = "try the front door on all pairs of bytes only, not on all triples" };
        var json = new Option<bool>("--json") { Description = "print the report as JSON" };
        var root = new RootCommand("Compares an exported model with the published one, down to every state tensor and block. "
            + "Exit code 1 on any miss.")
        {
            model, golden, report, variants, provider, quick, json,
        };
        root.SetAction((parsed, cancellation) =>
        {
            if (parsed.GetValue(report) is { } planned) ReportFolder.RequireWritable(planned);
            var engines = Engines.All();
            ValidationReport result;
            using (var progress = new TerminalProgress())
            {
                result = ArtifactValidator.Validate(parsed.GetRequiredValue(model), parsed.GetValue(golden), new()
                {
                    Variants = parsed.GetValue(variants) ?? [],
                    Provider = parsed.GetValue(provider),
                    Engines = engines.There,
                    MissingEngines = engines.Missing,
                    AllTriples = !parsed.GetValue(quick),
                    Progress = progress,
                    Cancellation = cancellation,
                });
            }

            if (parsed.GetValue(report) is { } folder) ReportFolder.Write(result, folder);
            if (parsed.GetValue(json)) PrintJson(result);
            else TerminalReport.Print(result, parsed.GetValue(report));
            return Task.FromResult(result.Passed ? ExitCode.Done : ExitCode.FoundWanting);
        });
        return root;
    }

    private static void PrintJson(ValidationReport report)
    {
        using var output = Console.OpenStandardOutput();
        ReportJson.Write(report, output);
    }
}
