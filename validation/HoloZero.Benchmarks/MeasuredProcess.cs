using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using HoloZero.Artifacts;

namespace HoloZero.Benchmarks;

/// <summary>A process that prints one JSON object.</summary>
internal static class MeasuredProcess
{
    // Far more than any measurement takes: threads that wait by spinning can, at real-time priority, keep each other waiting for ever.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <exception cref="MissingCapabilityException">It does not start, or hangs.</exception>
    /// <exception cref="UnsoundModelException">It fails, or prints something else.</exception>
    public static JsonObject Run(string[] command)
    {
        var line = string.Join(' ', command);
        using var process = Start(command, line);
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            throw new MissingCapabilityException($"{line}: no result within {Limit.TotalMinutes} minutes", "try another --launch");
        }

        if (process.ExitCode != 0)
            throw new UnsoundModelException($"{line}: exit code {process.ExitCode}: {error.Result.Trim()}");
        try
        {
            return JsonNode.Parse(output.Result)!.AsObject();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new UnsoundModelException($"{line}: it prints no JSON object ({e.Message})");
        }
    }

    private static Process Start(string[] command, string line)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(command[0], command[1..])
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        }
        catch (Win32Exception e)
        {
            throw new MissingCapabilityException($"{line}: it does not start ({e.Message})", "install it or name another", e);
        }
    }
}
