using System.Runtime.InteropServices;
using System.Text;

namespace HoloZero.CommandLine;

/// <summary>
/// Makes a program safe to start with stdin, stdout or stderr closed. A descriptor that nobody gave it is the number that the next opened
/// file gets: an error message would end up in a model's weights, or in a pipe of the .NET runtime's own.
/// </summary>
internal static partial class StandardDescriptors
{
    // From fcntl.h, the same on every architecture that .NET runs on.
    private const int GetFlags = 1, CloseOnExec = 1, ReadOnly = 0, WriteOnly = 1;

    /// <summary>Stdout, once <see cref="Secure"/> has been called; null on Windows.</summary>
    public static DescriptorStream? Output { get; private set; }

    /// <summary>Whether the program was given a stdin.</summary>
    public static bool HasInput { get; private set; } = true;

    /// <summary>
    /// To be called before anything is opened. Afterwards results that cannot be written are an <see cref="IOException"/>, and talk that
    /// nobody hears is no failure.
    /// </summary>
    public static void Secure()
    {
        if (OperatingSystem.IsWindows()) return;
        var given = new bool[3];
        for (var descriptor = 0; descriptor < given.Length; descriptor++)
        {
            var flags = Control(descriptor, GetFlags);
            // Opened the wrong way round, so that using it fails as using a closed one does. In this order it gets the number that is free.
            if (flags < 0) Open("/dev/null", descriptor == 0 ? WriteOnly : ReadOnly);
            // What a program is given stays open in its children, what the runtime opens does not. Then the number is the runtime's.
            given[descriptor] = flags >= 0 && (flags & CloseOnExec) == 0;
        }

        (Output, HasInput) = (new(1, given[1]), given[0]);
        Console.SetOut(Writer(Output));
        Console.SetError(Writer(new(2, given[2])));

        static StreamWriter Writer(DescriptorStream stream) => new(stream, new UTF8Encoding(false)) { AutoFlush = true };
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int descriptor, int command);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);
}
