using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using HoloZero.Artifacts;
using HoloZero.Cli.Benchmarks;
using HoloZero.CommandLine;
using HoloZero.Runtime;

namespace HoloZero.Cli;

/// <summary><c>holozero bench</c>: how fast a model is here, and how far from what the memory allows.</summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        var defaults = new BenchmarkOptions();
        var rounds = Values.Whole<int>("--rounds", $"times to measure everything, after a warm-up [{defaults.Rounds}]");
        var bytes = Values.Whole<int>("--bytes", $"bytes to decode in a round [{defaults.Bytes}]");
        var prefillBytes = Values.Whole<int>("--prefill-bytes", "bytes to prefill at once [as many as --bytes]");
        var rows = new Option<string?>("--rows")
        {
            Description = $"numbers of sequences to give one call [{string.Join(',', defaults.BatchRows)}]",
            HelpName = "list",
        };
        var latencyOnly = new Option<bool>("--latency-only") { Description = "measure only the latency of a byte and the memory floor" };
        var sessions = Values.Whole<int>("--sessions", "serve so many generations at once and measure that instead, in turn with one");
        var noPrefixCache = new Option<bool>("--no-prefix-cache") { Description = "with --sessions: compute prompts that come again anew" };
        var noSpeculation = new Option<bool>("--no-speculation") { Description = "with --sessions: guess no bytes" };
        var prompt = new Option<string?>("--prompt-file")
        {
            Description = "with --sessions: a text whose pieces are the prompts [bytes that look like none before]",
        };
        var json = new Option<bool>("--json") { Description = "print JSON" };
        var command = new Command("bench", "Measures speed and memory, on a machine that should do nothing else meanwhile.")
        {
            rounds, bytes, prefillBytes, rows, latencyOnly, sessions, noPrefixCache, noSpeculation, prompt, json,
        };
        var arguments = new ModelArguments(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            if (parsed.GetValue(sessions) is { } count)
            {
                foreach (var (name, given) in ((string, bool)[])[("latency-only", parsed.GetValue(latencyOnly)),
                    ("rows", parsed.GetValue(rows) is not null), ("prefill-bytes", parsed.GetValue(prefillBytes) is not null)])
                {
                    if (given) throw new BadInputException(name, "it contradicts --sessions", "give one of them");
                }

                var serving = new SessionsOptions
                {
                    Sessions = count,
                    Rounds = parsed.GetValue(rounds) ?? defaults.Rounds,
                    Bytes = parsed.GetValue(bytes) ?? defaults.Bytes,
                    PrefixCache = !parsed.GetValue(noPrefixCache),
                    Speculation = !parsed.GetValue(noSpeculation),
                    Text = parsed.GetValue(prompt) is { } file ? InputBytes.Read(file, cancellation, 1 << 20) : null,
                };
                await ServeAsync(arguments, parsed, serving, parsed.GetValue(json), cancellation);
                return ExitCode.Done;
            }

            foreach (var (name, given) in ((string, bool)[])[("no-prefix-cache", parsed.GetValue(noPrefixCache)),
                ("no-speculation", parsed.GetValue(noSpeculation)), ("prompt-file", parsed.GetValue(prompt) is not null)])
            {
                if (given) throw new BadInputException(name, "it is for --sessions N", "leave it out, or give --sessions N");
            }

            var options = new BenchmarkOptions
            {
                Rounds = parsed.GetValue(rounds) ?? defaults.Rounds,
                Bytes = parsed.GetValue(bytes) ?? defaults.Bytes,
                PrefillBytes = parsed.GetValue(prefillBytes),
                BatchRows = parsed.GetValue(rows) is { } list ? Rows(list) : defaults.BatchRows,
                LatencyOnly = parsed.GetValue(latencyOnly),
            };
            options.Validate();
            using var progress = new TerminalProgress();
            using var model = arguments.Load(parsed, cancellation);
            var measured = Benchmark.Run(model, options, TimeProvider.System, progress, cancellation);
            StartUpResult? startUp = null;
            if (!options.LatencyOnly)
            {
                progress.Report("starting up");
                startUp = StartUp.Measure(arguments.ToArguments(parsed), options.Rounds, TimeProvider.System, cancellation);
            }

            progress.Dispose();
            var report = Report(model, options, measured, startUp);
            Console.WriteLine(parsed.GetValue(json) ? JsonSerializer.Serialize(report, BenchJson.Default.BenchReport) : Text(report));
            return ExitCode.Done;
        });
        return command;
    }

    private static int[] Rows(string list) => [.. list.Split(',').Select(text =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count
            : throw new BadInputException("rows", $"{Untrusted.Quote(list)} is not a list of numbers", "give 1,16 say")).Distinct()];

    private static async Task ServeAsync(ModelArguments arguments, ParseResult parsed, SessionsOptions options, bool json,
        CancellationToken cancellation)
    {
        options.Validate();
        using var progress = new TerminalProgress();
        using var model = arguments.Load(parsed, cancellation, options.Speculation);
        var measured = await new SessionsBenchmark(model, options, TimeProvider.System).RunAsync(progress, cancellation);
        progress.Dispose();
        var report = new SessionsBenchReport(BenchedModel.Of(model), BenchedMachine.This(), model.Provider.ToString().ToLowerInvariant(),
            model.Threads, options.Rounds, measured);
        Console.WriteLine(json ? JsonSerializer.Serialize(report, BenchJson.Default.SessionsBenchReport) : Text(report));
    }

    private static string Text(SessionsBenchReport report)
    {
        var measured = report.Measured;
        return string.Join('\n',
        [
            .. Head(report.Model, report.Machine, report.Threads, report.Provider),
            Line("sessions", $"{measured.Sessions,10:N0} at once, {measured.PromptBytes} bytes of prompt and {measured.Bytes} more each"),
            Line("together", $"{measured.BytesPerSecond,10:N0} bytes/s"),
            Line("one alone", $"{measured.OneSessionBytesPerSecond,10:N0} bytes/s"),
            Line("ratio", $"{measured.Ratio,10:F2} together over one"),
            Line("first byte", $"{measured.FirstByte.MedianMilliseconds,10:F2} ms from the request, median"),
            Line("", $"{measured.FirstByte.P99Milliseconds,10:F2} ms, 99th percentile"),
            Line("per byte", $"{measured.PerByte.MedianMilliseconds,10:F2} ms after the one before, median"),
            Line("", $"{measured.PerByte.P99Milliseconds,10:F2} ms, 99th percentile"),
            Line("prefix cache", $"{measured.CacheHits,10:N0} prompts found there, {measured.CacheMisses:N0} not"),
            Line("", $"{measured.CachedPromptBytes,10:N0} bytes of prompts not computed"),
            Line("drafts", $"{measured.Drafts,10:N0} bytes guessed and checked, {measured.AcceptedDrafts:N0} of them right"),
        ]);
    }

    private static IEnumerable<string> Head(BenchedModel model, BenchedMachine machine, int threads, string provider) =>
    [
        Line("model", $"{model.Source}, variant {model.Variant} ({model.Precision}), {model.Parameters:N0} parameters"),
        Line("machine", $"{machine.CpuModel}, {machine.Processors} processors; {threads} threads on {provider}"),
        Line("software", $"ONNX Runtime {machine.OnnxRuntimeVersion}, {machine.DotnetVersion}"),
    ];

    private static BenchReport Report(HoloZeroModel model, BenchmarkOptions options, BenchmarkReport measured, StartUpResult? startUp) =>
        new(BenchedModel.Of(model), BenchedMachine.This(), model.Provider.ToString().ToLowerInvariant(), model.Threads, options.Rounds,
            measured, startUp);

    private static string Text(BenchReport report)
    {
        var (model, machine, measured) = (report.Model, report.Machine, report.Measured);
        List<string> lines =
        [
            .. Head(model, machine, report.Threads, report.Provider),
            Line("file", $"{model.FileBytes / 1e6,10:F1} MB"),
            Line("latency", $"{measured.Latency.MedianMilliseconds,10:F3} ms a byte, median up to position {measured.Latency.Bytes}"),
            Line("", $"{measured.Latency.P99Milliseconds,10:F3} ms, 99th percentile"),
            Line("", $"{measured.Latency.MeanMilliseconds,10:F3} ms, mean"),
        ];
        if (measured.MemoryFloor is { } floor)
        {
            lines.Add(Line("memory floor", $"{floor.MedianMilliseconds,10:F3} ms to read {floor.WeightBytes / 1e6:F1} MB of weights"));
            lines.Add(Line("", $"{floor.GigabytesPerSecond,10:F1} GB/s"));
            lines.Add(Line("ratio", $"{measured.LatencyToFloorRatio,10:F2} latency over memory floor"));
        }
        else
        {
            lines.Add(Line("memory floor", $"not known: the manifest does not tell the weights' bytes; export the model again"));
        }

        lines.Add(Line("allocated", $"{measured.Latency.AllocatedBytesPerStep,10:N0} managed bytes a step"));
        lines.Add(Line("peak memory", $"{measured.PeakResidentBytes / 1e6,10:F1} MB resident"));
        if (measured.Prefill is { } prefill)
        {
            lines.Add(Line("prefill", $"{prefill.StreamBytesPerSecond,10:N0} bytes/s, {prefill.StreamBytes} stream bytes at once"));
            lines.Add(Line("", $"{prefill.PrefixBytesPerSecond,10:N0} bytes/s, {prefill.PrefixBytes} bytes as prefix slots"));
        }

        if (measured.Sampling is { } sampling)
        {
            lines.Add(Line("sampling", $"{sampling.GreedyMicroseconds,10:F2} us a byte, greedy"));
            lines.Add(Line("", $"{sampling.NucleusMicroseconds,10:F2} us a byte, temperature 0.8 and top-p 0.95"));
        }

        lines.AddRange(measured.Batches.Select((batch, i) => Line(i == 0 ? "batches" : "",
            $"{batch.BytesPerSecond,10:N0} bytes/s, batch {batch.Rows}, {batch.StepMilliseconds:F3} ms a call")));
        if (report.StartUp is { } startUp)
            lines.Add(Line("start-up", $"{startUp.MedianMilliseconds,10:F0} ms from process start to first byte"));
        return string.Join('\n', lines);
    }

    private static string Line(string name, FormattableString value) => $"{name,-14} {value.ToString(CultureInfo.InvariantCulture)}";
}

internal sealed record BenchReport(BenchedModel Model, BenchedMachine Machine, string Provider, int Threads, int Rounds,
    BenchmarkReport Measured, StartUpResult? StartUp);

internal sealed record SessionsBenchReport(BenchedModel Model, BenchedMachine Machine, string Provider, int Threads, int Rounds,
    SessionsReport Measured);

internal sealed record BenchedModel(string Source, string Variant, string Precision, long Parameters, long FileBytes)
{
    public static BenchedModel Of(HoloZeroModel model)
    {
        var manifest = model.Artifact.Manifest;
        return new(manifest.Source.File, model.Variant.Name, model.Variant.Precision, manifest.Model.Parameters,
            model.Artifact.FilesOf(model.Variant).Sum(file => file.Value.Bytes));
    }
}

internal sealed record BenchedMachine(string CpuModel, int Processors, IReadOnlyList<string> CpuFeatures, string OnnxRuntimeVersion,
    string DotnetVersion, string Platform)
{
    public static BenchedMachine This()
    {
        var runtime = RuntimeReport.Collect();
        return new(runtime.CpuModel, runtime.Processors, runtime.CpuFeatures, runtime.OnnxRuntimeVersion,
            RuntimeInformation.FrameworkDescription, RuntimeInformation.OSDescription);
    }
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(BenchReport))]
[JsonSerializable(typeof(SessionsBenchReport))]
internal sealed partial class BenchJson : JsonSerializerContext;
