using System.Security.Cryptography;
using HoloZero.Artifacts;
using HoloZero.CommandLine;
using HoloZero.Training;

namespace HoloZero.Exporter.Cli;

/// <summary>Texts that a person named, as bytes.</summary>
internal static class TextFiles
{
    /// <summary>Refuses what only this process can read, and only once.</summary>
    /// <exception cref="BadInputException">It is stdin or another open pipe.</exception>
    public static void RequireReadableAgain(string path)
    {
        if (InputBytes.IsGivenOpen(path))
        {
            throw new BadInputException(path, "a run that is resumed reads its texts again, which this cannot be",
                "save it to a file and name that");
        }
    }

    /// <summary>Reads a file and says what it was.</summary>
    /// <exception cref="BadInputException">It cannot be read, or is larger than an array.</exception>
    public static (byte[] Bytes, TextSource Source) ReadSource(string path)
    {
        var bytes = InputFile.ReadBytes(path);
        return (bytes, new(Path.GetFullPath(path), bytes.LongLength, Convert.ToHexStringLower(SHA256.HashData(bytes))));
    }
}
