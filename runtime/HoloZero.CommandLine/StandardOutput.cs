namespace HoloZero.CommandLine;

/// <summary>Raw bytes to stdout. Not thread-safe.</summary>
public sealed class StandardOutput
{
    private readonly Stream _stream = StandardDescriptors.Output ?? Console.OpenStandardOutput();

    /// <summary>Writes all of <paramref name="bytes"/>.</summary>
    /// <returns>False where whoever read the output has closed it.</returns>
    /// <exception cref="IOException">It cannot be written: the disk is full, say.</exception>
    public bool TryWrite(ReadOnlySpan<byte> bytes)
    {
        if (_stream is DescriptorStream descriptor) return descriptor.TryWrite(bytes);
        _stream.Write(bytes);
        return true;
    }
}
