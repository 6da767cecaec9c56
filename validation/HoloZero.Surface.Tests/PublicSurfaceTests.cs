using System.Reflection;
using Google.Protobuf;
using HoloZero.Testing;
using PublicApiGenerator;

namespace HoloZero.Surface.Tests;

/// <summary>What each library shows the world against its committed text, so that a change of it is seen and reviewed.</summary>
public class PublicSurfaceTests
{
    private const string UpdateSwitch = "HOLOZERO_UPDATE_PUBLIC_SURFACE";

    private static readonly ApiGeneratorOptions Options = new()
    {
        IncludeAssemblyAttributes = false,
        AllowNamespacePrefixes = ["System.Runtime.CompilerServices"],
    };

    private static readonly string[] OtherKinds = [".Tests", ".Testing", ".Cli", ".Server", ".Tool", ".Benchmarks", ".Fuzz", ".Load",
        ".CommandLine", ".LLamaSharp", ".GenAI"];

    private static readonly string Reviewed = Path.Combine(Repository.Root, "validation", "public-surface");

    public static TheoryData<string> Libraries { get; } =
        [.. Directory.GetFiles(Reviewed, "*.txt").Select(path => Path.GetFileNameWithoutExtension(path)!)];

    [Theory]
    [MemberData(nameof(Libraries))]
    public void The_surface_is_the_reviewed_one(string library)
    {
        var path = Path.Combine(Reviewed, $"{library}.txt");
        var actual = Text(Assembly.Load(library));
        if (Environment.GetEnvironmentVariable(UpdateSwitch) == "1") File.WriteAllText(path, actual);

        if (UnifiedDiff.Between(File.ReadAllText(path), actual) is { } diff)
        {
            Assert.Fail($"""
                what {library} shows is not validation/public-surface/{library}.txt any more (- reviewed, + built):
                {diff}
                If the change is meant, write the files anew and review their diff:
                {UpdateSwitch}=1 dotnet test --project validation/HoloZero.Surface.Tests
                """);
        }
    }

    [Fact]
    public void Every_library_has_its_text()
    {
        var libraries = ((string[])["models", "exporter", "runtime", "validation"])
            .SelectMany(folder => Directory.GetFiles(Path.Combine(Repository.Root, folder), "*.csproj", SearchOption.AllDirectories))
            .Select(path => Path.GetFileNameWithoutExtension(path)!).Where(IsLibrary);
        Assert.Equal(libraries.Order(StringComparer.Ordinal), Libraries.Select(row => row.Data).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_member_more_changes_the_text()
    {
        var text = Text(typeof(PublicSurfaceTests).Assembly);
        Assert.Contains($"public void {nameof(A_member_more_changes_the_text)}()", text);
        Assert.DoesNotContain(nameof(IsLibrary), text);
    }

    /// <summary>As Directory.Build.props tells them from the rest; the command line is the programs' own.</summary>
    private static bool IsLibrary(string project) => !OtherKinds.Any(kind => project.EndsWith(kind, StringComparison.Ordinal));

    /// <summary>Messages that protocol buffers generate are the schema's, which is text itself.</summary>
    private static string Text(Assembly assembly) => assembly.GetExportedTypes()
        .Where(type => !typeof(IMessage).IsAssignableFrom(type) && type.Name != "OnnxReflection"
            && !(type.DeclaringType is { Name: "Types" }) && type.Name != "Types")
        .ToArray().GeneratePublicApi(Options).ReplaceLineEndings("\n").TrimEnd() + "\n";
}
