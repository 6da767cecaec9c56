using HoloZero.Artifacts;

namespace HoloZero.Media;

/// <summary>
/// Films that nobody took: a shape that moves, a tone that changes from window to window, and a caption that names both. What the caption
/// says of the tone stands nowhere but in the sound. The same seed gives the same bytes everywhere. Stateless and thread-safe.
/// </summary>
public static class SyntheticFilms
{
    /// <summary>Most windows in all.</summary>
    public const int MostWindows = 1_000_000;

    private const byte Background = 32, Foreground = 224;
    private const double Amplitude = 0.5;

    private static readonly (string Name, Func<int, int, bool> Covers)[] Shapes =
    [
        ("square", (x, y) => Math.Abs(x) <= 3 && Math.Abs(y) <= 3),
        ("circle", (x, y) => x * x + y * y <= 12),
        ("cross", (x, y) => (Math.Abs(x) <= 1 && Math.Abs(y) <= 4) || (Math.Abs(y) <= 1 && Math.Abs(x) <= 4)),
        ("bar", (x, y) => Math.Abs(x) <= 5 && Math.Abs(y) <= 1),
    ];

    private static readonly (string Name, double Hertz)[] Tones = [("low", 250), ("mid", 800), ("high", 2000)];

    /// <summary>Films, one after the other.</summary>
    /// <param name="films">How many, 1 or more.</param>
    /// <param name="windows">Windows of each, two a second; 2 or more.</param>
    /// <param name="seed">The same seed gives the same films.</param>
    /// <exception cref="BadInputException">A number is out of range, or all of them are more than 1,000,000 windows.</exception>
    public static IReadOnlyList<FilmWindow> Make(int films, int windows, ulong seed)
    {
        if (films < 1 || windows < 2 || (long)films * windows > MostWindows)
        {
            throw new BadInputException("films", $"{films:N0} films of {windows:N0} windows are not 1 or more of 2 or more, "
                + $"{MostWindows:N0} in all", "choose other numbers");
        }

        var made = new List<FilmWindow>(films * windows);
        for (var film = 0; film < films; film++)
        {
            var random = SplitMix64.Mix(SplitMix64.Mix(seed) ^ (ulong)film);
            var shape = Shapes[Below(ref random, Shapes.Length)];
            var (x, y) = (Below(ref random, PictureWindow.Side), Below(ref random, PictureWindow.Side));
            var (right, down) = (Below(ref random, 5) - 2, Below(ref random, 5) - 2);
            for (var window = 0; window < windows; window++)
            {
                var tone = Tones[Below(ref random, Tones.Length)];
                made.Add(FilmWindow.Of(Picture(shape.Covers, x + window * right, y + window * down), Tone(tone.Hertz),
                    $"{shape.Name} {tone.Name}"));
            }
        }

        return made;
    }

    /// <summary>The shape around a centre, on a picture whose sides meet.</summary>
    private static PictureWindow Picture(Func<int, int, bool> covers, int x, int y)
    {
        var levels = new byte[PictureWindow.Length];
        for (var i = 0; i < levels.Length; i++)
        {
            var (column, row) = (Around(i % PictureWindow.Side - x), Around(i / PictureWindow.Side - y));
            levels[i] = covers(column, row) ? Foreground : Background;
        }

        return new(levels);

        static int Around(int distance)
        {
            const int half = PictureWindow.Side / 2;
            return ((distance + half) % PictureWindow.Side + PictureWindow.Side) % PictureWindow.Side - half;
        }
    }

    private static SoundWindow Tone(double hertz) => new([.. Enumerable.Range(0, FilmLayout.Film.SoundBytes).Select(i =>
        MuLaw.Encode((short)Math.Round(Amplitude * 32_768 * Math.Sin(2 * Math.PI * hertz * i / SoundWindow.SamplesPerSecond))))]);

    private static int Below(ref ulong random, int limit) => (int)(((UInt128)SplitMix64.Next(ref random) * (ulong)limit) >> 64);
}
