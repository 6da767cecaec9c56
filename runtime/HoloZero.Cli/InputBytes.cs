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
            // The system's pseudo-files have a length of 0 and content all the same, so the length is only a hint.
            using var bytes = new MemoryStream((int)Math.Min(stream.Length, Array.MaxLength));
            var chunk = new byte[1 << 16];
            for (int read; (read = stream.Read(chunk)) > 0;)
            {
                if (bytes.Length + read > Array.MaxLength)
                    throw new BadInputException(path, $"it has more than {Array.MaxLength} bytes", "cut it up");
                bytes.Write(chunk, 0, read);
            }

            return bytes.ToArray();
        });
    }
}
