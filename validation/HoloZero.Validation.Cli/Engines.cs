using HoloZero.Models;
using HoloZero.Runtime;
using HoloZero.TorchSharp;

namespace HoloZero.Validation.Cli;

/// <summary>What there is besides the reference to hold against the goldens.</summary>
internal static class Engines
{
    public static (IReadOnlyList<IReferenceEngine> There, IReadOnlyList<NotChecked> Missing) All()
    {
        var (there, missing) = (new List<IReferenceEngine>(), new List<NotChecked>());
        foreach (var device in Enum.GetValues<ComputeDevice>())
        {
            if (TorchSharpRuntime.WhyNot(device) is not { } problem)
            {
                TorchSharpRuntime.UseThreads(ProcessorCores.Detect().Count);
                there.Add(new TorchSharpEngine(new() { Device = device }));
            }
            else missing.Add(new($"TorchSharp on {(device == ComputeDevice.Cuda ? "CUDA" : "the CPU")}", problem));
        }

        return (there, missing);
    }
}
