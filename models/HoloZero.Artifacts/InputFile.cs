using System.Security;

namespace HoloZero.Artifacts;

/// <summary>Opens and reads files that a person named, with every failure in words. Stateless and thread-safe.</summary>
public static class InputFile
{
    /// <summary>Opens a file for random access; others may read it meanwhile. The caller owns the stream.</summary>
    /// <exception cref="BadInputException">No such file, a directory, no permission, or not a regular file.</exception>
    public static FileStream OpenRead(string path)
    {
        if (string.IsNullOrEmpty(path)) throw new BadInputException("file", "its path is empty", "name a file");
        if (Directory.Exists(path)) throw new BadInputException(path, "this is a directory", "name the file in it");
        // Before opening: to open a pipe that nobody writes to waits for ever.
        if (FileKind.IsSpecial(path)) throw new BadInputException(path, "this is a pipe or a device", "save it to a regular file first");
        var stream = Guard(path, () => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read));
        if (stream.CanSeek) return stream;
        stream.Dispose();
        throw new BadInputException(path, "this is a pipe or a device", "save it to a regular file first");
    }

    /// <summary>Runs code that reads the file, and turns the system's failures into <see cref="BadInputException"/>.</summary>
    /// <exception cref="BadInputException">The code failed to read the file.</exception>
    public static T Guard<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new BadInputException(path, "no such file", "check the path", e);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or SecurityException)
        {
            throw new BadInputException(path, "permission to read it is denied", "make it readable for this user", e);
        }
        catch (IOException e) when (Links.LeadsInACircle(path))
        {
            throw new BadInputException(path, "its links lead in a circle", "name the file itself", e);
        }
        catch (EndOfStreamException e)
        {
            throw new BadInputException(path, "it ends too early", "copy or download it again", e);
        }
        catch (Exception e) when (e is IOException or ArgumentException or NotSupportedException)
        {
            throw new BadInputException(path, $"it cannot be read ({e.Message})", "check the path and the disk", e);
        }
    }
}
