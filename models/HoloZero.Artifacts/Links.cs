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

    /// <summary>The path of something that exists with every link in it followed, those of its folders too.</summary>
    /// <exception cref="IOException">The links lead in a circle, or one of them cannot be read.</exception>
    public static string Real(string path)
    {
        var full = Path.GetFullPath(path);
        if (Path.GetDirectoryName(full) is not { } folder) return full;
        var entry = Path.Combine(Real(folder), Path.GetFileName(full));
        var target = Follow(entry);
        return target == entry ? entry : Real(target);
    }

    /// <summary>Whether a path without links lies below a folder that has none either.</summary>
    public static bool IsWithin(string path, string folder) =>
        path.StartsWith(Path.EndsInDirectorySeparator(folder) ? folder : folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);

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
