using System.CommandLine;
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

    /// <summary>Interrupted, as shells count it.</summary>
    public const int Interrupted = 130;
}

/// <summary>Runs a command line: every failure becomes one line on stderr and an exit code; Ctrl-C cancels and lets it clean up.</summary>
public static class CommandLineProgram
{
    /// <summary>Parses and runs.</summary>
    /// <param name="name">The program's name, before each message.</param>
    /// <param name="root">Its commands.</param>
    /// <param name="args">Its arguments.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(string name, RootCommand root, string[] args)
    {
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
            return Fail(ExitCode.BadInput, $"{parsed.Errors[0].Message} See {name} --help.");

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (BadInputException e)
        {
            return Fail(ExitCode.BadInput, e.Message);
        }
        catch (MissingCapabilityException e)
        {
            return Fail(ExitCode.MachineLacks, e.Message);
        }
        catch (OutOfMemoryException)
        {
            return Fail(ExitCode.MachineLacks, "memory is exhausted; use a smaller model or input, or a machine with more");
        }
        catch (OperationCanceledException)
        {
            return Fail(ExitCode.Interrupted, "interrupted");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Fail(ExitCode.MachineLacks, $"{e.Message.ReplaceLineEndings(" ")} Check the disk and its permissions.");
        }

        int Fail(int code, string message)
        {
            Console.Error.WriteLine($"{name}: {message.ReplaceLineEndings(" ")}");
            return code;
        }
    }
}
