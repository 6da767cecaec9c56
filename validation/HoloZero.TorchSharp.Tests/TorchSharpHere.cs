using HoloZero.Models;
using HoloZero.TorchSharp;

namespace HoloZero.Testing;

/// <summary>Whether TorchSharp loads on this machine. Tests that compute with it ask in their constructor.</summary>
internal static class TorchSharpHere
{
    /// <summary>Skips the test where TorchSharp does not load, with the reason.</summary>
    public static void Require()
    {
        if (TorchSharpRuntime.WhyNot(ComputeDevice.Cpu) is { } reason) Assert.Skip(reason);

        // Threads of libtorch wait busily: on cores that others use, too, two of them take ten times as long as one.
        TorchSharpRuntime.UseThreads(1);
    }
}
