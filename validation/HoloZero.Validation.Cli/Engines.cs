using System.Reflection;
using HoloZero.Models;

namespace HoloZero.Validation.Cli;

/// <summary>
/// What this build has besides the reference to hold against the goldens. TorchSharp's part is in a file of its own, compiled where its
/// packages are there.
/// </summary>
internal static partial class Engines
{
    public static (IReadOnlyList<IReferenceEngine> There, IReadOnlyList<NotChecked> Missing) All()
    {
        var (there, missing) = (new List<IReferenceEngine>(), new List<NotChecked>());
        AddTorchSharp(there, missing);
        if (there.Count + missing.Count == 0)
        {
            missing.Add(new("TorchSharp", typeof(Engines).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
                .Single(attribute => attribute.Key == "TorchSharpStatus").Value!));
        }

        return (there, missing);
    }

    static partial void AddTorchSharp(List<IReferenceEngine> there, List<NotChecked> missing);
}
