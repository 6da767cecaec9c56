using HoloZero.TorchSharp;

namespace HoloZero.Exporter.Cli;

internal static partial class Engines
{
    static partial void AddTorchSharp(ref TensorLibrary? library) => library = new(TorchSharpRuntime.WhyNot,
        (doublePrecision, device) => new TorchSharpEngine(new() { DoublePrecision = doublePrecision, Device = device }),
        device => new TorchSharpTraining(device));
}
