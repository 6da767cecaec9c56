using System.Reflection;

namespace HoloZero.EndToEnd.Tests;

/// <summary>Whether this build carries TorchSharp, as `make setup` found out.</summary>
internal static class TorchSharpBuild
{
    public static bool Available { get; } = bool.Parse(Metadata("TorchSharpAvailable"));

    public static string Status { get; } = Metadata("TorchSharpStatus");

    /// <summary>Skips the test where it is left out.</summary>
    public static void Require() => Assert.SkipUnless(Available, $"TorchSharp is {Status}");

    private static string Metadata(string key) => typeof(TorchSharpBuild).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == key).Value!;
}
