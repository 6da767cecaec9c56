using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
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
        var bytes = Values.Whole<int>("--bytes", $"bytes to decode in a round, and to prefill at once [{defaults.Bytes}]");
        var latencyOnly = new Option<bool>("--latency-only") { Description = "measure only the latency of a byte and the memory floor" };
        var json = new Option<bool>("--json") { Description = "print JSON" };
        var command = new Command("bench", "Measures speed and memory, on a machine that should do nothing else meanwhile.")
        {
            rounds, bytes, latencyOnly, json,
        };
        var arguments = new ModelArguments(command);
        command.SetAction((parsed, cancellation) =>
        {
            var options = new BenchmarkOptions
            {
                Rounds = parsed.GetValue(rounds) ?? defaults.Rounds,
                Bytes = parsed.GetValue(bytes) ?? defaults.Bytes,
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
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static BenchReport Report(HoloZeroModel model, BenchmarkOptions options, BenchmarkReport measured, StartUpResult? startUp)
    {
        var runtime = RuntimeReport.Collect();
        var manifest = model.Artifact.Manifest;
        return new(new(manifest.Source.File, model.Variant.Name, model.Variant.Precision, manifest.Model.Parameters,
                manifest.Files.Where(file => file.Key.StartsWith(model.Variant.File, StringComparison.Ordinal))
                    .Sum(file => file.Value.Bytes)),
            new(runtime.CpuModel, runtime.Processors, runtime.CpuFeatures, runtime.OnnxRuntimeVersion,
                RuntimeInformation.FrameworkDescription, RuntimeInformation.OSDescription),
            model.Provider.ToString().ToLowerInvariant(), model.Threads, options.Rounds, measured, startUp);
    }

    private static string Text(BenchReport report)
    {
        var (model, machine, measured) = (report.Model, report.Machine, report.Measured);
        var lines = new List<string>
        {
            Line("model", $"{model.Source}, variant {model.Variant} ({model.Precision}), {model.Parameters:N0} parameters"),
            Line("machine", $"{machine.CpuModel}, {machine.Processors} processors; {report.Threads} threads on {report.Provider}"),
            Line("software", $"ONNX Runtime {machine.OnnxRuntimeVersion}, {machine.DotnetVersion}"),
            Line("file", $"{model.FileBytes / 1e6,10:F1} MB"),
            Line("latency", $"{measured.Latency.MedianMilliseconds,10:F3} ms a byte, median up to position {measured.Latency.Bytes}"),
            Line("", $"{measured.Latency.P99Milliseconds,10:F3} ms, 99th percentile"),
            Line("", $"{measured.Latency.MeanMilliseconds,10:F3} ms, mean"),
        };
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

internal sealed record BenchedModel(string Source, string Variant, string Precision, long Parameters, long FileBytes);

internal sealed record BenchedMachine(string CpuModel, int Processors, IReadOnlyList<string> CpuFeatures, string OnnxRuntimeVersion,
    string DotnetVersion, string Platform);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(BenchReport))]
internal sealed partial class BenchJson : JsonSerializerContext;
