using System.Runtime.InteropServices;

namespace HoloZero.CommandLine;

/// <summary>
/// Raw bytes to a descriptor of the process. The console's own stream swallows the news that nobody reads any more, and a file stream does
/// not move the offset that a shell shares with it; a plain write does neither. Not thread-safe.
/// </summary>
/// <param name="descriptor">1 or 2.</param>
/// <param name="given">Whether the process was given this descriptor.</param>
internal sealed partial class DescriptorStream(int descriptor, bool given) : Stream
{
    private const int Output = 1, Interrupted = 4, TryAgain = 11, BrokenPipe = 32;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Writes all of <paramref name="bytes"/>.</summary>
    /// <returns>False where nobody reads it: results may end then, and talk may go unheard.</returns>
    /// <exception cref="IOException">Results cannot be written: the disk is full, say. Talk never fails.</exception>
    public bool TryWrite(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var written = given ? Write(descriptor, bytes, bytes.Length) : -1;
            if (written >= 0)
            {
                bytes = bytes[(int)written..];
                continue;
            }

            var error = Marshal.GetLastPInvokeError();
            if (given && error == Interrupted) continue;
            if (given && error == TryAgain)
            {
                // Another process has made the pipe that we share not wait.
                Thread.Sleep(1);
                continue;
            }

            if (descriptor != Output || given && error == BrokenPipe) return false;
            throw new IOException($"stdout: it cannot be written ({(given ? Marshal.GetPInvokeErrorMessage(error) : "it is closed")})");
        }

        return true;
    }

    public override void Write(ReadOnlySpan<byte> buffer) => TryWrite(buffer);

    public override void Write(byte[] buffer, int offset, int count) => TryWrite(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int descriptor, ReadOnlySpan<byte> bytes, nint count);
}
