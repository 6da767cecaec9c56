using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace HoloZero.Artifacts;

/// <summary>SHA-256 of files, streamed. Stateless and thread-safe.</summary>
public static class FileHash
{
    private const int ChunkBytes = 1 << 18;

    /// <summary>The SHA-256 of a file's bytes in lower-case hexadecimal, 64 characters.</summary>
    /// <param name="path">The file.</param>
    /// <param name="read">Told the bytes of each piece that is read.</param>
    /// <param name="cancellation">Checked between pieces.</param>
    /// <exception cref="BadInputException">The file cannot be read.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static string Sha256(string path, Action<int>? read = null, CancellationToken cancellation = default)
    {
        using var stream = InputFile.OpenRead(path);
        return Sha256(path, stream.SafeFileHandle, read, cancellation);
    }

    /// <summary>The SHA-256 of bytes in lower-case hexadecimal, 64 characters.</summary>
    public static string Sha256(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>The same of an open file, whatever its position; the position stays. The caller keeps the handle.</summary>
    /// <param name="path">The file's name, for messages.</param>
    /// <param name="file">The open file.</param>
    /// <param name="onRead">Told the bytes of each piece that is read.</param>
    /// <param name="cancellation">Checked between pieces.</param>
    /// <exception cref="BadInputException">The file cannot be read.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static string Sha256(string path, SafeFileHandle file, Action<int>? onRead = null,
        CancellationToken cancellation = default) => InputFile.Guard(path, () =>
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var chunk = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            long offset = 0;
            for (int read; (read = RandomAccess.Read(file, chunk.AsSpan(0, ChunkBytes), offset)) > 0; offset += read)
            {
                hash.AppendData(chunk, 0, read);
                onRead?.Invoke(read);
                cancellation.ThrowIfCancellationRequested();
            }
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    });
}
