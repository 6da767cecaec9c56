using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Models.Training;
using HoloZero.Reference;
using HoloZero.Runtime;
using HoloZero.TorchSharp;

namespace HoloZero.Exporter.Cli;

/// <summary>What can compute.</summary>
internal static class Engines
{
    /// <summary>Threads of a computation that is not told otherwise: libtorch's wait busily, so more than there are cores crawl.</summary>
    public static int DefaultThreads { get; } = ProcessorCores.Detect().Count;

    /// <summary>Why TorchSharp does not compute on this machine's processor, in one line; null where it does.</summary>
    public static string? WhyNoTorchSharp() => TorchSharpRuntime.WhyNot(ComputeDevice.Cpu);

    /// <summary>The float64 reference: always there.</summary>
    public static IReferenceEngine Reference() => new ReferenceEngine();

    /// <summary>What measures activations: the reference, whatever else computes, so that scales are the same everywhere.</summary>
    public static IActivationMeter Activations() => new ReferenceActivations();

    /// <summary>TorchSharp in float64 or float32.</summary>
    /// <exception cref="MissingCapabilityException">This machine lacks what it needs.</exception>
    public static IReferenceEngine TorchSharp(bool doublePrecision, ComputeDevice device, int? threads)
    {
        TorchSharpRuntime.UseThreads(threads ?? DefaultThreads);
        return new TorchSharpEngine(new() { DoublePrecision = doublePrecision, Device = device });
    }

    /// <summary>What trains on a device.</summary>
    /// <exception cref="MissingCapabilityException">This machine lacks what it needs.</exception>
    public static ITrainingEngine Training(ComputeDevice device) => new TorchSharpTraining(device);
}
