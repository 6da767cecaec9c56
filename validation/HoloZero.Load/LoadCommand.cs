using System.CommandLine;
using System.Diagnostics;
using HoloZero.Artifacts;
using HoloZero.CommandLine;

namespace HoloZero.Load;

/// <summary>Loads, uses and disposes models at random, and then holds what the process has against what it had.</summary>
internal static class LoadCommand
{
    /// <summary>The command.</summary>
    public static RootCommand Create()
    {
        var models = new Option<string[]>("--model")
        {
            Description = "Artifacts to use, all their variants",
            HelpName = "folder",
            Required = true,
        };
        var minutes = Values.Number("--minutes", "How long, after a warm-up of a quarter of that [2]");
        var threads = Values.Whole<int>("--threads", "Workers at once [4]");
        var seed = Values.Whole<int>("--seed", "What chance starts from [1]");
        var requests = Values.Whole<long>("--requests", "Instead: so many requests to one generator a model, a third of them cancelled");
        var command = new RootCommand("Loads, uses and disposes models at random; memory, threads and handles must be back to base.")
        {
            models, minutes, threads, seed, requests,
        };
        command.SetAction((parsed, cancellation) => RunAsync(parsed.GetValue(models)!, TimeSpan.FromMinutes(parsed.GetValue(minutes) ?? 2),
            Math.Max(parsed.GetValue(threads) ?? 4, 1), parsed.GetValue(seed) ?? 1, parsed.GetValue(requests), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string[] folders, TimeSpan time, int threads, int seed, long? requests,
        CancellationToken cancellation)
    {
        if (!OperatingSystem.IsLinux()) throw new MissingCapabilityException("this system has no /proc to count handles in", "use Linux");
        var graphs = folders.SelectMany(folder => ArtifactFolder.Open(folder).Manifest.Variants,
            (folder, variant) => (folder, variant.Name)).ToList();

        // The first run of everything compiles code and fills pools, which stay.
        var soak = await RunAsync(graphs, time / 4, threads, seed, requests / 4, cancellation);
        var before = soak.Failures.Count > 0 ? ProcessResources.Measure() : await Rest();
        Console.WriteLine($"warm:  {before}");
        if (soak.Failures.Count == 0) soak = await RunAsync(graphs, time, threads, seed + threads, requests, cancellation);
        var after = await ProcessResources.SettleAsync(before, TimeSpan.FromMinutes(1));
        Console.WriteLine($"after: {after}");

        foreach (var (name, (done, interrupted)) in soak.Counts.OrderBy(count => count.Key, StringComparer.Ordinal))
            Console.WriteLine($"{name,-10} {done,8} done {interrupted,8} interrupted as promised");
        var faults = soak.Failures.Concat(after.Excess(before)).ToList();
        foreach (var fault in faults) Console.WriteLine($"FAULT {fault}");
        Console.WriteLine(faults.Count == 0 ? "back to base" : $"{faults.Count} faults");
        return faults.Count == 0 ? ExitCode.Done : ExitCode.FoundWanting;

        static async Task<ProcessResources> Rest()
        {
            await Task.Delay(TimeSpan.FromSeconds(2));
            return ProcessResources.Measure();
        }
    }

    private static async Task<Soak> RunAsync(IEnumerable<(string Folder, string Variant)> graphs, TimeSpan time, int threads, int seed,
        long? requests, CancellationToken cancellation)
    {
        var models = graphs.Select(graph => new SharedModel(graph.Folder, graph.Variant)).ToList();
        try
        {
            var actions = await Actions.CreateAsync(models);
            var soak = new Soak(requests is null ? actions.All : actions.Serving);
            var watch = Stopwatch.StartNew();
            await soak.RunAsync(threads, seed,
                begun => (requests is null ? watch.Elapsed < time : begun <= requests) && !cancellation.IsCancellationRequested);
            cancellation.ThrowIfCancellationRequested();
            foreach (var model in models) await RequireNobodyStuckAsync(model);
            return soak;
        }
        finally
        {
            foreach (var model in models) await model.DisposeAsync();
        }
    }

    /// <summary>All have gone: within a moment nothing runs or waits any more.</summary>
    private static async Task RequireNobodyStuckAsync(SharedModel model)
    {
        for (var times = 0; times < 100; times++)
        {
            if (model.Generator.Statistics is { Rows: 0, Queued: 0 }) return;
            await Task.Delay(50);
        }

        throw new InvalidOperationException($"{model.Name}: {model.Generator.Statistics} although nobody is there");
    }
}
