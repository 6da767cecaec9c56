using System.CommandLine;
using System.Diagnostics;
using System.Security.Cryptography;
using HoloZero.Artifacts;
using HoloZero.CommandLine;
using HoloZero.Fuzz.Targets;

namespace HoloZero.Fuzz;

/// <summary>Attacks readers for as long as asked, one after the other. Exit codes: 0 nothing found, 1 something was.</summary>
internal static class FuzzCommand
{
    /// <summary>The command.</summary>
    public static RootCommand Create()
    {
        var validation = new Option<string>("--validation")
        {
            Description = "The folder validation of a checkout",
            HelpName = "folder",
            Required = true,
        };
        var output = new Option<string>("--output") { Description = "Where findings go", HelpName = "folder", Required = true };
        var minutes = Values.Number("--minutes", "How long, all targets together [2]");
        var seed = Values.Whole<int>("--seed", "What chance starts from [1]");
        var targets = new Option<string[]>("--target") { Description = "What to attack [everything]", HelpName = "name" };
        var essence = new Option<string?>("--essence")
        {
            Description = "Where to put the smallest inputs that reach, beyond the seeds, what was reached",
            HelpName = "folder",
        };
        var command = new RootCommand("Attacks the readers of HoloZero with damaged files.")
        {
            validation, output, minutes, seed, targets, essence,
        };
        command.SetAction((parsed, cancellation) => Task.FromResult(Run(parsed.GetValue(validation)!, parsed.GetValue(output)!,
            TimeSpan.FromMinutes(parsed.GetValue(minutes) ?? 2), parsed.GetValue(seed) ?? 1, parsed.GetValue(targets) ?? [],
            parsed.GetValue(essence), cancellation)));
        return command;
    }

    private static int Run(string validation, string output, TimeSpan time, int seed, string[] names, string? essence,
        CancellationToken cancellation)
    {
        var targets = AllTargets.Create(validation);
        if (names.Except(targets.Select(target => target.Name)).FirstOrDefault() is { } unknown)
        {
            throw new BadInputException("target", $"{Untrusted.Quote(unknown)} is unknown",
                $"choose from {string.Join(", ", targets.Select(target => target.Name))}");
        }
        var chosen = targets.Where(target => names.Length == 0 || names.Contains(target.Name)).ToList();
        Directory.CreateDirectory(output);
        var found = 0;
        foreach (var target in chosen)
        {
            // The input that is being read stays there if the process dies of it.
            var work = Directory.CreateDirectory(Path.Combine(output, $"{target.Name}.current"));
            var campaign = new Campaign(target, AllTargets.Corpus(validation, target.Name), seed, work.FullName);
            var watch = Stopwatch.StartNew();
            var findings = campaign.Run(() => watch.Elapsed < time / chosen.Count && !cancellation.IsCancellationRequested);
            cancellation.ThrowIfCancellationRequested();
            var reached = campaign.Edges > 0 ? $"{campaign.Edges} branches, {campaign.Pool} inputs reach them" : "not instrumented";
            Console.WriteLine($"{target.Name,-14} {campaign.Inputs,9} inputs  {campaign.Attempts.Read,9} read  "
                + $"{campaign.Attempts.Refused,9} refused  {reached}");
            foreach (var finding in findings) Report(output, finding);
            found += findings.Count;
            if (essence is not null && findings.All(finding => finding.Kind != Finding.Hang))
                Keep(Path.Combine(essence, target.Name), campaign, cancellation);
            work.Delete(recursive: true);
        }
        Console.WriteLine(found == 0 ? "nothing found" : $"{found} found, see {output}");
        return found == 0 ? ExitCode.Done : ExitCode.FoundWanting;
    }

    private static void Report(string output, Finding finding)
    {
        var name = Path.Combine(output, $"{finding.Target}-{Name(finding.Input)}");
        File.WriteAllBytes(name, finding.Input);
        File.WriteAllText($"{name}.txt", $"{finding.Kind}\n{finding.Details}\n");
        Console.WriteLine($"  FOUND {finding.Kind}\n        {finding.Input.Length} bytes: {name}");
    }

    private static void Keep(string folder, Campaign campaign, CancellationToken cancellation)
    {
        const int mostBytes = 4096;
        Directory.CreateDirectory(folder);
        foreach (var input in campaign.Essence(mostBytes, cancellation)) File.WriteAllBytes(Path.Combine(folder, Name(input)), input);
    }

    private static string Name(byte[] input) => Convert.ToHexStringLower(SHA256.HashData(input))[..12];
}
