using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HoloZero.Artifacts;
using HoloZero.Models;
using TorchSharp;

namespace HoloZero.TorchSharp;

/// <summary>The TorchSharp that this build carries, and whether it loads on this machine. Thread-safe.</summary>
/// <remarks>
/// Whoever computes comes through here first. TorchSharp's own loader, which any use of its statics starts, answers a library that does not
/// load with a page on the console and a copy of libtorch beside the program.
/// </remarks>
public static class TorchSharpRuntime
{
    private static readonly Lazy<LoadFailure?> Failure = new(Load);

    /// <summary>
    /// TorchSharp and the libtorch release that it was made for: <c>TorchSharp 0.107.0 (for libtorch 2.10.0.0)</c>. TorchSharp cannot tell
    /// which release is loaded.
    /// </summary>
    /// <exception cref="MissingCapabilityException">The native library does not load.</exception>
    public static string Version
    {
        get
        {
            Require(ComputeDevice.Cpu);
            return LoadedVersion();
        }
    }

    /// <summary>Why nothing can be computed on <paramref name="device"/> here, in one line; null where it can.</summary>
    public static string? WhyNot(ComputeDevice device) => Problem(device) is { } problem ? $"{problem.Cause}; {problem.Remedy}" : null;

    /// <summary>Sets how many threads compute an operation, in the whole process.</summary>
    /// <param name="threads">1 to 1,024.</param>
    /// <exception cref="BadInputException">It is out of range.</exception>
    /// <exception cref="MissingCapabilityException">The native library does not load.</exception>
    public static void UseThreads(int threads)
    {
        if (threads is < 1 or > 1024)
            throw new BadInputException("threads", $"{threads} is not within 1 to 1,024", "choose a number of processors");
        Require(ComputeDevice.Cpu);
        torch.set_num_threads(threads);
    }

    /// <summary>The device, if it works.</summary>
    /// <exception cref="MissingCapabilityException">It does not.</exception>
    internal static torch.Device Open(ComputeDevice device)
    {
        Require(device);
        return Loaded(device);
    }

    private static void Require(ComputeDevice device)
    {
        if (Problem(device) is { } problem) throw new MissingCapabilityException(problem.Cause, problem.Remedy);
    }

    private static LoadFailure? Problem(ComputeDevice device) =>
        Failure.Value ?? (device == ComputeDevice.Cuda && !CudaIsThere() ? new(
            "TorchSharp finds no CUDA device here, or libtorch is the one for the processor",
            "compute on the processor, or give the program a libtorch package with CUDA") : null);

    private static LoadFailure? Load()
    {
        try
        {
            NativeLibrary.Load("LibTorchSharp", typeof(torch).Assembly, null);
            return null;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            return LoadFailure.Of(e.Message);
        }
    }

    // What touches TorchSharp's statics stays out of the methods that ask first: a compiler may run initializers early.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static torch.Device Loaded(ComputeDevice device) => device == ComputeDevice.Cuda ? torch.CUDA : torch.CPU;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string LoadedVersion() =>
        $"TorchSharp {typeof(torch).Assembly.GetName().Version!.ToString(3)} (for libtorch {torch.__version__})";

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool CudaIsThere() => torch.cuda.is_available();
}
