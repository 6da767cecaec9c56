using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using HoloZero.Artifacts;
using HoloZero.CommandLine;
using HoloZero.Media;
using HoloZero.Runtime;

namespace HoloZero.Cli;

/// <summary><c>holozero score</c>: bits per byte of a text, or of the captions of windows.</summary>
internal sealed class ScoreCommand
{
    private readonly Option<string?> _input = new("--input") { Description = "the text" };
    private readonly Option<int?> _slots = Values.Whole<int>("--prefix-slots", "prefix slots before each stream [0; 24 in windows]");
    private readonly Option<int?> _stream = Values.Whole<int>("--stream-bytes",
        $"cut the text into windows of this stream length [whole up to {ScoreOptions.LongestSingleStream} bytes, else 129]");
    private readonly Option<string?> _windows =
        new("--windows") { Description = "instead of a text: windows of films, one after the other" };
    private readonly Option<int?> _filmWindows = Values.Whole<int>("--film-windows", "windows of a film [all]");
    private readonly Option<SlotRest> _slotRest =
        Values.Choice("--slot-rest", "what becomes of a window's last bytes where they fill no slot", SlotRest.Truncate);
    private readonly Option<bool> _donorPicture =
        new("--donor-picture") { Description = "take the picture from the donor of the sound, too" };
    private readonly Option<bool> _json = new("--json") { Description = "print JSON" };
    private readonly LayoutArgument _layout;
    private readonly ModelArguments _model;

    private ScoreCommand(Command command)
    {
        foreach (var option in (Option[])[_input, _slots, _stream, _windows, _filmWindows, _slotRest, _donorPicture, _json])
            command.Options.Add(option);
        _layout = new(command);
        _model = new(command);
        command.SetAction((parsed, cancellation) =>
        {
            Console.WriteLine((parsed.GetValue(_input), parsed.GetValue(_windows)) switch
            {
                ({ } text, null) => OfText(parsed, text, cancellation),
                (null, { } windows) => OfWindows(parsed, windows, cancellation),
                (null, null) => throw new BadInputException("input", "there is nothing to score", "give --input F or --windows F"),
                _ => throw new BadInputException("input", "it contradicts --windows", "give one of them"),
            });
            return Task.FromResult(ExitCode.Done);
        });
    }

    public static Command Create()
    {
        var command = new Command("score", "Tells how well a model predicts a text, or the captions of windows.");
        _ = new ScoreCommand(command);
        return command;
    }

    private string OfText(ParseResult parsed, string input, CancellationToken cancellation)
    {
        var text = InputBytes.Read(input, cancellation);
        using var loaded = _model.Load(parsed, cancellation);
        using var progress = new TerminalProgress();
        var options = new ScoreOptions { PrefixSlots = parsed.GetValue(_slots), StreamBytes = parsed.GetValue(_stream) };
        var result = Scoring.Score(loaded, text, options, new ByteProgress(progress, text.Length), cancellation);
        return parsed.GetValue(_json) ? JsonSerializer.Serialize(result, ScoreJson.Default.ScoreResult) : Text(result);
    }

    private string OfWindows(ParseResult parsed, string input, CancellationToken cancellation)
    {
        var windows = FilmWindow.ParseAll(input, InputBytes.Read(input, cancellation), _layout.Of(parsed));
        using var loaded = _model.Load(parsed, cancellation);
        using var progress = new TerminalProgress();
        var options = new WindowScoreOptions
        {
            FilmWindows = parsed.GetValue(_filmWindows),
            Rest = parsed.GetValue(_slotRest),
            DonorPicture = parsed.GetValue(_donorPicture),
        };
        var result = WindowScoring.Score(loaded, windows, options, new WindowProgress(progress, windows.Count), cancellation);
        return parsed.GetValue(_json) ? JsonSerializer.Serialize(result, ScoreJson.Default.WindowScore) : Text(result);
    }

    private static string Text(ScoreResult result) => string.Create(CultureInfo.InvariantCulture,
        $"{result.BitsPerByte:F5} bits/byte over {result.Bytes:N0} bytes in {result.Windows:N0} windows "
            + $"of {result.PrefixSlots} prefix slots and {result.StreamBytes} stream bytes");

    private static string Text(WindowScore result)
    {
        var gap = result.BindingGap is { } extra
            ? string.Create(CultureInfo.InvariantCulture, $"{extra:+0.00000;-0.00000} bits/byte")
                + (result.BindingGapError is { } error ? string.Create(CultureInfo.InvariantCulture, $" (standard error {error:F5})") : "")
            : "unknown: all captions are the same";
        return string.Join('\n',
            string.Create(CultureInfo.InvariantCulture, $"captions: {result.BitsPerByte:F5} bits/byte over {result.Windows:N0} windows"),
            result.TextBitsPerByte is { } text
                ? string.Create(CultureInfo.InvariantCulture, $"without padding: {text:F5} bits/byte over {result.TextBytes:N0} bytes")
                : "without padding: no text",
            $"binding gap: {gap}");
    }

    private sealed class ByteProgress(TerminalProgress terminal, int total) : IProgress<long>
    {
        public void Report(long value) =>
            terminal.Report(string.Create(CultureInfo.InvariantCulture, $"scored {value:N0} of {total:N0} bytes"));
    }

    private sealed class WindowProgress(TerminalProgress terminal, int total) : IProgress<int>
    {
        public void Report(int value) =>
            terminal.Report(string.Create(CultureInfo.InvariantCulture, $"scored {value:N0} of {total:N0} windows"));
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ScoreResult))]
[JsonSerializable(typeof(WindowScore))]
internal sealed partial class ScoreJson : JsonSerializerContext;
