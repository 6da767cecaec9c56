using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using HoloZero.Artifacts;
using HoloZero.CommandLine;
using HoloZero.Models;
using HoloZero.Models.Checkpoints;
using HoloZero.Training;

namespace HoloZero.Exporter.Cli;

/// <summary><c>holozero-export inspect F</c>: what a checkpoint holds, and whether it can be exported.</summary>
internal static class InspectCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("file") { Description = "PyTorch (.pt) or safetensors checkpoint" };
        var json = new Option<bool>("--json") { Description = "print JSON" };
        var command = new Command("inspect", "Shows what a checkpoint holds.") { file, json };
        command.SetAction(parsed =>
        {
            var report = Inspect(parsed.GetRequiredValue(file));
            Console.Out.Write(parsed.GetValue(json)
                ? JsonSerializer.Serialize(report, InspectJson.Default.CheckpointReport) + "\n"
                : Text(report));
            return ExitCode.Done;
        });
        return command;
    }

    private static CheckpointReport Inspect(string path)
    {
        using var checkpoint = Checkpoint.Open(path);
        var config = checkpoint.Config;
        var weights = checkpoint.LoadWeights(AsymDec.ParameterShapes(config));
        return new(path, checkpoint.Format, checkpoint.Sha256(),
            NetworkShape.Of(config),
            checkpoint.SavedReading == new PartialReading() ? null : $"{config.Reading}",
            weights.Values.Sum(weight => weight.Data.LongLength), AsymDec.DoorParameters(config), checkpoint.Notes,
            [.. checkpoint.Tensors.Select(tensor =>
                new TensorReport(tensor.Name, tensor.Type.Name(), [.. tensor.Shape]))]);
    }

    private static string Text(CheckpointReport report)
    {
        var c = report.Config;
        var lines = new List<string>
        {
            $"{report.File}: {report.Format}, sha256 {report.Sha256}",
            $"AsymDec behind the {c.Door} door{(c.Substrate == "hsl" ? "" : $" on a {c.Substrate} substrate")}: "
                + $"dim {c.Dim}, dec_layers {c.DecLayers}, heads {c.Heads}, K {c.K}",
            report.Reading is { } reading ? $"reading: {reading}" : "reading: it does not say",
            $"{report.Parameters:N0} parameters, {report.LearnedDoorParameters:N0} of them in the input layer",
        };
        lines.AddRange(report.Notes.Select(note => $"note: {note}"));
        lines.AddRange(report.Tensors.Select(tensor => $"  {tensor.Name,-32} {tensor.Type,-9} [{string.Join(", ", tensor.Shape)}]"));
        return string.Join('\n', lines) + "\n";
    }
}

internal sealed record CheckpointReport(string File, string Format, string Sha256, NetworkShape Config, string? Reading, long Parameters,
    long LearnedDoorParameters, IReadOnlyList<string> Notes, IReadOnlyList<TensorReport> Tensors);

internal sealed record TensorReport(string Name, string Type, long[] Shape);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CheckpointReport))]
internal sealed partial class InspectJson : JsonSerializerContext;
