using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Runtime;

/// <summary>The host's own memory.</summary>
internal sealed unsafe class HostMemory : StateMemory
{
    private HostMemory()
    {
    }

    /// <summary>The only one.</summary>
    public static HostMemory Instance { get; } = new();

    public override OrtMemoryInfo Info => OrtMemoryInfo.DefaultInstance;

    public override bool IsHost => true;

    public override IMemoryBlock Allocate(long bytes) => new NativeBuffer(bytes);

    public override void Clear(IMemoryBlock block)
    {
        for (var done = 0L; done < block.Bytes;)
        {
            var part = (int)Math.Min(block.Bytes - done, int.MaxValue);
            new Span<byte>((byte*)block.Start + done, part).Clear();
            done += part;
        }
    }

    public override void Finish()
    {
    }

    protected override void CopyPieces(nint to, long toStride, nint from, long fromStride, long bytes, long count)
    {
        for (var i = 0L; i < count; i++)
            Buffer.MemoryCopy((byte*)from + i * fromStride, (byte*)to + i * toStride, bytes, bytes);
    }

    protected override void WriteBytes(nint to, ReadOnlySpan<byte> bytes) => bytes.CopyTo(new((void*)to, bytes.Length));
}
