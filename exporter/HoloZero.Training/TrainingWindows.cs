using HoloZero.Artifacts;
using HoloZero.Models.Training;

namespace HoloZero.Training;

/// <summary>How windows of films are learned from. Immutable.</summary>
/// <param name="Bytes">Bytes of a window, 2 or more: 539 in the published layout.</param>
/// <param name="FilmWindows">Windows of a film, 2 or more; null: all windows are one film.</param>
/// <param name="PadSlots">
/// Whether bytes of a prefix window that fill no slot are filled up with 0x00; else they are dropped, as in the published training.
/// </param>
/// <param name="Share">The share of steps that take windows where there is text, too: 0 to 1.</param>
public sealed record WindowTraining(int Bytes, int? FilmWindows = null, bool PadSlots = false, double Share = 1)
{
    /// <summary>The longest window.</summary>
    public const int MostBytes = 65_536;

    /// <summary>Refuses what is out of range, in words that name the option.</summary>
    /// <exception cref="BadInputException">A value is.</exception>
    public void Validate()
    {
        Require("windows", Bytes is >= 2 and <= MostBytes, $"windows of {Bytes:N0} bytes are not within 2 to {MostBytes:N0}");
        Require("film-windows", FilmWindows is null or >= 2, $"{FilmWindows} is not at least 2");
        Require("windows-share", Share is >= 0 and <= 1, $"{Share} is not within 0 to 1");

        static void Require(string name, bool holds, string what)
        {
            if (!holds) throw new BadInputException(name, what, "choose another value");
        }
    }
}

/// <summary>
/// Windows of films to train on: a window is the prefix, the next one of its film the stream. The last films, or the end of a single one,
/// are held out. Immutable; keeps the array, uncopied.
/// </summary>
public sealed class TrainingWindows : ITrainingData
{
    private readonly byte[] _windows;
    private readonly int[] _training;
    private readonly int[] _heldOut;

    /// <summary>All films, one after the other.</summary>
    /// <exception cref="BadInputException">They are no whole films, or too few to learn from some and hold out others.</exception>
    public TrainingWindows(byte[] windows, TrainingOptions options)
    {
        var how = options.Windows ?? throw new ArgumentException("the options say nothing of windows", nameof(options));
        var count = windows.Length / how.Bytes;
        var film = how.FilmWindows ?? count;
        if (windows.Length == 0 || windows.Length % how.Bytes != 0 || film < 2 || count % film != 0)
        {
            throw new BadInputException("windows", $"{windows.Length:N0} bytes are no films of {film:N0} windows of {how.Bytes:N0} bytes",
                "say how many windows a film has");
        }

        // What comes before each: every window but the first of a film.
        int[] pairs = [.. Enumerable.Range(0, count).Where(window => window % film != 0)];
        var (perFilm, held) = (film - 1, (int)Math.Ceiling(pairs.Length * options.HeldOutShare));
        if (count > film) held = (held + perFilm - 1) / perFilm * perFilm;
        if (held >= pairs.Length)
            throw new BadInputException("windows", $"{count:N0} windows are too few to hold any out", "use more films");
        (_windows, _training, _heldOut) = (windows, pairs[..^held], pairs[^held..]);
    }

    /// <summary>Windows to train on, each after the one before it.</summary>
    public int TrainingPairs => _training.Length;

    /// <summary>Windows held out, likewise.</summary>
    public int HeldOutPairs => _heldOut.Length;

    /// <inheritdoc/>
    public WindowBatch Batch(TrainingOptions options, int slotBytes, long step) => Cut(options, slotBytes,
        [.. Enumerable.Range(1, options.BatchSize)
            .Select(i => _training[CounterRandom.Below(_training.Length, options.Seed, (ulong)step, (ulong)i)])]);

    /// <inheritdoc/>
    public IEnumerable<WindowBatch> HeldOut(TrainingOptions options, int slotBytes)
    {
        var count = Math.Min(_heldOut.Length, options.HeldOutWindows);
        return Enumerable.Range(0, count).Select(i => _heldOut[(int)((long)i * _heldOut.Length / count)])
            .Chunk(options.BatchSize).Select(windows => Cut(options, slotBytes, windows));
    }

    /// <summary>
    /// Held-out windows up to the end of their captions, and up to the beginning of these: as many as the options allow, spread evenly.
    /// </summary>
    /// <param name="options">How windows are cut.</param>
    /// <param name="slotBytes">Bytes in a prefix slot.</param>
    /// <param name="place">Where sound and caption lie.</param>
    /// <param name="swapped">Whether each has the sound of the next held-out window that has another caption.</param>
    /// <param name="onlyPartnered">Leaves out windows for which there is none.</param>
    /// <exception cref="ArgumentException">Sound and caption do not lie in a window in this order.</exception>
    internal IEnumerable<(WindowBatch ThroughCaption, WindowBatch BeforeIt)> Captions(TrainingOptions options, int slotBytes,
        CaptionPlace place, bool swapped, bool onlyPartnered)
    {
        var length = options.Windows!.Bytes;
        if (place.Sound < 1 || place.Sound + place.SoundBytes > place.Caption || place.Caption + place.CaptionBytes > length)
            throw new ArgumentException($"{place} is not within a window of {length} bytes", nameof(place));
        var count = Math.Min(_heldOut.Length, options.HeldOutWindows);
        int[] chosen = [.. Enumerable.Range(0, count).Select(i => (int)((long)i * _heldOut.Length / count))
            .Where(i => !onlyPartnered || Partner(i) is not null)];
        return chosen.Chunk(options.BatchSize).Select(part => (Rows(part, place.Caption + place.CaptionBytes), Rows(part, place.Caption)));

        WindowBatch Rows(int[] part, int symbols) => Cut(options, slotBytes, [.. part.Select(i => _heldOut[i])], symbols,
            swapped ? [.. part.Select(i => Sounding(_heldOut[i], _heldOut[Partner(i)!.Value]))] : null);

        int? Partner(int i) => BindingDonor.Of(i, _heldOut.Length,
            other => _windows.AsMemory(_heldOut[other] * length + place.Caption, place.CaptionBytes));

        byte[] Sounding(int window, int other)
        {
            var bytes = _windows.AsSpan(window * length, length).ToArray();
            _windows.AsSpan(other * length + place.Sound, place.SoundBytes).CopyTo(bytes.AsSpan(place.Sound));
            return bytes;
        }
    }

    /// <param name="options">How windows are cut.</param>
    /// <param name="slotBytes">Bytes in a prefix slot.</param>
    /// <param name="windows">The windows, each after the one that is its prefix.</param>
    /// <param name="symbols">How many bytes of each; null is all.</param>
    /// <param name="streams">Others in their place; null where there are none.</param>
    private WindowBatch Cut(TrainingOptions options, int slotBytes, int[] windows, int? symbols = null, byte[][]? streams = null)
    {
        var length = options.Windows!.Bytes;
        var prefixBytes = (length + (options.Windows.PadSlots ? slotBytes - 1 : 0)) / slotBytes * slotBytes;
        var taken = symbols ?? length;
        var rows = new BatchRows(windows.Length, prefixBytes, taken, options.Reading.StreamOrigin);
        foreach (var (i, window) in windows.Index())
        {
            rows.Add(_windows.AsSpan((window - 1) * length, Math.Min(length, prefixBytes)),
                (streams is null ? _windows.AsSpan(window * length, length) : streams[i])[..taken]);
        }

        return rows.Batch;
    }
}
