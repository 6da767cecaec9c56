using System.Diagnostics;

namespace HoloZero.Packages.Tests;

/// <summary>Runs programs as a person does.</summary>
internal static class Shell
{
    /// <summary>Far longer than anything here takes, on a machine that does other things, too.</summary>
    public static TimeSpan Enough { get; } = TimeSpan.FromMinutes(10);

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public static Process Start(string folder, string program, params string[] arguments) => Start(folder, [], program, arguments);

    public static Process Start(string folder, Dictionary<string, string?> environment, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    public static Task<(int Code, string Output, string Error)> RunAsync(string folder, string program, params string[] arguments) =>
        FinishAsync(Start(folder, program, arguments), Token);

    public static async Task<(int Code, string Output, string Error)> FinishAsync(Process process, CancellationToken cancellation)
    {
        using var _ = process;
        try
        {
            var error = process.StandardError.ReadToEndAsync(cancellation);
            var output = await process.StandardOutput.ReadToEndAsync(cancellation).WaitAsync(Enough, cancellation);
            await process.WaitForExitAsync(cancellation);
            return (process.ExitCode, output, await error);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }
}
