using System.CommandLine;
using System.Globalization;
using HoloZero.Artifacts;
using HoloZero.Training;

namespace HoloZero.Exporter.Cli;

/// <summary>The files that a run learns from and measures, as read. Immutable.</summary>
/// <param name="Texts">Texts to learn from.</param>
/// <param name="HeldOut">Texts that are only measured.</param>
/// <param name="Windows">Windows of films; null where there are none.</param>
internal sealed record TrainData(IReadOnlyList<TrainFile> Texts, IReadOnlyList<TrainFile> HeldOut, TrainFile? Windows)
{
    /// <summary>Whether there is any text.</summary>
    public bool HasText => Texts.Count + HeldOut.Count > 0;

    /// <summary>As a run takes it, with a line that says what became of documents.</summary>
    public ITrainingData Prepared(TrainingOptions options, int slotBytes)
    {
        var parts = Parts(options, slotBytes);
        if (parts.Text?.Counts is { } counts)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"documents: {counts.Learned:N0} learned, "
                + $"{counts.HeldOut:N0} held out, {counts.TooShort:N0} of them too short for a window, "
                + $"{counts.Empty:N0} empty ones skipped"));
        }

        return parts.Learned;
    }

    /// <summary>As a run takes it, and each kind by itself.</summary>
    public AblationData Parts(TrainingOptions options, int slotBytes)
    {
        var films = Windows is null ? null : new TrainingWindows(Windows.Bytes, options);
        if (!HasText && films is not null) return new(films, null, films);
        var text = new TrainingText([.. Texts.Select(file => file.Bytes)], [.. HeldOut.Select(file => file.Bytes)], options, slotBytes);
        return new(films is null ? text : new MixedTraining(text, films), text, films);
    }

    /// <summary>Reads what options name.</summary>
    /// <exception cref="BadInputException">A file cannot be read, or is held out and learned all the same.</exception>
    public static TrainData Read(string[] texts, string[] heldOut, string? windows)
    {
        var data = new TrainData([.. texts.Select(TrainFile.Read)], [.. heldOut.Select(TrainFile.Read)],
            windows is null ? null : TrainFile.Read(windows));
        data.RequireApart();
        return data;
    }

    /// <summary>Refuses that there is nothing to learn from, or something held out of nothing.</summary>
    public void RequireLearnable()
    {
        if (Texts.Count == 0 && Windows is null)
            throw new BadInputException("text", "it is missing", "name a text to learn from, or --windows");
        if (Texts.Count == 0 && HeldOut.Count > 0)
            throw new BadInputException("held-out", "there is no text, and of windows the last films are held out", "leave it out");
    }

    private void RequireApart()
    {
        foreach (var held in HeldOut)
        {
            if (Texts.FirstOrDefault(text => text.Bytes.AsSpan().IndexOf(held.Bytes) >= 0) is not { } text) continue;
            throw new BadInputException("held-out", held.Source.Sha256 == text.Source.Sha256
                ? $"{held.Source.Path} and the text {text.Source.Path} are the same"
                : $"the text {text.Source.Path} has all of {held.Source.Path} in it", "hold out what is not learned");
        }
    }
}

/// <summary>A file and what it was.</summary>
internal sealed record TrainFile(byte[] Bytes, TextSource Source)
{
    /// <summary>Reads one.</summary>
    public static TrainFile Read(string path)
    {
        var (bytes, source) = TextFiles.ReadSource(path);
        return new(bytes, source);
    }

    /// <summary>Reads the files that a run began with: from where they lay, or the copies that an option names.</summary>
    /// <param name="before">What they were.</param>
    /// <param name="given">The copies, all of them, in order; none where they lie where they did.</param>
    /// <param name="option">The option.</param>
    public static IReadOnlyList<TrainFile> Again(IReadOnlyList<TextSource> before, IReadOnlyList<string> given, Option option)
    {
        var name = option.Name.TrimStart('-');
        if (given.Count > 0 && given.Count != before.Count)
            throw new BadInputException(name, $"the run has {before.Count}, not {given.Count}", "name them all, in order, or none");
        return [.. before.Select((source, i) => Same(given.Count > 0 ? given[i] : source.Path, source))];

        TrainFile Same(string path, TextSource then)
        {
            if (given.Count == 0 && !File.Exists(path))
                throw new BadInputException(path, "the run began with it and it is gone", $"name a copy of it with {option.Name}");
            var now = Read(path);
            return now.Source.Sha256 == then.Sha256 ? now
                : throw new BadInputException(path, "it is not what the run began with", $"name a copy of that with {option.Name}");
        }
    }
}
