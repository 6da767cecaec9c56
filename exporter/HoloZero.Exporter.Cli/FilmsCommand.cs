using System.CommandLine;
using System.Globalization;
using HoloZero.Artifacts;
using HoloZero.CommandLine;
using HoloZero.Media;

namespace HoloZero.Exporter.Cli;

/// <summary><c>holozero-export films</c>: films of moving shapes, tones and captions that name them, to train and measure on.</summary>
internal static class FilmsCommand
{
    private const int DefaultFilms = 100, DefaultWindows = 4;

    public static Command Create()
    {
        var films = Values.Whole<int>("--films", $"how many [{DefaultFilms}]");
        var windows = Values.Whole<int>("--film-windows", $"windows of each [{DefaultWindows}]");
        var seed = Values.Whole<ulong>("--seed", "the same seed gives the same films [0]");
        var output = new Option<string>("--output") { Description = "file to write: the windows, one after the other", Required = true };
        var command = new Command("films", "Makes films of moving shapes, tones and captions that name both.")
        {
            films, windows, seed, output,
        };
        command.SetAction(parsed =>
        {
            var target = parsed.GetRequiredValue(output);
            OutputFile.RequireWritable(target);
            var made = SyntheticFilms.Make(parsed.GetValue(films) ?? DefaultFilms, parsed.GetValue(windows) ?? DefaultWindows,
                parsed.GetValue(seed) ?? 0);
            OutputFile.Write(target, stream =>
            {
                foreach (var window in made) stream.Write(window.Bytes.Span);
            });
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{target}: {made.Count:N0} windows of {made[0].Layout.Length} bytes"));
            return ExitCode.Done;
        });
        return command;
    }
}
