using System.CommandLine;
using System.Runtime.InteropServices;
using HoloZero.Artifacts;

namespace HoloZero.CommandLine;

/// <summary>What a program's exit code says.</summary>
public static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>Checked and found wanting.</summary>
    public const int FoundWanting = 1;

    /// <summary>Bad input or usage.</summary>
    public const int BadInput = 2;

    /// <summary>The machine lacks something.</summary>
    public const int MachineLacks = 3;

    /// <summary>Ended by SIGINT, as shells count it.</summary>
    public const int Interrupted = 130;

    /// <summary>Ended by SIGTERM, as shells count it.</summary>
    public const int Terminated = 143;
}

/// <summary>
/// Runs a command line: every failure becomes one line on stderr, if anybody hears it, and an exit code in any case. SIGINT and SIGTERM
/// cancel the command, which cleans up; a second one ends it at once.
/// </summary>
public static partial class CommandLineProgram
{
    /// <summary>Parses and runs.</summary>
    /// <param name="name">The program's name, before each message.</param>
    /// <param name="root">Its commands.</param>
    /// <param name="args">Its arguments.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(string name, RootCommand root, string[] args)
    {
        StandardDescriptors.Secure();
        // A prompt may begin with @.
        var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (ArgumentBytes.FirstLossy(args) is { } lossy)
        {
            var asHex = parsed.CommandResult.Command.Options.FirstOrDefault(option => option.Name == $"{lossy}-hex");
            return Fail(ExitCode.BadInput, $"{lossy}: its bytes are not UTF-8; "
                + (asHex is null ? "rename the file, or correct the text" : $"give them in hexadecimal with {asHex.Name}"));
        }

        if (parsed.Errors.Count > 0)
        {
            // What was not understood tells more than what is missing because of it.
            var error = parsed.UnmatchedTokens.Count > 0
                ? $"{Untrusted.Quote(parsed.UnmatchedTokens[0])} is not a command or option."
                : parsed.Errors[0].Message;
            return Fail(ExitCode.BadInput, $"{error} See {name} --help.");
        }

        using var cancellation = new CancellationTokenSource();
        var whenCancelled = ExitCode.Interrupted;
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Cancel(context, ExitCode.Interrupted));
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Cancel(context, ExitCode.Terminated));
        try
        {
            var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return await parsed.InvokeAsync(invocation, cancellation.Token);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            Fail(whenCancelled, whenCancelled == ExitCode.Terminated ? "terminated" : "interrupted");
            // Native code that still runs must not meet the destructors of a process that ends in good order.
            if (Abandonable.Any) ExitAtOnce(whenCancelled);
            return whenCancelled;
        }
        catch (Exception e)
        {
            return Fail(CodeOf(e), MessageOf(e, parsed));
        }

        void Cancel(PosixSignalContext context, int code)
        {
            context.Cancel = true;
            if (cancellation.IsCancellationRequested) ExitAtOnce(code);
            whenCancelled = code;
            cancellation.Cancel();
        }

        int Fail(int code, string message)
        {
            try
            {
                Console.Error.WriteLine($"{name}: {Untrusted.OneLine(message)}");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Nobody listens on stderr; the exit code has to do.
            }

            return code;
        }
    }

    private static void ExitAtOnce(int code)
    {
        if (OperatingSystem.IsWindows()) Environment.Exit(code);
        Exit(code);
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void Exit(int code);

    private static int CodeOf(Exception e) => e switch
    {
        BadInputException => ExitCode.BadInput,
        UnsoundModelException => ExitCode.FoundWanting,
        _ => ExitCode.MachineLacks,
    };

    private static string MessageOf(Exception e, ParseResult parsed) => e switch
    {
        // Libraries name their options without the dashes that this program puts before them.
        BadInputException bad when parsed.CommandResult.Command.Options.Any(option => option.Name == $"--{bad.Where}") =>
            $"--{bad.Message}",
        BadInputException or UnsoundModelException or MissingCapabilityException => e.Message,
        OutOfMemoryException => "memory is exhausted; use a smaller model or input, or a machine with more",
        IOException when e.Message.StartsWith("stdout: ", StringComparison.Ordinal) => $"{e.Message}; give it a place that can be written",
        IOException or UnauthorizedAccessException => $"{e.Message.TrimEnd('.')}; check the disk and its permissions",
        _ => $"internal error, please report it: {e.GetType().Name}: {e.Message}",
    };
}
