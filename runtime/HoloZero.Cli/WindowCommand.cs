using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using HoloZero.Artifacts;
using HoloZero.CommandLine;
using HoloZero.Media;

namespace HoloZero.Cli;

/// <summary><c>holozero window</c>: picture, sound and caption as the bytes that a model reads, and such bytes as files again.</summary>
internal static class WindowCommand
{
    private const string Description = "window.json";

    private static FolderKind Kind { get; } = new("a shown window", Description, path =>
    {
        var shown = InputFile.Guard(path, () => JsonSerializer.Deserialize(InputFile.ReadBytes(path), WindowJson.Default.ShownWindowArray));
        return shown?.SelectMany(window => (string[])[window.Picture, window.Sound, window.Caption]) ?? [];
    });

    public static Command Create()
    {
        var show = new Option<string?>("--show") { Description = "a file of windows to take apart into --output DIR" };
        var output = new Option<string>("--output") { Description = "file to write; with --show the folder", Required = true };
        var model = new Option<string?>("--model") { Description = "artifact folder whose graphs read pictures and sound" };
        var command = new Command("window", "Makes a window of a picture, a sound and a caption, or shows one.") { show, output, model };
        var arguments = new WindowArguments(command);
        command.SetAction((parsed, cancellation) =>
        {
            var target = parsed.GetRequiredValue(output);
            if (parsed.GetValue(show) is { } shown)
            {
                if (arguments.AreGiven(parsed))
                    throw new BadInputException("show", "it contradicts --picture, --sound and --caption", "give one or the other");
                Console.WriteLine(Show(shown, target, arguments.Layout(parsed), cancellation));
            }
            else
            {
                OutputFile.RequireWritable(target);
                var folder = parsed.GetValue(model);
                if (folder is null && arguments.NeedGraphs(parsed))
                {
                    throw new BadInputException("model", "the graphs that read pictures and sound are in an artifact, and none is named",
                        "give --model DIR");
                }

                var artifact = folder is null ? null : ArtifactFolder.Open(folder, verifyHashes: false);
                var window = arguments.Compose(parsed, artifact, cancellation);
                OutputFile.Write(target, stream => stream.Write(window.Bytes.Span));
            }

            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    /// <summary>Writes each window of a file as PNG, WAV and text.</summary>
    /// <returns>A line a window.</returns>
    private static string Show(string source, string folder, FilmLayout layout, CancellationToken cancellation)
    {
        var windows = FilmWindow.ParseAll(source, InputBytes.Read(source, cancellation), layout);
        using var output = new FolderTransaction(folder, Kind);
        var shown = new ShownWindow[windows.Count];
        for (var i = 0; i < shown.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            var (window, number) = (windows[i], windows.Count == 1 ? "" : $"{(i + 1).ToString("D5", CultureInfo.InvariantCulture)}.");
            shown[i] = new($"{number}picture.png", $"{number}sound.wav", $"{number}caption.txt", window.CaptionText, window.HasMarks);
            Write(shown[i].Picture, window.Picture.ToPng());
            Write(shown[i].Sound, window.Sound.ToWav());
            Write(shown[i].Caption, window.Caption.Span[..Caption.TextLength(window.Caption.Span)]);
        }

        Write(Description, JsonSerializer.SerializeToUtf8Bytes(shown, WindowJson.Default.ShownWindowArray));
        output.Commit();
        return string.Join('\n', shown.Select(window => $"{Untrusted.Quote(window.Text)}, separators "
            + (window.HasMarks ? "in their places" : "not in their places: generated, or of another layout")));

        void Write(string name, ReadOnlySpan<byte> bytes)
        {
            var copy = bytes.ToArray();
            OutputFile.Write(Path.Combine(output.Staging, name), stream => stream.Write(copy));
        }
    }
}

/// <summary>The files that a window became.</summary>
internal sealed record ShownWindow(string Picture, string Sound, string Caption, string Text, bool HasMarks);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ShownWindow[]))]
internal sealed partial class WindowJson : JsonSerializerContext;
