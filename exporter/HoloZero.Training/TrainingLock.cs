using HoloZero.Artifacts;

namespace HoloZero.Training;

/// <summary>
/// Says that this process trains in a folder, by a hidden file beside it, as the folder itself is replaced with every save. The system lets
/// go of it when the process ends, in whatever way. Dispose it to let go.
/// </summary>
internal sealed class TrainingLock : IDisposable
{
    private readonly FileStream _file;
    private readonly string? _createdParent;

    private TrainingLock(FileStream file, string? createdParent) => (_file, _createdParent) = (file, createdParent);

    /// <summary>Takes the lock.</summary>
    /// <exception cref="BadInputException">Another process has it, or the folder's parent cannot be written.</exception>
    public static TrainingLock Take(string folder)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        full = Directory.Exists(full) ? Directory.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full : full;
        var parent = Path.GetDirectoryName(full) ?? full;
        var file = Path.Combine(parent, $".{Path.GetFileName(full)}.lock");
        string? created = null;
        for (var path = parent; path is not null && !Directory.Exists(path); path = Path.GetDirectoryName(path)) created = path;
        try
        {
            Directory.CreateDirectory(parent);
            return new(new(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose),
                created);
        }
        catch (IOException e) when (File.Exists(file))
        {
            throw new BadInputException(folder, "another process trains in it", "wait for its end, or name another folder", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException(folder, $"it cannot be written ({e.Message})", "name a place that this user can write to", e);
        }
    }

    public void Dispose()
    {
        var parent = Path.GetDirectoryName(_file.Name);
        _file.Dispose();
        // Parents made for a folder that was never written go again.
        while (_createdParent is not null && parent?.Length >= _createdParent.Length && Directory.Exists(parent)
            && !Directory.EnumerateFileSystemEntries(parent).Any())
        {
            Directory.Delete(parent);
            parent = Path.GetDirectoryName(parent);
        }
    }
}
