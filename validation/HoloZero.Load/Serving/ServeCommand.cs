using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using HoloZero.Artifacts;
using HoloZero.CommandLine;

namespace HoloZero.Load.Serving;

/// <summary>
/// <c>holozero-load serve</c>: many callers for a while, then what the service holds against what it held; with requests that nobody should
/// send; and with its end in the middle.
/// </summary>
internal static class ServeCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        var server = new Option<string>("--server") { Description = "the service's program", HelpName = "file", Required = true };
        var model = new Option<string>("--model") { Description = "artifact to serve", HelpName = "folder", Required = true };
        var clients = Values.Whole<int>("--clients", "callers at once [200]");
        var seconds = Values.Number("--seconds", "how long, after a warm-up of a quarter of that [60]");
        var garbage = Values.Whole<int>("--garbage", "then so many requests that nobody should send [10000]");
        var seed = Values.Whole<int>("--seed", "what chance starts from [1]");
        var command = new Command("serve", "Loads a service with many callers, garbage and its end; nothing but 429 may go wrong.")
        {
            server, model, clients, seconds, garbage, seed,
        };
        command.SetAction((parsed, cancellation) => RunAsync(parsed.GetRequiredValue(server), parsed.GetRequiredValue(model),
            parsed.GetValue(clients) ?? 200, TimeSpan.FromSeconds(parsed.GetValue(seconds) ?? 60), parsed.GetValue(garbage) ?? 10_000,
            parsed.GetValue(seed) ?? 1, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string server, string model, int clients, TimeSpan time, int garbage, int seed,
        CancellationToken cancellation)
    {
        if (!OperatingSystem.IsLinux()) throw new MissingCapabilityException("this system has no /proc to measure in", "use Linux");
        var faults = new List<string>();
        // Fewer places to wait than callers, so that some are refused.
        string[] keys = [$"--HoloZero:Models:load:Model={Path.GetFullPath(model)}", "--HoloZero:Models:load:MaxQueued=128",
            "--HoloZero:Models:load:PrefixCacheBytes=33554432", "--HoloZero:Models:load:StopGrace=00:00:03",
            "--Logging:LogLevel:HoloZero=Warning"];
        using var service = await ServerProcess.StartAsync(Path.GetFullPath(server), keys, cancellation);
        await LoadAsync("warm-up", clients, time / 4, seed);
        var before = await RestAsync();
        await LoadAsync("load", clients, time, seed + clients);
        await GarbageAsync();
        var after = await RestAsync(before);
        Console.WriteLine($"before  {before}");
        Console.WriteLine($"after   {after}");
        faults.AddRange(after.Excess(before));
        await EndAsync();

        foreach (var fault in faults) Console.WriteLine($"FAULT {Untrusted.OneLine(fault)}");
        Console.WriteLine(faults.Count == 0 ? "nothing went wrong" : $"{faults.Count} faults");
        return faults.Count == 0 ? ExitCode.Done : ExitCode.FoundWanting;

        async Task LoadAsync(string name, int callers, TimeSpan length, int chance, Func<Task>? end = null)
        {
            var tally = new Tally();
            using var client = NewClient();
            var caller = new Caller(client, tally);
            await caller.AskAloneAsync(cancellation);
            var start = Stopwatch.GetTimestamp();
            var ending = end is null ? Task.CompletedTask : EndLater(end, caller, length / 2);
            await Task.WhenAll(Enumerable.Range(0, callers).Select(async number =>
            {
                var random = new Random(chance + number);
                while (Stopwatch.GetElapsedTime(start) < length && !cancellation.IsCancellationRequested)
                {
                    await caller.CallAsync(random, cancellation);
                    if (caller.MayEnd) await Task.Delay(100, cancellation);
                }
            }));
            await ending;
            var taken = Stopwatch.GetElapsedTime(start).TotalSeconds;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{name}: {callers} callers, {taken:F0} s, {tally.Bytes / taken:N0} bytes/s in whole answers, first byte after "
                    + $"{tally.FirstByteAt(0.5):F0} ms (median), {tally.FirstByteAt(0.99):F0} ms (99th percentile)"));
            foreach (var (what, count) in tally.Counts)
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {count,9:N0}  {what}"));
            faults.AddRange(tally.Faults.Select(fault => $"{name}: {fault}"));
        }

        async Task EndLater(Func<Task> end, Caller caller, TimeSpan wait)
        {
            await Task.Delay(wait, cancellation);
            caller.MayEnd = true;
            await end();
        }

        async Task GarbageAsync()
        {
            var tally = new Tally();
            using var client = NewClient();
            var caller = new Caller(client, tally);
            var left = garbage;
            await Task.WhenAll(Enumerable.Range(0, 8).Select(async number =>
            {
                var random = new Random(seed + 3 * clients + number);
                while (Interlocked.Decrement(ref left) >= 0) await caller.GarbageAsync(random, cancellation);
            }));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"garbage: {garbage:N0} requests"));
            foreach (var (what, count) in tally.Counts)
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {count,9:N0}  {what}"));
            faults.AddRange(tally.Faults);
        }

        async Task<ProcessResources> RestAsync(ProcessResources? goal = null)
        {
            for (var tries = 0; tries < 100; tries++)
            {
                if (await InUseAsync() == 0) break;
                await Task.Delay(100, cancellation);
            }

            if (await InUseAsync() is > 0 and var stuck) faults.Add($"{stuck} rows are in use although nobody is there");
            // What has ended a moment ago is freed a moment later; idle threads of the pool take longest.
            var now = service.Measure();
            for (var waited = 0; waited < 5 || waited < 60 && goal is not null && now.Excess(goal).Count > 0; waited++)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), cancellation);
                now = service.Measure();
            }

            return now;
        }

        // Each phase closes its connections with it.
        HttpClient NewClient() => new() { BaseAddress = service.Address, Timeout = TimeSpan.FromMinutes(5) };

        async Task<int> InUseAsync()
        {
            using var client = NewClient();
            var metrics = await client.GetStringAsync("/metrics", cancellation);
            int[] counts = [.. metrics.Split('\n').Where(line => line.StartsWith("holozero_rows", StringComparison.Ordinal)
                || line.StartsWith("holozero_queue_length", StringComparison.Ordinal))
                .Select(line => int.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture))];
            return counts.Length > 0 ? counts.Sum() : throw new UnsoundModelException("/metrics does not tell who runs or waits");
        }

        async Task EndAsync()
        {
            await LoadAsync("end", Math.Min(clients, 50), TimeSpan.FromSeconds(8), seed + 2 * clients, service.TerminateAsync);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            patience.CancelAfter(TimeSpan.FromSeconds(30));
            await service.EndedAsync(patience.Token);
            Console.WriteLine($"ended with {service.ExitCode}");
            if (service.ExitCode != 0) faults.Add($"it ended with {service.ExitCode}");
        }
    }
}
