using System.IO.Compression;
using System.Reflection;
using System.Text.RegularExpressions;
using HoloZero.Packages.Tests;
using HoloZero.Testing;

[assembly: AssemblyFixture(typeof(Packages))]

namespace HoloZero.Packages.Tests;

/// <summary>
/// What make pack writes of this build, and the samples built from it in a folder outside the repository, once for all tests. NuGet's cache
/// is that of this machine but for our own packages, of which it may hold older ones by the same version.
/// </summary>
public sealed partial class Packages : IAsyncLifetime
{
    private readonly TemporaryFolder _workspace = new();
    private readonly ExportedModel _model = new(Repository.Golden("tiny.pt"));

    /// <summary>tiny.pt, exported.</summary>
    public string Model => _model.Folder;

    /// <summary>Version of ONNX Runtime's managed half that the packages reference.</summary>
    public static string OnnxRuntimeVersion { get; } = typeof(Microsoft.ML.OnnxRuntime.OrtEnv).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>Where the packages lie.</summary>
    public string Folder => _workspace["out", "packages"];

    /// <summary>Where the samples are built.</summary>
    public string Samples => _workspace["samples"];

    private Dictionary<string, string?> Environment => new()
    {
        ["NUGET_PACKAGES"] = _workspace["cache"],
        ["MSBUILDDISABLENODEREUSE"] = "1",
        ["UseSharedCompilation"] = "false",
        ["DOTNET_NOLOGO"] = "1",
        // What runs these tests is a build itself.
        ["MSBuildSDKsPath"] = null,
        ["MSBUILD_EXE_PATH"] = null,
    };

    public async ValueTask InitializeAsync()
    {
        LinkCache();
        await RequireAsync(Repository.Root, "bash", Path.Combine(Repository.Root, "ci", "pack.sh"), Configuration, Folder);
        Copy(Path.Combine(Repository.Root, "samples"), Samples);
        Add("Readme", Readme.Program);
        Add("Within", EmbeddedApp.Program);
        ZipFile.CreateFromDirectory(Model, _workspace["samples", "Within", "model.zip"]);
        Directory.CreateDirectory(_workspace["samples", "out"]);
        Directory.CreateSymbolicLink(_workspace["samples", "out", "demo"], Model);
        Edit("Samples.slnx", text => text.Replace("  <Project Path=\"NativeAot/NativeAot.csproj\" />\n", "", StringComparison.Ordinal));
        await DotnetAsync("build", "Samples.slnx", "-c", "Release", "-v", "quiet");
        // One is packed into a file and the other one compiled to machine code: what a build alone does not show.
        await DotnetAsync([.. Publish("SingleFile")]);
        var process = Shell.Start(Samples, Environment, "dotnet", [.. Publish("NativeAot")]);
        var (code, output, error) = await Shell.FinishAsync(process, CancellationToken.None);
        WhyNoNativeAot = (output + error).Split('\n').FirstOrDefault(line => LacksCompiler().IsMatch(line))?.Trim();
        Assert.True(code == 0 || WhyNoNativeAot is not null, $"NativeAot: exit code {code}\n{output}{error}");
    }

    private IEnumerable<string> Publish(string sample) => ["publish", sample, "-c", "Release", "-v", "quiet", "-o", Published(sample)];

    /// <summary>Why this machine compiles nothing ahead of time: no linker, or no compiler of .NET's; null where it does.</summary>
    public string? WhyNoNativeAot { get; private set; }

    public ValueTask DisposeAsync()
    {
        _model.Dispose();
        _workspace.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>release or debug: what the packages were built for.</summary>
    public string Configuration { get; } = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar)).Name;

    /// <summary>Where a sample was built.</summary>
    public string Built(string sample) => Path.Combine(Samples, sample, "bin", "Release", "net10.0", "linux-x64");

    /// <summary>Where a sample was published.</summary>
    public string Published(string sample) => _workspace["published", sample];

    /// <summary>Runs dotnet among the samples; it has to succeed.</summary>
    public Task<string> DotnetAsync(params string[] arguments) => RequireAsync(Samples, "dotnet", arguments);

    private async Task<string> RequireAsync(string folder, string program, params string[] arguments)
    {
        var process = Shell.Start(folder, Environment, program, arguments);
        var (code, output, error) = await Shell.FinishAsync(process, CancellationToken.None);
        Assert.True(code == 0, $"{program} {string.Join(' ', arguments)}\nexit code {code}\n{output}{error}");
        return output;
    }

    private void LinkCache()
    {
        var cache = System.Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(System.Environment.GetFolderPath(System.Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        Directory.CreateDirectory(_workspace["cache"]);
        foreach (var package in Directory.GetDirectories(cache).Where(path => !Path.GetFileName(path).StartsWith("holozero.")))
            Directory.CreateSymbolicLink(_workspace["cache", Path.GetFileName(package)], package);
    }

    /// <summary>One app more, with the project file of the console sample; a model beside its source becomes a part of it.</summary>
    private void Add(string name, string program)
    {
        Directory.CreateDirectory(_workspace["samples", name]);
        File.WriteAllText(_workspace["samples", name, "Program.cs"], program);
        var project = File.ReadAllText(_workspace["samples", "Console", "Console.csproj"]);
        File.WriteAllText(_workspace["samples", name, $"{name}.csproj"], project.Replace("</ItemGroup>",
            "  <EmbeddedResource Include=\"*.zip\" LogicalName=\"model\" />\n  </ItemGroup>", StringComparison.Ordinal));
        Edit("Samples.slnx", text => text.Replace("</Solution>", $"  <Project Path=\"{name}/{name}.csproj\" />\n</Solution>",
            StringComparison.Ordinal));
    }

    private void Edit(string file, Func<string, string> edit) =>
        File.WriteAllText(_workspace["samples", file], edit(File.ReadAllText(_workspace["samples", file])));

    [GeneratedRegex("Platform linker|NU110[12].*(ILCompiler|ILLink)|NU1301")]
    private static partial Regex LacksCompiler();

    /// <summary>Sources alone: what somebody built in place belongs to another system or time.</summary>
    private static void Copy(string source, string target)
    {
        Directory.CreateDirectory(target);
        foreach (var file in Directory.GetFiles(source)) File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
        foreach (var folder in Directory.GetDirectories(source).Where(path => Path.GetFileName(path) is not ("bin" or "obj")))
            Copy(folder, Path.Combine(target, Path.GetFileName(folder)));
    }
}
