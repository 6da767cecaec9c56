namespace HoloZero.Artifacts;

/// <summary>The folders above a place to write that are not there yet. Not thread-safe.</summary>
/// <param name="parent">The lowest of them, as a full path.</param>
internal sealed class MissingParents(string parent)
{
    private readonly string? _topmost = Topmost(parent);

    /// <summary>Makes them.</summary>
    public void Make() => Directory.CreateDirectory(parent);

    /// <summary>Removes those that were made, as far as nobody else has put something into them.</summary>
    public void Remove()
    {
        var folder = parent;
        while (_topmost is not null && folder.Length >= _topmost.Length && Directory.Exists(folder)
            && !Directory.EnumerateFileSystemEntries(folder).Any())
        {
            Directory.Delete(folder);
            folder = Path.GetDirectoryName(folder)!;
        }
    }

    private static string? Topmost(string folder)
    {
        string? missing = null;
        for (var path = folder; path is not null && !Directory.Exists(path); path = Path.GetDirectoryName(path)) missing = path;
        return missing;
    }
}
