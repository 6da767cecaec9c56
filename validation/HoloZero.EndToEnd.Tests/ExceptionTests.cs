using System.Runtime.Loader;

namespace HoloZero.EndToEnd.Tests;

/// <summary>Whoever embeds the libraries catches their failures by one type.</summary>
public sealed class ExceptionTests
{
    [Fact]
    public void Every_exception_of_ours_derives_from_one_type()
    {
        // The programs together have every library beside them.
        string[] programs = [Programs.PathOf("HoloZero.Exporter.Cli", ""), Programs.PathOf("HoloZero.Cli", ""),
            Programs.PathOf("HoloZero.Validation.Cli", "")];
        var exceptions = programs.SelectMany(Exceptions).ToArray();

        Assert.Subset(exceptions.Select(type => type.Name).ToHashSet(),
            new HashSet<string> { "BadInputException", "MissingCapabilityException", "UnsoundModelException", "InvalidLogitsException",
                "ShapeException", "GraphFailure" });
        Assert.All(exceptions, type => Assert.Contains("HoloZero.Artifacts.HoloZeroException", Ancestry(type)));
    }

    private static IEnumerable<Type> Exceptions(string folder)
    {
        var context = new AssemblyLoadContext(folder);
        context.Resolving += (_, name) => Path.Combine(folder, $"{name.Name}.dll") is var path && File.Exists(path)
            ? context.LoadFromAssemblyPath(path) : null;
        return Directory.GetFiles(folder, "HoloZero.*.dll").SelectMany(path => context.LoadFromAssemblyPath(path).GetTypes())
            .Where(type => type.IsAssignableTo(typeof(Exception)));
    }

    private static IEnumerable<string?> Ancestry(Type? type)
    {
        for (; type is not null; type = type.BaseType) yield return type.FullName;
    }
}
