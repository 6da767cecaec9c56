using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Reference;
using HoloZero.TorchSharp;
using HoloZero.Training;

namespace HoloZero.Exporter.Cli;

/// <summary>What can compute.</summary>
internal static class Engines
{
    /// <summary>The float64 reference: always there.</summary>
    public static IReferenceEngine Reference() => new ReferenceEngine();

    /// <summary>TorchSharp in float64 or float32.</summary>
    /// <exception cref="MissingCapabilityException">This machine lacks what it needs.</exception>
    public static IReferenceEngine TorchSharp(bool doublePrecision, ComputeDevice device) =>
        new TorchSharpEngine(new() { DoublePrecision = doublePrecision, Device = device });

    /// <summary>What trains on a device.</summary>
    /// <exception cref="MissingCapabilityException">This machine lacks what it needs.</exception>
    public static ITrainingEngine Training(ComputeDevice device) => new TorchSharpTraining(device);
}
