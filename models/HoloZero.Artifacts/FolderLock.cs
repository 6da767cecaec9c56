namespace HoloZero.Artifacts;

/// <summary>
/// Says that this process works in a folder, by a hidden file beside it, as the folder itself may be replaced or not be there yet. The
/// system lets go of it when the process ends, in whatever way. Dispose it to let go. Not thread-safe.
/// </summary>
public sealed class FolderLock : IDisposable
{
    private readonly FileStream _file;
    private readonly MissingParents _parents;

    private FolderLock(FileStream file, MissingParents parents) => (_file, _parents) = (file, parents);

    /// <summary>Takes the lock, whatever links lead to the folder; null where another process has it.</summary>
    /// <exception cref="BadInputException">The folder's parent cannot be written.</exception>
    /// <exception cref="MissingCapabilityException">The disk is full or fails.</exception>
    public static FolderLock? TryTake(string folder)
    {
        var full = OutputFile.Resolve(folder);
        var parent = Path.GetDirectoryName(full) ?? full;
        var file = Path.Combine(parent, $".{Path.GetFileName(full)}.lock");
        var parents = new MissingParents(parent);
        try
        {
            parents.Make();
            return new(new(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose),
                parents);
        }
        catch (IOException) when (File.Exists(file))
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            parents.Remove();
            throw OutputFile.Failure(folder, e);
        }
    }

    /// <summary>Lets go of the folder; parents made for one that was never written go again.</summary>
    public void Dispose()
    {
        _file.Dispose();
        _parents.Remove();
    }
}
