namespace HoloZero.Artifacts;

/// <summary>Where a person asked for a result to be written. Stateless and thread-safe.</summary>
public static class OutputFile
{
    private const int NoSpace = 28, QuotaExceeded = 122, DiskError = 5;

    /// <summary>Refuses a path that no file can be written to, before the work for it is done.</summary>
    /// <exception cref="BadInputException">It is empty, a folder, a device or a pipe, or its folder does not exist.</exception>
    public static void RequireWritable(string path)
    {
        if (string.IsNullOrEmpty(path)) throw new BadInputException("output", "its path is empty", "name a file");
        if (Directory.Exists(path)) throw new BadInputException(path, "this is a folder", "name a file in it");
        if (FileKind.IsSpecial(path)) throw new BadInputException(path, "this is a pipe or a device", "name a regular file");
        if (!Directory.Exists(Path.GetDirectoryName(Resolve(path))))
            throw new BadInputException(path, "its folder does not exist", "create the folder first");
    }

    /// <summary>Writes a file, replacing one of that name; it appears whole or not at all.</summary>
    /// <param name="path">The file.</param>
    /// <param name="write">Writes its content to a stream that can seek.</param>
    /// <exception cref="BadInputException">The path is no place for a file, or its folder is missing or not writable.</exception>
    /// <exception cref="MissingCapabilityException">The disk is full or fails.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        RequireWritable(path);
        string? temporary = null;
        try
        {
            var full = Resolve(path);
            Unfinished.Sweep(full);
            var unfinished = Unfinished.NameFor(full);
            // Shared with nobody: that is what keeps others from sweeping it.
            using (var stream = new FileStream(unfinished, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None))
            {
                temporary = unfinished;
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, full, overwrite: true);
            temporary = null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw Failure(path, e);
        }
        finally
        {
            if (temporary is not null) File.Delete(temporary);
        }
    }

    /// <summary>The full path, with a link followed to what it points to.</summary>
    /// <exception cref="BadInputException">Its links lead in a circle.</exception>
    internal static string Resolve(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        try
        {
            return Links.Follow(full);
        }
        catch (IOException e)
        {
            throw new BadInputException(path, $"its links cannot be followed ({e.Message})", "name the place itself", e);
        }
    }

    /// <summary>Why something could not be written, as whoever can mend it needs to hear it.</summary>
    internal static Exception Failure(string path, Exception e) => e.HResult is NoSpace or QuotaExceeded or DiskError
        ? new MissingCapabilityException($"{path}: the disk is full or fails ({e.Message})", "free some space or name another disk", e)
        : new BadInputException(path, $"it cannot be written ({e.Message})", "name a place that this user can write to", e);
}
