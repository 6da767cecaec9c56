using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>A piece of memory for states. Dispose it; what it is asked for afterwards is undefined.</summary>
internal interface IMemoryBlock : IDisposable
{
    /// <summary>The first byte, which only its <see cref="StateMemory"/> may read.</summary>
    nint Start { get; }

    /// <summary>Bytes from <see cref="Start"/> on.</summary>
    long Bytes { get; }
}

/// <summary>
/// Where states lie: host memory, or a device's, which the host does not see. A call may be made once <see cref="Finish"/> has returned.
/// Thread-safe; its blocks are not.
/// </summary>
internal abstract class StateMemory
{
    /// <summary>What ONNX Runtime calls it.</summary>
    public abstract OrtMemoryInfo Info { get; }

    /// <summary>Whether the host reads and writes it.</summary>
    public abstract bool IsHost { get; }

    /// <summary>Zeroed memory.</summary>
    /// <exception cref="Artifacts.MissingCapabilityException">There is not so much.</exception>
    public abstract IMemoryBlock Allocate(long bytes);

    /// <summary>Copies pieces of the same length, which lie at equal distances.</summary>
    /// <param name="to">Where they go.</param>
    /// <param name="from">Where they are; the two do not overlap.</param>
    /// <param name="bytes">Length of a piece.</param>
    /// <param name="count">How many there are.</param>
    /// <exception cref="ArgumentOutOfRangeException">They are not within the blocks.</exception>
    public void Copy(Pieces to, Pieces from, long bytes, long count = 1)
    {
        to.RequireWithin(bytes, count);
        from.RequireWithin(bytes, count);
        if (bytes > 0 && count > 0) CopyPieces(to.Start, to.Stride, from.Start, from.Stride, bytes, count);
    }

    /// <summary>Makes the whole of a block zeros.</summary>
    public abstract void Clear(IMemoryBlock block);

    /// <summary>Copies bytes of the host to the beginning of a block.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is too short.</exception>
    public void Write(IMemoryBlock to, ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, to.Bytes);
        WriteBytes(to.Start, bytes);
    }

    /// <summary>Waits until all of the above is done.</summary>
    public abstract void Finish();

    /// <summary>The same, of pieces that are there.</summary>
    protected abstract void CopyPieces(nint to, long toStride, nint from, long fromStride, long bytes, long count);

    /// <summary>The same, of bytes that there is room for.</summary>
    protected abstract void WriteBytes(nint to, ReadOnlySpan<byte> bytes);

    /// <summary>Pieces of a block at equal distances.</summary>
    /// <param name="block">The block.</param>
    /// <param name="offset">Where the first begins.</param>
    /// <param name="stride">From the beginning of one to that of the next.</param>
    public readonly struct Pieces(IMemoryBlock block, long offset = 0, long stride = 0)
    {
        internal nint Start => block.Start + (nint)offset;

        internal long Stride => stride;

        internal void RequireWithin(long bytes, long count)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(offset);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + (count - 1) * stride + bytes, block.Bytes);
        }
    }
}
