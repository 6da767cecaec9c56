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
            // One more tells whether there is more.
            var bytes = InputBytes.Read(parsed.GetRequiredValue(text), cancellation, limit is < int.MaxValue ? limit + 1 : null);
            var wasCut = bytes.Length > limit;
            if (wasCut) bytes = bytes[..limit!.Value];
            using var checkpoint = Checkpoint.Open(parsed.GetRequiredValue(file));
            ExportCommand.TellNotes(checkpoint);
            var told = readings.Told(parsed);
            told.Resolve(checkpoint.SavedReading, checkpoint.Name);
            var computes = engine.ForMeasuring(parsed);
            var found = Run(checkpoint, bytes, chosen, computes.Engine, [.. told.Agreeing()], cancellation);
            var saved = checkpoint.SavedReading == new PartialReading() ? null : checkpoint.SavedReading;
            Console.WriteLine(parsed.GetValue(json) ? JsonSerializer.Serialize(Report(found, saved), ProbeJson.Default.ProbeReport)
                : ProbeText.Of(found, saved, computes.Missing, wasCut));
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static ProbeResult Run(Checkpoint checkpoint, ReadOnlyMemory<byte> text, WindowLayout layout, IReferenceEngine engine,
        IReadOnlyList<Reading> readings, CancellationToken cancellation)
    {
        using var disposable = engine as IDisposable;
        var weights = checkpoint.LoadWeights(AsymDec.ParameterShapes(checkpoint.Config));
        using var terminal = new TerminalProgress();
        return Probe.Run(checkpoint.Config, weights, text, layout, engine, readings, new Share(terminal, engine.Name), cancellation);
    }

    private static ProbeReport Report(ProbeResult result, PartialReading? saved) => new(result.Engine, result.Windows, result.Bytes,
        result.Layout.PrefixSlots, result.Layout.StreamBytes, result.Layout.Stride,
        [.. result.Readings.Select(reading =>
            new ProbeRow($"{reading.Reading}", reading.BitsPerByte, reading.Behind, reading.StandardError))],
        [.. result.Answers.Select(answer => new ProbeFinding(answer.Question, answer.IsDecided ? answer.Best : null, answer.Difference,
            answer.StandardError, ProbeText.SavedAnswer(answer.Question, saved)))]);

    private sealed class Share(TerminalProgress terminal, string engine) : IProgress<double>
    {
        public void Report(double value) => terminal.Report(string.Create(CultureInfo.InvariantCulture, $"{engine}: {value:P0}"));
    }
}

internal sealed record ProbeReport(string Engine, int Windows, long Bytes, int PrefixSlots, int StreamBytes, int Stride,
    IReadOnlyList<ProbeRow> Readings, IReadOnlyList<ProbeFinding> Answers);

internal sealed record ProbeRow(string Reading, double BitsPerByte, double Behind, double? StandardError);

internal sealed record ProbeFinding(string Question, string? Verdict, double Difference, double? StandardError, string? Checkpoint);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ProbeReport))]
internal sealed partial class ProbeJson : JsonSerializerContext;
