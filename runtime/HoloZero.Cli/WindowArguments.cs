using System.CommandLine;
using HoloZero.Artifacts;
using HoloZero.CommandLine;
using HoloZero.Media;

namespace HoloZero.Cli;

/// <summary>Layouts that have a name.</summary>
internal enum LayoutName
{
    Film,
    Digits,
}

/// <summary>The options that describe a window: what is not given is mid-grey, silence or spaces.</summary>
internal sealed class WindowArguments
{
    private readonly Option<string?> _picture = new("--picture") { Description = "a PNG, JPEG, WebP, BMP or GIF; - is stdin [mid-grey]" };
    private readonly Option<string?> _sound = new("--sound") { Description = "a WAV, FLAC or MP3; - is stdin [silence]" };
    private readonly Option<double?> _at = Values.Number("--at", "seconds into the sound where the window begins [0]");
    private readonly Option<string?> _caption = new("--caption") { Description = "text, cut to the caption's bytes [spaces]" };
    private readonly LayoutArgument _layout;

    public WindowArguments(Command command)
    {
        foreach (var option in (Option[])[_picture, _sound, _at, _caption]) command.Options.Add(option);
        _layout = new(command);
    }

    /// <summary>Whether there is anything to make a window of.</summary>
    public bool AreGiven(ParseResult parsed) =>
        parsed.GetValue(_picture) is not null || parsed.GetValue(_sound) is not null || parsed.GetValue(_caption) is not null;

    /// <summary>Whether a graph is needed for it.</summary>
    public bool NeedGraphs(ParseResult parsed) => parsed.GetValue(_picture) is not null || parsed.GetValue(_sound) is not null;

    public FilmLayout Layout(ParseResult parsed) => _layout.Of(parsed);

    /// <summary>What the window is made of.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="cancellation">Ends the waiting for a pipe.</param>
    private FilmWindowParts Parts(ParseResult parsed, CancellationToken cancellation)
    {
        var (picture, sound) = (parsed.GetValue(_picture), parsed.GetValue(_sound));
        if (picture is not null && sound is not null && InputBytes.IsGivenOpen(picture) && picture == sound)
            throw new BadInputException("sound", $"{picture} cannot be read twice", "name a file");
        return new()
        {
            Picture = picture is null ? null : new(InputBytes.Read(picture, cancellation, PictureLimit), picture),
            Sound = sound is null ? null : new(InputBytes.Read(sound, cancellation, SoundLimit), sound),
            At = parsed.GetValue(_at),
            Caption = parsed.GetValue(_caption),
            Layout = _layout.Of(parsed),
        };
    }

    /// <summary>The window.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="artifact">Whose graphs read picture and sound; null where neither is given.</param>
    /// <param name="cancellation">Ends the waiting for a pipe.</param>
    public FilmWindow Compose(ParseResult parsed, ArtifactFolder? artifact, CancellationToken cancellation)
    {
        using var reader = artifact is null ? null : new MediaReader(artifact);
        return Parts(parsed, cancellation).Compose(reader);
    }

    // A byte more than is taken, so that the reader refuses in its own words what is too long.
    private const int PictureLimit = MediaReader.MostPictureBytes + 1, SoundLimit = MediaReader.MostSoundBytes + 1;
}

/// <summary><c>--layout</c>.</summary>
internal sealed class LayoutArgument
{
    private readonly Option<LayoutName> _layout = Values.Choice("--layout",
        $"where what lies in a window: film has {FilmLayout.Film.Length} bytes, digits {FilmLayout.Digits.Length}", LayoutName.Film);

    public LayoutArgument(Command command) => command.Options.Add(_layout);

    public FilmLayout Of(ParseResult parsed) => parsed.GetValue(_layout) == LayoutName.Digits ? FilmLayout.Digits : FilmLayout.Film;
}
