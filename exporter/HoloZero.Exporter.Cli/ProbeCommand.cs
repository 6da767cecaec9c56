using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using HoloZero.Artifacts;
using HoloZero.CommandLine;
using HoloZero.Models;
using HoloZero.Models.Checkpoints;
using HoloZero.Training;

namespace HoloZero.Exporter.Cli;

/// <summary><c>holozero-export probe F --text T</c>: which of eight readings of the architecture a checkpoint was trained with.</summary>
internal static class ProbeCommand
{
    public static Command Create()
    {
        var layout = new WindowLayout();
        var file = new Argument<string>("checkpoint") { Description = "PyTorch (.pt) or safetensors checkpoint" };
        var text = new Option<string>("--text") { Description = "text of the kind that it was trained on", Required = true };
        var slots = Values.Whole<int>("--prefix-slots", $"prefix slots before each stream [{layout.PrefixSlots}]");
        var stream = Values.Whole<int>("--stream-bytes", $"stream bytes of a window [{layout.StreamBytes}]");
        var stride = Values.Whole<int>("--stride", "bytes from one window to the next [one less than --stream-bytes]");
        var most = Values.Whole<int>("--max-bytes", "read no more of the text [all]");
        var json = new Option<bool>("--json") { Description = "print JSON" };
        var command = new Command("probe",
            "Tells which reading of the architecture a checkpoint was trained with, by bits per byte of a text.")
        {
            file, text, slots, stream, stride, most, json,
        };
        var readings = new ReadingArguments(command);
        var engine = new EngineArguments(command, "what computes");
        command.SetAction((parsed, cancellation) =>
        {
            var streamBytes = parsed.GetValue(stream) ?? layout.StreamBytes;
            var chosen = new WindowLayout(parsed.GetValue(slots) ?? layout.PrefixSlots, streamBytes,
                parsed.GetValue(stride) ?? Math.Max(1, streamBytes - 1));
            var limit = parsed.GetValue(most);
            if (limit < 1) throw new BadInputException("max-bytes", $"{limit} leaves nothing", "choose 1 or more");
            var bytes = InputBytes.Read(parsed.GetRequiredValue(text), cancellation, limit);
            var computes = engine.ForMeasuring(parsed);
            var found = Run(parsed.GetRequiredValue(file), bytes, chosen, computes.Engine,
                readings.Agreeing(parsed), cancellation);
            Console.WriteLine(parsed.GetValue(json) ? JsonSerializer.Serialize(Report(found), ProbeJson.Default.ProbeReport)
                : Text(found, computes.Missing));
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static ProbeResult Run(string path, ReadOnlyMemory<byte> text, WindowLayout layout, IReferenceEngine engine,
        IReadOnlyList<Reading> readings, CancellationToken cancellation)
    {
        using var disposable = engine as IDisposable;
        using var checkpoint = Checkpoint.Open(path);
        ExportCommand.TellNotes(checkpoint);
        var weights = checkpoint.LoadWeights(AsymDec.ParameterShapes(checkpoint.Config));
        using var terminal = new TerminalProgress();
        return Probe.Run(checkpoint.Config, weights, text, layout, engine, readings, new Share(terminal, engine.Name), cancellation);
    }

    private static string Text(ProbeResult result, string? missing)
    {
        var lines = new List<string>
        {
            string.Create(CultureInfo.InvariantCulture, $"{result.Bytes:N0} bytes in {result.Windows:N0} windows of "
                + $"{result.Layout.PrefixSlots} prefix slots and {result.Layout.StreamBytes} stream bytes, computed with {result.Engine}"
                + $"{(missing is null ? "" : $" ({missing})")}"),
            "",
            $"{"reading",-32} bits/byte    behind  standard error",
        };
        lines.AddRange(result.Readings.Select(reading => string.Create(CultureInfo.InvariantCulture,
            $"{reading.Reading,-32} {reading.BitsPerByte,9:F5}"
                + $"{(reading.Behind == 0 ? "" : $"  +{reading.Behind:F5}  {reading.StandardError:F5}")}")));
        lines.Add("");
        lines.AddRange(result.Answers.Select(Words));
        lines.Add(Verdict(result));
        return string.Join('\n', lines);
    }

    private static string Words(ProbeAnswer answer) => string.Create(CultureInfo.InvariantCulture,
        $"{answer.Question.Replace('-', ' ')}: {(answer.IsDecided ? $"{answer.Best}, better by {answer.Difference:F5} bits/byte"
            : $"not told, {answer.Difference:F5} bits/byte are within the noise")} (standard error {answer.StandardError:F5})");

    private static string Verdict(ProbeResult result)
    {
        ProbeAnswer[] decided = [.. result.Answers.Where(answer => answer.IsDecided)];
        const string more = "use more text, of the kind that the checkpoint was trained on";
        if (decided.Length == 0) return result.Answers.Count == 0 ? "verdict: none, one reading was measured" : $"verdict: none, {more}";
        return $"verdict: export with {string.Join(' ', decided.Select(answer => $"--{answer.Question} {answer.Best}"))}"
            + (decided.Length < result.Answers.Count ? $"; for the rest {more}" : "");
    }

    private static ProbeReport Report(ProbeResult result) => new(result.Engine, result.Windows, result.Bytes, result.Layout.PrefixSlots,
        result.Layout.StreamBytes, result.Layout.Stride,
        [.. result.Readings.Select(reading =>
            new ProbeRow($"{reading.Reading}", reading.BitsPerByte, reading.Behind, Finite(reading.StandardError)))],
        [.. result.Answers.Select(answer => new ProbeFinding(answer.Question, answer.IsDecided ? answer.Best : null, answer.Difference,
            Finite(answer.StandardError)))]);

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;

    private sealed class Share(TerminalProgress terminal, string engine) : IProgress<double>
    {
        public void Report(double value) => terminal.Report(string.Create(CultureInfo.InvariantCulture, $"{engine}: {value:P0}"));
    }
}

internal sealed record ProbeReport(string Engine, int Windows, long Bytes, int PrefixSlots, int StreamBytes, int Stride,
    IReadOnlyList<ProbeRow> Readings, IReadOnlyList<ProbeFinding> Answers);

internal sealed record ProbeRow(string Reading, double BitsPerByte, double Behind, double? StandardError);

internal sealed record ProbeFinding(string Question, string? Verdict, double Difference, double? StandardError);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ProbeReport))]
internal sealed partial class ProbeJson : JsonSerializerContext;
