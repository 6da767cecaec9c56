using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace HoloZero.Artifacts;

/// <summary>
/// Says that a living process still writes a file or folder. The system lets go of it when that process ends, in whatever way.
/// Dispose it to let go. Thread-safe.
/// </summary>
internal sealed partial class AdvisoryLock : IDisposable
{
    // From fcntl.h and file.h, the same on every architecture that .NET runs on: read-only, not waiting for a pipe, closed in children.
    private const int OpenFlags = 0x800 | 0x80000, Exclusive = 2, NotWaiting = 4;
    private readonly SafeFileHandle _handle;

    private AdvisoryLock(SafeFileHandle handle) => _handle = handle;

    /// <summary>
    /// Takes the lock; null where another process has it, where nothing is at that path any more, and where the file system or the
    /// operating system knows no such locks.
    /// </summary>
    public static AdvisoryLock? TryTake(string path)
    {
        if (!OperatingSystem.IsLinux()) return null;
        var handle = new SafeFileHandle(Open(path, OpenFlags), ownsHandle: true);
        if (!handle.IsInvalid && Flock(handle, Exclusive | NotWaiting) == 0 && Path.Exists(path)) return new(handle);
        handle.Dispose();
        return null;
    }

    public void Dispose() => _handle.Dispose();

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "flock")]
    private static partial int Flock(SafeFileHandle file, int operation);
}
