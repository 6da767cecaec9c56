using System.Diagnostics;
using HoloZero.Artifacts;

namespace HoloZero.Cli;

/// <param name="Runs">Processes that were started.</param>
/// <param name="MedianMilliseconds">From before the process is started until its first byte has come.</param>
internal sealed record StartUpResult(int Runs, double MedianMilliseconds);

/// <summary>Starts this program anew and waits for the first byte that it generates.</summary>
internal static class StartUp
{
    /// <param name="modelArguments">How the model is loaded.</param>
    /// <param name="runs">Processes to measure, after one that warms the disk up.</param>
    /// <param name="clock">What time is taken from.</param>
    /// <param name="cancellation">Checked between processes.</param>
    public static StartUpResult Measure(IReadOnlyList<string> modelArguments, int runs, TimeProvider clock, CancellationToken cancellation)
    {
        string[] generate = ["generate", .. modelArguments, "--prompt", "a", "--max-bytes", "1", "--greedy", "--ignore-eos"];
        var times = new List<double>();
        for (var run = 0; run <= runs; run++)
        {
            cancellation.ThrowIfCancellationRequested();
            var taken = Once(generate, clock);
            if (run > 0) times.Add(taken);
        }

        times.Sort();
        return new(runs, (times[(runs - 1) / 2] + times[runs / 2]) / 2);
    }

    private static double Once(string[] arguments, TimeProvider clock)
    {
        var start = clock.GetTimestamp();
        using var process = Process.Start(Self(arguments))
            ?? throw new MissingCapabilityException("this program cannot start itself anew", "measure with --latency-only");
        var first = process.StandardOutput.BaseStream.ReadByte();
        var taken = clock.GetElapsedTime(start).TotalMilliseconds;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 && first >= 0 ? taken
            : throw new UnsoundModelException($"a new process generates nothing ({error.Trim()}); check the model with doctor");
    }

    private static ProcessStartInfo Self(string[] arguments)
    {
        var program = Environment.ProcessPath!;
        // Under `dotnet holozero.dll` the process is dotnet.
        if (Path.GetFileNameWithoutExtension(program) == "dotnet") arguments = [typeof(StartUp).Assembly.Location, .. arguments];
        return new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
    }
}
