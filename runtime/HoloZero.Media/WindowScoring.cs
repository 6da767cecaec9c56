using HoloZero.Artifacts;
using HoloZero.Runtime;

namespace HoloZero.Media;

/// <summary>How to score windows. Immutable.</summary>
public sealed record WindowScoreOptions
{
    /// <summary>What becomes of the bytes of a prefix window that fill no slot.</summary>
    /// <value><see cref="SlotRest.Truncate"/>.</value>
    public SlotRest Rest { get; init; } = SlotRest.Truncate;

    /// <summary>Windows of a film, 2 or more: where one ends and the next begins. The first of a film only comes before others.</summary>
    /// <value>null: all windows are one film.</value>
    public int? FilmWindows { get; init; }

    /// <summary>Whether a donor gives its picture beside its sound.</summary>
    /// <value>false.</value>
    public bool DonorPicture { get; init; }
}

/// <summary>How well a model predicts captions from what is seen and heard.</summary>
/// <param name="BitsPerByte">Of captions: mean of -log2 of the probability given to each byte, padding included.</param>
/// <param name="TextBitsPerByte">The same without the spaces at the end; null where no caption has text.</param>
/// <param name="BindingGap">
/// How many more bits/byte a caption takes, padding included, where the sound is that of another window whose caption differs; null where
/// there is none.
/// </param>
/// <param name="BindingGapError">Standard error of the gap, from how windows differ in it; null where there are fewer than two.</param>
/// <param name="Windows">Captions predicted, each after the window before it in its film.</param>
/// <param name="TextBytes">Bytes of these captions without padding.</param>
public sealed record WindowScore(double BitsPerByte, double? TextBitsPerByte, double? BindingGap, double? BindingGapError, int Windows,
    long TextBytes);

/// <summary>
/// Bits per byte of captions, and how far they are bound to what is heard. A window is the prefix, the next of its film the stream, as in
/// training. Stateless.
/// </summary>
public static class WindowScoring
{
    /// <summary>Scores every window but the first of each film.</summary>
    /// <param name="model">The model.</param>
    /// <param name="windows">Films, one after the other, all of one layout.</param>
    /// <param name="options">How; null is the default.</param>
    /// <param name="progress">Told the windows so far.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="ArgumentException">Layouts differ.</exception>
    /// <exception cref="BadInputException">An option is out of range, or there is no window with another before it.</exception>
    /// <exception cref="UnsoundModelException">The model gives logits that are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static WindowScore Score(HoloZeroModel model, IReadOnlyList<FilmWindow> windows, WindowScoreOptions? options = null,
        IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(windows);
        options ??= new();
        var film = FilmLength(windows, options);
        if (windows.Any(window => window.Layout != windows[0].Layout)) throw new ArgumentException("layouts differ", nameof(windows));

        var (bits, textBits, captionBytes, textBytes) = (0.0, 0.0, 0L, 0L);
        var (gaps, scored) = (new List<double>(), 0);
        using var session = model.OpenSession();
        for (var i = 0; i < windows.Count; i++)
        {
            if (i % film == 0) continue;
            var (prefix, window) = (windows[i - 1].ToSlots(model.SlotBytes, options.Rest), windows[i]);
            var length = Caption.TextLength(window.Caption.Span);
            var (all, text) = Bits(model, session, prefix, window, length, cancellation);
            (bits, textBits, captionBytes, textBytes) =
                (bits + all, textBits + text, captionBytes + window.Caption.Length, textBytes + length);
            if (BindingDonor.Of(i, windows.Count, other => windows[other].Caption) is { } donor)
            {
                var otherwise = window.WithSensesOf(windows[donor], options.DonorPicture);
                var (other, _) = Bits(model, session, prefix, otherwise, length, cancellation);
                gaps.Add((other - all) / window.Caption.Length);
            }

            progress?.Report(++scored);
        }

        return new(bits / captionBytes, textBytes == 0 ? null : textBits / textBytes, gaps.Count == 0 ? null : gaps.Average(),
            gaps.Count < 2 ? null : StandardError(gaps), scored, textBytes);
    }

    private static int FilmLength(IReadOnlyList<FilmWindow> windows, WindowScoreOptions options)
    {
        var film = options.FilmWindows ?? windows.Count;
        if (film < 2 || windows.Count == 0 || windows.Count % film != 0)
        {
            throw new BadInputException("film-windows", $"{windows.Count:N0} windows are no films of {film:N0} windows, at least 2",
                "say how many windows a film has");
        }

        return film;
    }

    /// <summary>Bits that a window's caption takes, and its first bytes of these.</summary>
    private static (double All, double Text) Bits(HoloZeroModel model, DecodingSession session, byte[] prefix, FilmWindow window,
        int length, CancellationToken cancellation)
    {
        var start = window.Layout.Caption.Start.Value;
        var caption = window.Caption.Span;
        var logits = session.Prefill(prefix, window.Bytes.Span[..(window.Layout.Caption.End.Value - 1)], cancellation);
        // Row i predicts stream byte i after an origin, else byte i + 1.
        var rows = logits.Data[((model.HasStreamOrigin ? start : start - 1) * logits.Vocabulary)..];
        var nats = (All: CrossEntropy.Nats(rows, logits.Vocabulary, caption),
            Text: CrossEntropy.Nats(rows, logits.Vocabulary, caption[..length]));
        return double.IsFinite(nats.All) ? (CrossEntropy.Bits(nats.All), CrossEntropy.Bits(nats.Text))
            : throw new UnsoundModelException("the model gives logits that are not finite or rule out a byte; check it with doctor");
    }

    private static double StandardError(List<double> values)
    {
        var mean = values.Average();
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1) / values.Count);
    }
}
