using System.Runtime.InteropServices;
using HoloZero.Artifacts;
using HoloZero.Models;
using TorchSharp;

namespace HoloZero.TorchSharp;

/// <summary>The TorchSharp that this build carries. Thread-safe.</summary>
public static class TorchSharpRuntime
{
    private static readonly Lazy<string?> NativeProblem = new(FindNative);

    /// <summary>
    /// TorchSharp and the libtorch release that it was made for: <c>TorchSharp 0.106.0 (for libtorch 2.10.0.0)</c>. TorchSharp cannot tell
    /// which release is loaded.
    /// </summary>
    public static string Version { get; } =
        $"TorchSharp {typeof(torch).Assembly.GetName().Version!.ToString(3)} (for libtorch {torch.__version__})";

    /// <summary>Why nothing can be computed on <paramref name="device"/> here; null where it can.</summary>
    public static string? WhyNot(ComputeDevice device)
    {
        if (NativeProblem.Value is { } problem) return problem;
        if (device == ComputeDevice.Cpu) return null;
        try
        {
            return torch.cuda.is_available() ? null : "TorchSharp finds no CUDA device, or carries libtorch without CUDA";
        }
        catch (Exception e) when (e is ExternalException or NotSupportedException or DllNotFoundException)
        {
            return $"TorchSharp's CUDA libraries do not load ({e.Message.Split('\n')[0].Trim()})";
        }
    }

    /// <summary>The device, if it works.</summary>
    /// <exception cref="MissingCapabilityException">It does not.</exception>
    internal static torch.Device Open(ComputeDevice device)
    {
        if (WhyNot(device) is { } problem)
        {
            throw new MissingCapabilityException(problem, device == ComputeDevice.Cuda
                ? "use --device cpu, or build with -p:Torch=cuda on a machine with a CUDA device"
                : "install what libtorch needs on this machine, or leave TorchSharp out");
        }

        return device == ComputeDevice.Cuda ? torch.CUDA : torch.CPU;
    }

    /// <summary>TorchSharp's own loader writes pages to the console when this fails; asked beforehand, it is one line.</summary>
    private static string? FindNative()
    {
        try
        {
            NativeLibrary.Load("LibTorchSharp", typeof(torch).Assembly, null);
            return null;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            // .NET tells of every place where it looked; the one line about another library says what is missing.
            string[] lines = [.. e.Message.Split('\n').Select(line => line.Trim())];
            var cause = lines.FirstOrDefault(line => line.Contains("cannot open", StringComparison.Ordinal)
                && !line.Contains("LibTorchSharp", StringComparison.Ordinal)) ?? lines[0].Split(". ")[0];
            return $"TorchSharp's native library does not load ({cause})";
        }
    }
}
