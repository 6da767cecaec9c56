using System.Runtime.InteropServices;
using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>
/// Zeroed host memory at an address that vector instructions like. The system gives large ones page by page as they are first touched.
/// </summary>
internal sealed class NativeBuffer : SafeHandle, IMemoryBlock
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

    public long Bytes { get; }

    public nint Start { get; }

    public override bool IsInvalid => handle == 0;

    protected override unsafe bool ReleaseHandle()
    {
        NativeMemory.Free((void*)handle);
        return true;
    }
}
