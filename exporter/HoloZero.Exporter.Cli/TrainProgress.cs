using System.Globalization;
using HoloZero.CommandLine;
using HoloZero.Training;

namespace HoloZero.Exporter.Cli;

/// <summary>
/// A line for each measurement, and between them a bar on one line of the terminal. Speed and time left are those of this process, with all
/// that it does between the steps.
/// </summary>
internal sealed class TrainProgress(TimeProvider clock) : ITrainingWatcher
{
    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;
    private const int Width = 24;
    private readonly TerminalProgress _terminal = new();
    private long _started;
    private long? _firstStep;
    private double _best = double.PositiveInfinity;

    public void Report(TrainingProgress value)
    {
        if (_firstStep is null) (_firstStep, _started) = (value.Step, clock.GetTimestamp());
        var seconds = Math.Max(1e-3, clock.GetElapsedTime(_started).TotalSeconds);
        if (value.Entry is { } entry)
        {
            _terminal.Dispose();
            Console.WriteLine(Line(value, entry, seconds));
        }

        var done = (int)(Width * value.Step / value.Steps);
        _terminal.Report(string.Create(Culture, $"[{new string('#', done)}{new string('.', Width - done)}] step {value.Step:N0} of "
            + $"{value.Steps:N0}, {value.PredictedBytes / seconds:N0} bytes/s, {value.BitsPerByte:F3} bits/byte, "
            + $"held out {value.HeldOutBitsPerByte:F3}"));
    }

    public void Dispose() => _terminal.Dispose();

    private string Line(TrainingProgress value, TrainingEntry entry, double seconds)
    {
        var learned = entry.BitsPerByte is { } bits ? string.Create(Culture, $"loss {bits * Math.Log(2):F4}, {bits:F4} bits/byte, ") : "";
        var isBest = entry.HeldOutBitsPerByte < _best && value.Step > 0;
        _best = Math.Min(_best, entry.HeldOutBitsPerByte);
        var steps = value.Step - _firstStep.GetValueOrDefault();
        var speed = steps == 0 ? "" : string.Create(Culture,
            $", {value.PredictedBytes / seconds:N0} bytes/s, {Left(seconds / steps * (value.Steps - value.Step))} left");
        return string.Create(Culture, $"step {value.Step:N0} of {value.Steps:N0}: {learned}held out {entry.HeldOutBitsPerByte:F4} bits/byte"
            + $"{(isBest ? " (best so far)" : "")}{speed}");
    }

    private static string Left(double seconds) => seconds switch
    {
        < 120 => string.Create(Culture, $"{seconds:F0} s"),
        < 7200 => string.Create(Culture, $"{seconds / 60:F0} min"),
        < 172_800 => string.Create(Culture, $"{seconds / 3600:F1} h"),
        _ => string.Create(Culture, $"{seconds / 86_400:F1} days"),
    };
}
