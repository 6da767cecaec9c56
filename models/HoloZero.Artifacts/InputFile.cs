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

    /// <summary>Reads a whole file.</summary>
    /// <exception cref="BadInputException">It cannot be opened or read, or is larger than an array.</exception>
    public static byte[] ReadBytes(string path)
    {
        using var stream = OpenRead(path);
        var bytes = ReadFirst(path, stream, Array.MaxLength);
        return Guard(path, stream.ReadByte) < 0 ? bytes
            : throw new BadInputException(path, $"it has more than {Array.MaxLength:N0} bytes", "cut it up");
    }

    /// <summary>Reads the beginning of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="most">Bytes at most, 0 or more; a shorter file is read whole.</param>
    /// <exception cref="BadInputException">It cannot be opened or read.</exception>
    public static byte[] ReadFirstBytes(string path, int most)
    {
        using var stream = OpenRead(path);
        return ReadFirst(path, stream, most);
    }

    private static byte[] ReadFirst(string path, FileStream stream, int most) => Guard(path, () =>
    {
        // The system's pseudo-files have a length of 0 and content all the same, so the length is only a hint.
        var bytes = new byte[Math.Min(stream.Length, most)];
        var length = 0;
        while (true)
        {
            length += stream.ReadAtLeast(bytes.AsSpan(length), bytes.Length - length, throwOnEndOfStream: false);
            if (length == most || length < bytes.Length || stream.ReadByte() is not (>= 0 and var next)) break;
            Array.Resize(ref bytes, (int)Math.Min(Math.Max(2L * length, 1 << 16), most));
            bytes[length++] = (byte)next;
        }

        return length == bytes.Length ? bytes : bytes[..length];
    });

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
