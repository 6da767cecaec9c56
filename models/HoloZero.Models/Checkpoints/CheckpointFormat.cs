using HoloZero.Artifacts;

namespace HoloZero.Models.Checkpoints;

/// <summary>Tells formats apart by their first bytes.</summary>
internal static class CheckpointFormat
{
    public const string PyTorchZip = "pytorch-zip";
    public const string Safetensors = "safetensors";

    // The pickled number 0x1950a86a20f9469cfc6c, which torch wrote first before 1.6.
    private static ReadOnlySpan<byte> LegacyMagic => [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

    /// <returns>One of the two names. The stream is back at its start.</returns>
    /// <exception cref="BadInputException">The file is neither.</exception>
    public static string Detect(string path, FileStream stream)
    {
        Span<byte> buffer = stackalloc byte[16];
        ReadOnlySpan<byte> head = buffer[..ReadHead(path, stream, buffer)];
        if (head.Length == 0) throw new BadInputException(path, "the file is empty", "copy or download it again");
        if (head.StartsWith("PK\u0003\u0004"u8) || head.StartsWith("PK\u0005\u0006"u8)) return PyTorchZip;
        if (head.StartsWith(LegacyMagic))
        {
            throw new BadInputException(path, "it was saved by PyTorch before 1.6 or with _use_new_zipfile_serialization=False",
                "load it and save it anew with torch.save of PyTorch 1.6 or later");
        }
        // A safetensors header of so many bytes as text would say is beyond what the format allows.
        if (head[0] is (byte)'{' or (byte)'[' && !UpperBytesOfLength(head).Contains((byte)0)) throw JsonText(path, stream);
        if (head.Length > 8 && head[8] == '{') return Safetensors;
        throw new BadInputException(path, "this is neither a PyTorch checkpoint nor a safetensors file",
            "name a file written by torch.save or in the safetensors format");
    }

    private static ReadOnlySpan<byte> UpperBytesOfLength(ReadOnlySpan<byte> head) =>
        head[Math.Min(2, head.Length)..Math.Min(8, head.Length)];

    private static BadInputException JsonText(string path, FileStream stream)
    {
        Span<byte> start = stackalloc byte[1 << 14];
        start = start[..ReadHead(path, stream, start)];
        return path.EndsWith(".index.json", StringComparison.OrdinalIgnoreCase) || start.IndexOf("\"weight_map\""u8) >= 0
            ? new(path, "this is the index of a checkpoint in several files, not a checkpoint",
                "join them to one: load every file that it names and save all tensors with their cfg as one .safetensors or .pt")
            : new(path, "this is JSON text, not a checkpoint", "name a file written by torch.save or in the safetensors format");
    }

    private static int ReadHead(string path, FileStream stream, Span<byte> buffer)
    {
        try
        {
            var read = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            stream.Position = 0;
            return read;
        }
        catch (IOException e)
        {
            throw new BadInputException(path, $"it cannot be read ({e.Message})", "check the disk", e);
        }
    }
}
