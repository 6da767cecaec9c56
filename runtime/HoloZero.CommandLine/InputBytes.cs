using HoloZero.Artifacts;

namespace HoloZero.CommandLine;

/// <summary>
/// Reads the bytes of a file that a person named. <c>-</c> is stdin; so is <c>/dev/stdin</c>, and what a shell passes as
/// <c>&lt;(command)</c> is read to its end as well. A pipe that has a name is refused: nobody may ever write to it. Thread-safe.
/// </summary>
public static class InputBytes
{
    private const string Standard = "-", StandardPath = "/dev/stdin";
    private static readonly string[] Descriptors = ["/dev/fd/", "/proc/self/fd/", $"/proc/{Environment.ProcessId}/fd/"];

    /// <summary>Whether a name stands for what the process was given open, which no other process can open again.</summary>
    public static bool IsGivenOpen(string path) => path is Standard or StandardPath || IsDescriptor(path);

    /// <summary>Reads all of it.</summary>
    /// <param name="path">The file, or what stands for a pipe.</param>
    /// <param name="cancellation">Ends the waiting for a pipe.</param>
    /// <param name="most">Bytes to read at most; null is all.</param>
    /// <exception cref="BadInputException">It cannot be read, or all of it is larger than an array.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static byte[] Read(string path, CancellationToken cancellation = default, int? most = null)
    {
        var (name, open) = path switch
        {
            Standard or StandardPath => ("stdin", OpenStandard),
            _ when IsDescriptor(path) => (path, () => OpenDescriptor(path)),
            _ => (path, (Func<Stream>)(() => InputFile.OpenRead(path))),
        };
        return Abandonable.Run(() =>
        {
            using var stream = InputFile.Guard(name, open);
            return most is { } limit ? InputFile.ReadFirstBytes(name, stream, limit) : InputFile.ReadBytes(name, stream);
        }, cancellation);
    }

    private static bool IsDescriptor(string path) => Descriptors.Any(folder => path.StartsWith(folder, StringComparison.Ordinal));

    private static Stream OpenStandard() => StandardDescriptors.HasInput ? Console.OpenStandardInput()
        : throw new BadInputException("stdin", "it is closed", "pipe something into it or name a file");

    private static FileStream OpenDescriptor(string path) =>
        Directory.Exists(path) ? throw new BadInputException(path, "this is a directory", "name the file in it")
            : new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
}
