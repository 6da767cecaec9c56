using HoloZero.Artifacts;

namespace HoloZero.Cli;

/// <summary>Reads the bytes of a file that a person named.</summary>
internal static class InputBytes
{
    public static byte[] Read(string path)
    {
        using var stream = InputFile.OpenRead(path);
        return InputFile.Guard(path, () =>
        {
            if (stream.Length > Array.MaxLength) throw new BadInputException(path, $"it has {stream.Length} bytes, at most {Array.MaxLength} can be read", "cut it up");
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return bytes;
        });
    }
}
