using System.Runtime.InteropServices;

namespace HoloZero.CommandLine;

/// <summary>
/// Raw bytes to stdout. The console's own stream swallows the news that nobody reads any more, and a file stream does not move the
/// offset that a shell shares with it; a plain write does neither. Not thread-safe.
/// </summary>
public sealed partial class StandardOutput
{
    private const int Descriptor = 1, Interrupted = 4, BrokenPipe = 32;
    private readonly Stream? _portable = OperatingSystem.IsWindows() ? Console.OpenStandardOutput() : null;

    /// <summary>Writes all of <paramref name="bytes"/>.</summary>
    /// <returns>False where whoever read the output has closed it.</returns>
    /// <exception cref="IOException">It cannot be written: the disk is full, say.</exception>
    public bool TryWrite(ReadOnlySpan<byte> bytes)
    {
        if (_portable is not null)
        {
            _portable.Write(bytes);
            return true;
        }

        while (!bytes.IsEmpty)
        {
            var written = Write(Descriptor, bytes, bytes.Length);
            if (written >= 0)
            {
                bytes = bytes[(int)written..];
                continue;
            }

            var error = Marshal.GetLastPInvokeError();
            if (error == BrokenPipe) return false;
            if (error != Interrupted) throw new IOException($"stdout: it cannot be written ({Marshal.GetPInvokeErrorMessage(error)})");
        }

        return true;
    }

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int descriptor, ReadOnlySpan<byte> bytes, nint count);
}
