using System.Globalization;
using HoloZero.CommandLine;
using HoloZero.Training;

namespace HoloZero.Exporter.Cli;

/// <summary>A bar on one line of the terminal, with speed and bits per byte; silent in a pipe.</summary>
internal sealed class TrainProgress(TimeProvider clock) : IProgress<TrainingProgress>, IDisposable
{
    private const int Width = 24;
    private readonly TerminalProgress _terminal = new();
    private readonly long _started = clock.GetTimestamp();

    public void Report(TrainingProgress value)
    {
        var done = (int)(Width * value.Step / value.Steps);
        var speed = value.PredictedBytes / Math.Max(1e-3, clock.GetElapsedTime(_started).TotalSeconds);
        _terminal.Report(string.Create(CultureInfo.InvariantCulture, $"[{new string('#', done)}{new string('.', Width - done)}] "
            + $"step {value.Step:N0} of {value.Steps:N0}, {speed:N0} bytes/s, {value.BitsPerByte:F3} bits/byte, "
            + $"held out {value.HeldOutBitsPerByte:F3}"));
    }

    public void Dispose() => _terminal.Dispose();
}
