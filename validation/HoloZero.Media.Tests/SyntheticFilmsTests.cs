using HoloZero.Artifacts;

namespace HoloZero.Media.Tests;

/// <summary>Films that nobody took.</summary>
public sealed class SyntheticFilmsTests
{
    [Fact]
    public void The_same_seed_gives_the_same_bytes_and_another_others()
    {
        var films = Bytes(SyntheticFilms.Make(5, 4, seed: 1));
        Assert.Equal(5 * 4 * 539, films.Length);
        Assert.Equal(films, Bytes(SyntheticFilms.Make(5, 4, seed: 1)));
        Assert.NotEqual(films, Bytes(SyntheticFilms.Make(5, 4, seed: 2)));
        // A film is the same whatever follows it.
        Assert.Equal(films[..(2 * 4 * 539)], Bytes(SyntheticFilms.Make(2, 4, seed: 1)));
    }

    [Fact]
    public void A_caption_names_the_shape_that_is_seen_and_the_tone_that_is_heard()
    {
        var windows = SyntheticFilms.Make(60, 4, seed: 3);
        Assert.All(windows, window => Assert.True(window.HasMarks));
        // One sound for a tone; pictures of a film hold one shape, so as many bright pixels; a tone changes within films.
        Assert.All(windows.GroupBy(window => window.CaptionText.Split(' ')[1]),
            tone => Assert.Single(tone.Select(window => Convert.ToHexString(window.Sound.Bytes.Span)).Distinct()));
        Assert.All(windows.GroupBy(window => window.CaptionText.Split(' ')[0]),
            shape => Assert.Single(shape.Select(window => window.Picture.Levels.ToArray().Count(level => level > 128)).Distinct()));
        Assert.Equal(["bar", "circle", "cross", "square"], windows.Select(window => window.CaptionText.Split(' ')[0]).Distinct().Order());
        Assert.Equal(["high", "low", "mid"], windows.Select(window => window.CaptionText.Split(' ')[1]).Distinct().Order());
        Assert.All(windows.Chunk(4), film => Assert.Single(film.Select(window => window.CaptionText.Split(' ')[0]).Distinct()));
        Assert.Contains(windows.Chunk(4), film => film.Select(window => window.CaptionText).Distinct().Count() > 1);
        Assert.Contains(windows.Chunk(4), film => !film[0].Picture.Levels.Span.SequenceEqual(film[1].Picture.Levels.Span));
    }

    [Theory]
    [InlineData(0, 4)]
    [InlineData(1, 1)]
    [InlineData(500_000, 4)]
    public void Absurd_numbers_are_refused(int films, int windows) =>
        Assert.Throws<BadInputException>(() => SyntheticFilms.Make(films, windows, 0));

    private static byte[] Bytes(IEnumerable<FilmWindow> windows) => [.. windows.SelectMany(window => window.Bytes.ToArray())];
}
