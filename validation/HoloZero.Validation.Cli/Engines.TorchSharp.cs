using HoloZero.Models;
using HoloZero.TorchSharp;

namespace HoloZero.Validation.Cli;

internal static partial class Engines
{
    static partial void AddTorchSharp(List<IReferenceEngine> there, List<NotChecked> missing)
    {
        foreach (var device in Enum.GetValues<ComputeDevice>())
        {
            if (TorchSharpRuntime.WhyNot(device) is not { } problem) there.Add(new TorchSharpEngine(new() { Device = device }));
            else missing.Add(new($"TorchSharp on {(device == ComputeDevice.Cuda ? "CUDA" : "the CPU")}", problem));
        }
    }
}
