using System.Runtime.InteropServices;

namespace HoloZero.Artifacts;

/// <summary>What the system knows of files and .NET does not tell. Stateless and thread-safe.</summary>
internal static partial class FileKind
{
    // From linux/stat.h and linux/fcntl.h; unlike struct stat, struct statx is the same on every architecture.
    private const int AtCurrentFolder = -100, TypeMask = 0x1, StatxBytes = 256, ModeOffset = 28, FormatBits = 0xF000, Regular = 0x8000,
        Folder = 0x4000, Executable = 1, Writable = 2, Exchange = 2;

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

    /// <summary>Whether this user may put entries into a folder and remove them from it; true on Windows, which asks otherwise.</summary>
    public static bool MayChangeEntries(string folder) => OperatingSystem.IsWindows() || Access(folder, Writable | Executable) == 0;

    /// <summary>Gives two files or folders each other's name in one step; false where the system or the file system cannot.</summary>
    public static bool TryExchange(string first, string second)
    {
        try
        {
            return OperatingSystem.IsLinux() && Rename(AtCurrentFolder, first, AtCurrentFolder, second, Exchange) == 0;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "access", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Access(string path, int mode);

    [LibraryImport("libc", EntryPoint = "renameat2", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Rename(int firstFolder, string first, int secondFolder, string second, uint flags);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Statx(int folder, string path, int flags, uint mask, byte* status);
}
