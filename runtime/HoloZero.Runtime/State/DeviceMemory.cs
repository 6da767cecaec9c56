using HoloZero.Artifacts;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>How bytes get to a device and about on it. Thread-safe.</summary>
internal interface IDeviceCopies
{
    /// <summary>From one place on the device to another.</summary>
    void Copy(nint to, long toStride, nint from, long fromStride, long bytes, long count);

    /// <summary>From the host to the device.</summary>
    void Write(nint to, ReadOnlySpan<byte> bytes);

    /// <summary>Makes so many bytes from there on zeros.</summary>
    void Clear(nint to, long bytes);

    /// <summary>Waits for all of it.</summary>
    void Finish();

    /// <summary>Bytes of the device's memory that nobody has taken.</summary>
    /// <exception cref="MissingCapabilityException">The device does not tell.</exception>
    long FreeBytes();
}

/// <summary>
/// A device's memory as a session's own allocator gives it, so that its limit counts for states, too. What is left when it is disposed is
/// freed then, as nothing of a session outlives it.
/// </summary>
/// <param name="session">The session.</param>
/// <param name="info">Where it wants its states.</param>
/// <param name="copies">Reaches there.</param>
internal sealed class DeviceMemory(InferenceSession session, OrtMemoryInfo info, IDeviceCopies copies) : StateMemory, IDisposable
{
    private readonly OrtAllocator _allocator = new(session, info);
    private readonly HashSet<Block> _blocks = [];

    public override OrtMemoryInfo Info => info;

    public override bool IsHost => false;

    public override IMemoryBlock Allocate(long bytes)
    {
        Block block;
        try
        {
            // An allocation of nothing is no address to bind.
            block = new(this, _allocator.Allocate(checked((uint)Math.Max(bytes, 1))), bytes);
        }
        catch (Exception e) when (e is OnnxRuntimeException or OverflowException)
        {
            throw new MissingCapabilityException($"the device's memory is too small for {bytes:N0} bytes of state",
                "use shorter sequences or smaller batches, or raise the limit of its memory", e);
        }

        lock (_blocks) _blocks.Add(block);
        Clear(block);
        Finish();
        return block;
    }

    public override void Clear(IMemoryBlock block) => copies.Clear(block.Start, block.Bytes);

    public override void Finish() => copies.Finish();

    public void Dispose()
    {
        lock (_blocks)
        {
            Finish();
            foreach (var block in _blocks) block.Free();
            _blocks.Clear();
        }

        _allocator.Dispose();
    }

    protected override void CopyPieces(nint to, long toStride, nint from, long fromStride, long bytes, long count) =>
        copies.Copy(to, toStride, from, fromStride, bytes, count);

    protected override void WriteBytes(nint to, ReadOnlySpan<byte> bytes) => copies.Write(to, bytes);

    private sealed class Block(DeviceMemory owner, OrtMemoryAllocation memory, long bytes) : IMemoryBlock
    {
        public nint Start { get; } = memory.DangerousGetHandle();

        public long Bytes => bytes;

        public void Free() => memory.Dispose();

        public void Dispose()
        {
            lock (owner._blocks)
            {
                if (!owner._blocks.Remove(this)) return;
                // Who gets it next must not be written over by what is still under way.
                owner.Finish();
                Free();
            }
        }
    }
}
