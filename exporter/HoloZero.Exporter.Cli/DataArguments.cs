using System.CommandLine;
using HoloZero.Training;

namespace HoloZero.Exporter.Cli;

/// <summary>The options that name the files which a run learns from and measures.</summary>
internal sealed class DataArguments
{
    private readonly Option<string[]> _texts = new("--text") { Description = "text to learn from; may be repeated" };
    private readonly Option<string?> _windows;
    private readonly Option<string[]> _heldOut = new("--held-out")
    {
        Description = "text that is only measured; may be repeated [the end of each --text]",
    };

    public DataArguments(Command command, string windows)
    {
        _windows = new("--windows") { Description = windows };
        foreach (var option in (Option[])[_texts, _windows, _heldOut]) command.Options.Add(option);
    }

    /// <summary>Refuses files that can be read once alone: a run that goes on reads them again.</summary>
    public void RequireReadableAgain(ParseResult parsed)
    {
        foreach (var path in (string[])[.. Texts(parsed), .. HeldOut(parsed), .. Windows(parsed)]) TextFiles.RequireReadableAgain(path);
    }

    /// <summary>Reads what the options name.</summary>
    public TrainData Read(ParseResult parsed) => TrainData.Read(Texts(parsed), HeldOut(parsed), parsed.GetValue(_windows));

    /// <summary>Reads what a run read before, from where the options say that it lies now.</summary>
    public TrainData Again(ParseResult parsed, TrainingLog log) => new(TrainFile.Again(log.Texts, Texts(parsed), _texts),
        TrainFile.Again(log.HeldOut, HeldOut(parsed), _heldOut),
        TrainFile.Again(log.Windows is { } films ? [films] : [], Windows(parsed), _windows).FirstOrDefault());

    private string[] Texts(ParseResult parsed) => parsed.GetValue(_texts) ?? [];

    private string[] HeldOut(ParseResult parsed) => parsed.GetValue(_heldOut) ?? [];

    private string[] Windows(ParseResult parsed) => parsed.GetValue(_windows) is { } file ? [file] : [];
}
