using System.Runtime.InteropServices;
using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>
/// Copies by CUDA's own runtime, which the provider has loaded. They go through the default stream, which knows nothing of ONNX Runtime's:
/// that one is idle once a call has returned, and a call may be made once <see cref="Finish"/> has.
/// </summary>
/// <param name="deviceId">The card.</param>
internal sealed unsafe partial class CudaCopies(int deviceId) : IDeviceCopies
{
    private const string Library = "libcudart.so.13";
    private const int HostToDevice = 1, DeviceToDevice = 3;

    public void Copy(nint to, long toStride, nint from, long fromStride, long bytes, long count)
    {
        Select();
        Require(count == 1 ? Copy(to, from, (nuint)bytes, DeviceToDevice)
            : Copy2D(to, (nuint)toStride, from, (nuint)fromStride, (nuint)bytes, (nuint)count, DeviceToDevice));
    }

    public void Write(nint to, ReadOnlySpan<byte> bytes)
    {
        Select();
        fixed (byte* from = bytes) Require(Copy(to, (nint)from, (nuint)bytes.Length, HostToDevice));
    }

    public void Clear(nint to, long bytes)
    {
        Select();
        Require(Set(to, 0, (nuint)bytes));
    }

    public void Finish()
    {
        Select();
        Require(Synchronize(0));
    }

    public long FreeBytes()
    {
        Select();
        if (MemoryInfo(out var free, out _) is 0) return checked((long)free);
        throw new MissingCapabilityException($"CUDA does not tell how much memory device {deviceId} has left",
            "limit the device's memory, or the bytes of all states");
    }

    /// <summary>Each thread has a card of its own that it speaks to.</summary>
    private void Select() => Require(SetDevice(deviceId));

    private static void Require(int error)
    {
        if (error == 0) return;
        throw new MissingCapabilityException($"CUDA failed with error {error}",
            "check the card and its driver, or choose another provider");
    }

    [LibraryImport(Library, EntryPoint = "cudaSetDevice")]
    private static partial int SetDevice(int device);

    [LibraryImport(Library, EntryPoint = "cudaMemcpy")]
    private static partial int Copy(nint to, nint from, nuint bytes, int kind);

    [LibraryImport(Library, EntryPoint = "cudaMemcpy2D")]
    private static partial int Copy2D(nint to, nuint toStride, nint from, nuint fromStride, nuint bytes, nuint count, int kind);

    [LibraryImport(Library, EntryPoint = "cudaMemGetInfo")]
    private static partial int MemoryInfo(out nuint free, out nuint total);

    [LibraryImport(Library, EntryPoint = "cudaMemset")]
    private static partial int Set(nint to, int value, nuint bytes);

    [LibraryImport(Library, EntryPoint = "cudaStreamSynchronize")]
    private static partial int Synchronize(nint stream);
}
