using System.Runtime.InteropServices;

namespace HoloZero.Artifacts;

/// <summary>Tells files from what only looks like one. Stateless and thread-safe.</summary>
internal static partial class FileKind
{
    // From linux/stat.h and linux/fcntl.h; unlike struct stat, struct statx is the same on every architecture.
    private const int AtCurrentFolder = -100, TypeMask = 0x1, StatxBytes = 256, ModeOffset = 28, FormatBits = 0xF000, Regular = 0x8000,
        Folder = 0x4000;

    /// <summary>
    /// Whether the path leads to a pipe, a socket or a device, to which one must not rename and whose opening may block; false where
    /// there is nothing, and on systems other than Linux.
    /// </summary>
    public static unsafe bool IsSpecial(string path)
    {
        if (!OperatingSystem.IsLinux()) return false;
        var status = stackalloc byte[StatxBytes];
        if (Statx(AtCurrentFolder, path, 0, TypeMask, status) != 0) return false;
        return (*(ushort*)(status + ModeOffset) & FormatBits) is not (Regular or Folder);
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Statx(int folder, string path, int flags, uint mask, byte* status);
}
