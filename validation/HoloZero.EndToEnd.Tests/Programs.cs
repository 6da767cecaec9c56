using System.Diagnostics;
using System.Text;

namespace HoloZero.EndToEnd.Tests;

/// <summary>What a finished program left.</summary>
public sealed record ProgramResult(int ExitCode, byte[] StandardOutput, string StandardError)
{
    public string Text => Encoding.UTF8.GetString(StandardOutput);
}

/// <summary>Runs the built programs as a person does.</summary>
internal static class Programs
{
    public static Task<ProgramResult> ExportAsync(params string[] arguments) => RunAsync("HoloZero.Exporter.Cli", "holozero-export",
        arguments);

    public static Task<ProgramResult> HoloZeroAsync(params string[] arguments) => RunAsync("HoloZero.Cli", "holozero", arguments);

    /// <summary>Runs a program of this build.</summary>
    public static async Task<ProgramResult> RunAsync(string project, string program, params string[] arguments)
    {
        using var process = Start(project, program, arguments);
        return await FinishAsync(process);
    }

    /// <summary>Starts a program of this build in the folder of temporary files.</summary>
    public static Process Start(string project, string program, params string[] arguments) =>
        Start(PathOf(project, program), arguments);

    /// <summary>Starts a program that lies elsewhere.</summary>
    public static Process Start(string path, string[] arguments) =>
        Process.Start(new ProcessStartInfo(path, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        })!;

    /// <summary>Waits for a program to end.</summary>
    public static async Task<ProgramResult> FinishAsync(Process process)
    {
        var output = new MemoryStream();
        var error = process.StandardError.ReadToEndAsync();
        await process.StandardOutput.BaseStream.CopyToAsync(output);
        await process.WaitForExitAsync();
        return new(process.ExitCode, output.ToArray(), await error);
    }

    /// <summary>Sends a signal: -INT, -TERM. By the shell's own kill, since a minimal system has no program of that name.</summary>
    public static async Task SignalAsync(Process process, string signal)
    {
        using var shell = Process.Start("bash", ["-c", $"kill {signal} {process.Id}"]);
        await shell.WaitForExitAsync();
    }

    /// <summary>Where the build put a program: artifacts/bin/PROJECT/CONFIGURATION/.</summary>
    public static string PathOf(string project, string program)
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        return Path.Combine(own.Parent!.Parent!.FullName, project, own.Name, program);
    }

    /// <summary>
    /// Asserts exit code <paramref name="code"/>, silence on stdout, and one line on stderr that says all of <paramref name="said"/>.
    /// </summary>
    public static void RequireRefusal(ProgramResult result, int code, params string[] said)
    {
        Assert.Equal((code, ""), (result.ExitCode, result.Text));
        var line = Assert.Single(result.StandardError.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.All(said, part => Assert.Contains(part, line));
    }
}
