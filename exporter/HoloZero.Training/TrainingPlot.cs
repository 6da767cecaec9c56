namespace HoloZero.Training;

/// <summary>The entries of a run as a picture: bits per byte over steps, of what is learned and of what is held out. Thread-safe.</summary>
internal static class TrainingPlot
{
    /// <summary>An SVG document, the same for the same log.</summary>
    public static string Of(TrainingLog log) => LinePlot.Of($"bits per byte over {log.Step:N0} of {log.Options.Steps:N0} steps", log.Step,
        [
            new("learned", "#999", [.. log.Entries.Where(entry => entry.BitsPerByte is not null)
                .Select(entry => ((double)entry.Step, entry.BitsPerByte!.Value))]),
            new("held out", "#06c", HeldOut(log)),
        ],
        log.Best is { } best ? (best.Step, best.HeldOutBitsPerByte, $"best: step {best.Step:N0}, {best.HeldOutBitsPerByte:F5}") : null);

    /// <summary>What was measured of held-out data, over the steps.</summary>
    public static IReadOnlyList<(double Step, double Bits)> HeldOut(TrainingLog log) =>
        [.. log.Entries.Select(entry => ((double)entry.Step, entry.HeldOutBitsPerByte))];
}
