using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using HoloZero.CommandLine;
using HoloZero.Runtime;

namespace HoloZero.Cli;

/// <summary><c>holozero score</c>: bits per byte of a text.</summary>
internal static class ScoreCommand
{
    public static Command Create()
    {
        var input = new Option<string>("--input") { Description = "the text", Required = true };
        var slots = Values.Whole<int>("--prefix-slots", "prefix slots before each stream [0; 24 in windows]");
        var stream = Values.Whole<int>("--stream-bytes",
            $"cut the text into windows of this stream length [whole up to {ScoreOptions.LongestSingleStream} bytes, else 129]");
        var json = new Option<bool>("--json") { Description = "print JSON" };
        var command = new Command("score", "Tells how well a model predicts a text.") { input, slots, stream, json };
        var model = new ModelArguments(command);
        command.SetAction((parsed, cancellation) =>
        {
            var text = InputBytes.Read(parsed.GetRequiredValue(input), cancellation);
            using var loaded = model.Load(parsed, cancellation);
            using var progress = new TerminalProgress();
            var options = new ScoreOptions { PrefixSlots = parsed.GetValue(slots), StreamBytes = parsed.GetValue(stream) };
            var result = Scoring.Score(loaded, text, options, new ByteProgress(progress, text.Length), cancellation);
            progress.Dispose();
            Console.WriteLine(parsed.GetValue(json) ? JsonSerializer.Serialize(result, ScoreJson.Default.ScoreResult) : Text(result));
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static string Text(ScoreResult result) => string.Create(CultureInfo.InvariantCulture,
        $"{result.BitsPerByte:F5} bits/byte over {result.Bytes:N0} bytes in {result.Windows:N0} windows "
            + $"of {result.PrefixSlots} prefix slots and {result.StreamBytes} stream bytes");

    private sealed class ByteProgress(TerminalProgress terminal, int total) : IProgress<long>
    {
        public void Report(long value) =>
            terminal.Report(string.Create(CultureInfo.InvariantCulture, $"scored {value:N0} of {total:N0} bytes"));
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ScoreResult))]
internal sealed partial class ScoreJson : JsonSerializerContext;
