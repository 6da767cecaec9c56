using System.Reflection;

namespace HoloZero.Testing;

/// <summary>Paths in the checkout that the tests were built from.</summary>
public static class Repository
{
    /// <summary>The folder of pipeline.sln.</summary>
    public static string Root { get; } = Path.GetFullPath(typeof(Repository).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!);

    /// <summary>A file of <c>validation/golden</c>.</summary>
    public static string Golden(params string[] parts) => Path.Combine([Root, "validation", "golden", .. parts]);
}
