using System.Reflection;
using HoloZero.Artifacts;
using HoloZero.Models;
using HoloZero.Reference;
using HoloZero.Training;

namespace HoloZero.Exporter.Cli;

/// <summary>A tensor library that this build may carry.</summary>
/// <param name="WhyNot">Why it computes nothing on a device here; null where it does.</param>
/// <param name="Engine">An engine in float64 or float32 on a device.</param>
/// <param name="Training">What trains on a device.</param>
internal sealed record TensorLibrary(Func<ComputeDevice, string?> WhyNot, Func<bool, ComputeDevice, IReferenceEngine> Engine,
    Func<ComputeDevice, ITrainingEngine> Training);

/// <summary>The engines of this build. TorchSharp's part is in a file of its own, compiled where its packages are there.</summary>
internal static partial class Engines
{
    private static readonly TensorLibrary? Library = FindTorchSharp();

    /// <summary>The float64 reference: always there.</summary>
    public static IReferenceEngine Reference() => new ReferenceEngine();

    /// <summary>Why TorchSharp computes nothing on <paramref name="device"/> here; null where it does.</summary>
    public static string? WhyNotTorchSharp(ComputeDevice device) => Library is null ? $"TorchSharp is {Status}" : Library.WhyNot(device);

    /// <summary>TorchSharp.</summary>
    /// <exception cref="MissingCapabilityException">This build or this machine lacks it.</exception>
    public static TensorLibrary TorchSharp(ComputeDevice device, string otherwise) =>
        WhyNotTorchSharp(device) is not { } problem ? Library!
            : throw new MissingCapabilityException(problem, Library is null
                ? $"{otherwise}configure a NuGet source that serves TorchSharp, run make setup and build again"
                : $"{otherwise}{(device == ComputeDevice.Cuda
                    ? "use --device cpu, or build with -p:Torch=cuda where there is a CUDA device"
                    : "install what libtorch needs")}");

    private static string Status => typeof(Engines).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "TorchSharpStatus").Value!;

    private static TensorLibrary? FindTorchSharp()
    {
        TensorLibrary? library = null;
        AddTorchSharp(ref library);
        return library;
    }

    static partial void AddTorchSharp(ref TensorLibrary? library);
}
