using System.Text.RegularExpressions;

namespace HoloZero.Artifacts;

/// <summary>
/// Names of what is being written, hidden beside where it will be, and what to do with what a killed process left there.
/// Stateless and thread-safe.
/// </summary>
internal static partial class Unfinished
{
    private const string Suffix = ".partial", OldSuffix = ".old";

    /// <summary>A new name for the unfinished form of <paramref name="target"/>.</summary>
    public static string NameFor(string target) => Path.Combine(Path.GetDirectoryName(target) ?? target,
        $".{Path.GetFileName(target)}.{Path.GetRandomFileName()}{Suffix}");

    /// <summary>Where the older folder waits, on systems that cannot exchange two folders, until the finished one has its place.</summary>
    public static string OldOf(string unfinished) => unfinished + OldSuffix;

    /// <summary>
    /// Removes every unfinished form of <paramref name="target"/> that no living process writes. An older folder that was moved away
    /// and never replaced goes back to its place. What cannot be removed stays: this is housekeeping, nobody asked for it.
    /// </summary>
    public static void Sweep(string target)
    {
        if (!OperatingSystem.IsLinux() || Path.GetDirectoryName(target) is not { } parent || !Directory.Exists(parent)) return;
        var name = Path.GetFileName(target);
        try
        {
            foreach (var entry in new DirectoryInfo(parent).EnumerateFileSystemInfos().Where(IsOurs).ToArray()) Sweep(entry, target);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A folder that may be written but not listed.
        }

        // A link of such a name is not ours: we make none, and what it leads to is somebody else's.
        bool IsOurs(FileSystemInfo entry) => entry.LinkTarget is null && !FileKind.IsSpecial(entry.FullName)
            && entry.Name.StartsWith($".{name}.", StringComparison.Ordinal) && Random().IsMatch(entry.Name.AsSpan(name.Length + 2));
    }

    private static void Sweep(FileSystemInfo entry, string target)
    {
        using var unheld = AdvisoryLock.TryTake(entry.FullName);
        if (unheld is null) return;
        try
        {
            if (entry is not DirectoryInfo folder) entry.Delete();
            else if (entry.Name.EndsWith(OldSuffix, StringComparison.Ordinal) && !Path.Exists(target)) folder.MoveTo(target);
            else folder.Delete(recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another user's, or swept by another process this very moment.
        }
    }

    [GeneratedRegex(@"^[a-z0-9]{8}\.[a-z0-9]{3}\.partial(\.old)?$")]
    private static partial Regex Random();
}
