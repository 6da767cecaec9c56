namespace HoloZero.Artifacts;

/// <summary>What symbolic links lead to. Stateless and thread-safe.</summary>
internal static class Links
{
    /// <summary>The path itself, or what it is a link to, over any number of links, whether that exists or not.</summary>
    /// <exception cref="IOException">The links lead in a circle, or one of them cannot be read.</exception>
    public static string Follow(string path)
    {
        FileSystemInfo entry = Directory.Exists(path) ? new DirectoryInfo(path) : new FileInfo(path);
        return entry.LinkTarget is null ? path : entry.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
    }

    /// <summary>Whether nothing can be reached because the links end where they began.</summary>
    public static bool LeadsInACircle(string path)
    {
        try
        {
            if (new FileInfo(path).LinkTarget is null) return false;
            Follow(path);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
        catch (Exception e) when (e is UnauthorizedAccessException or ArgumentException)
        {
            return false;
        }
    }
}
