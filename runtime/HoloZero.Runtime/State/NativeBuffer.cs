using System.Runtime.InteropServices;
using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>
/// Zeroed host memory at an address that vector instructions like. The system gives large ones page by page as they are first touched.
/// </summary>
internal sealed class NativeBuffer : SafeHandle
{
    private const int Alignment = 64;

    /// <exception cref="MissingCapabilityException">Memory is too small.</exception>
    public unsafe NativeBuffer(long bytes)
        : base(0, ownsHandle: true)
    {
        Bytes = bytes;
        try
        {
            SetHandle((nint)NativeMemory.AllocZeroed(checked((nuint)bytes + Alignment)));
        }
        catch (OutOfMemoryException e)
        {
            throw new MissingCapabilityException($"memory is too small for {bytes:N0} bytes of state",
                "use fewer prefix slots, shorter sequences or smaller batches", e);
        }

        Start = (handle + Alignment - 1) & ~(nint)(Alignment - 1);
    }

    /// <summary>Bytes from <see cref="Start"/> on.</summary>
    public long Bytes { get; }

    /// <summary>The first byte.</summary>
    public nint Start { get; }

    public override bool IsInvalid => handle == 0;

    /// <summary>A part of it, valid until it is disposed.</summary>
    public unsafe Span<byte> Span(long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + length, Bytes);
        return new((byte*)Start + offset, length);
    }

    protected override unsafe bool ReleaseHandle()
    {
        NativeMemory.Free((void*)handle);
        return true;
    }
}
