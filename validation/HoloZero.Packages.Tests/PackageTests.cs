using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using System.Xml.Linq;
using HoloZero.Testing;

namespace HoloZero.Packages.Tests;

/// <summary>What is in each package.</summary>
public sealed class PackageTests(Packages packages)
{
    private static readonly string Version =
        XDocument.Load(Path.Combine(Repository.Root, "Directory.Build.props")).Descendants("Version").Single().Value;

    /// <summary>
    /// Each library's package with what it brings to an app, as reviewed as the public surface. What is pinned centrally is named, though
    /// it would come along with another.
    /// </summary>
    public static TheoryData<string, string> Libraries { get; } = new()
    {
        { "HoloZero.Artifacts", "" },
        { "HoloZero.Runtime", "HoloZero.Artifacts Microsoft.ML.OnnxRuntime.Managed System.Numerics.Tensors" },
        {
            "HoloZero.Media", "HoloZero.Runtime Microsoft.ML.OnnxRuntime.Managed SkiaSharp SkiaSharp.NativeAssets.Win32 "
                + "SkiaSharp.NativeAssets.macOS System.Numerics.Tensors"
        },
        {
            "HoloZero.Hosting", "HoloZero.Runtime Microsoft.Extensions.Diagnostics.HealthChecks "
                + "Microsoft.Extensions.Hosting.Abstractions Microsoft.Extensions.Options.ConfigurationExtensions "
                + "Microsoft.ML.OnnxRuntime.Managed System.Numerics.Tensors"
        },
        {
            "HoloZero.Extensions.AI", "HoloZero.Runtime Microsoft.Extensions.AI.Abstractions Microsoft.ML.OnnxRuntime.Managed "
                + "System.Numerics.Tensors"
        },
    };

    [Fact]
    public void There_are_these_and_no_others() => Assert.Equal(
        Libraries.Select(row => row.Data.Item1).Append("HoloZero.Tool").Order(StringComparer.Ordinal),
        Directory.GetFiles(packages.Folder, "*.nupkg").Select(path => Path.GetFileName(path).Replace($".{Version}.nupkg", ""))
            .Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Libraries))]
    public void It_brings_what_an_app_needs_and_nothing_native(string library, string dependencies)
    {
        using var package = Open(library);
        var metadata = Metadata(package);
        Assert.Equal(dependencies.Split(' ', StringSplitOptions.RemoveEmptyEntries), metadata.Descendants()
            .Where(element => element.Name.LocalName == "dependency").Select(element => element.Attribute("id")!.Value)
            .Order(StringComparer.Ordinal));
        var content = package.Entries.Select(entry => entry.FullName)
            .Where(name => !name.StartsWith("_rels/") && !name.StartsWith("package/") && name != "[Content_Types].xml");
        string[] targets = library == "HoloZero.Runtime" ? ["buildTransitive/HoloZero.Runtime.targets"] : [];
        Assert.Equal(((string[])["LICENSE", "README.md", "icon.png", $"{library}.nuspec", $"lib/net10.0/{library}.dll",
            $"lib/net10.0/{library}.xml", .. targets]).Order(StringComparer.Ordinal), content.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void It_says_what_it_is(string library, string _)
    {
        using var package = Open(library);
        var metadata = Metadata(package);
        string Value(string name) => metadata.Descendants().Single(element => element.Name.LocalName == name).Value;
        Assert.Equal((library, Version, "MIT", "README.md", "icon.png"),
            (Value("id"), Value("version"), Value("license"), Value("readme"), Value("icon")));
        Assert.EndsWith(".", Value("description"));
        Assert.DoesNotContain("Package Description", Value("description"));
    }

    /// <summary>Its surface is what HoloZero.Surface.Tests holds against the reviewed text, since it is the same assembly.</summary>
    [Theory]
    [MemberData(nameof(Libraries))]
    public void It_carries_the_assembly_whose_surface_was_reviewed_with_its_symbols(string library, string _)
    {
        using var package = Open(library);
        var packed = Read(package, $"lib/net10.0/{library}.dll");
        Assert.Equal(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, $"{library}.dll")), packed);
        Assert.True(File.Exists(Path.Combine(Repository.Root, "validation", "public-surface", $"{library}.txt")));

        using var symbols = ZipFile.OpenRead(Path.Combine(packages.Folder, $"{library}.{Version}.snupkg"));
        var pdb = Read(symbols, $"lib/net10.0/{library}.pdb");
        using var image = new PEReader(new MemoryStream(packed));
        using var portable = MetadataReaderProvider.FromPortablePdbStream(new MemoryStream(pdb));
        var debug = image.ReadCodeViewDebugDirectoryData(image.ReadDebugDirectory()
            .Single(entry => entry.Type == DebugDirectoryEntryType.CodeView));
        Assert.Equal(debug.Guid, new BlobContentId(portable.GetMetadataReader().DebugMetadataHeader!.Id).Guid);
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void No_path_of_the_machine_that_built_it_is_in_it(string library, string _)
    {
        if (!Path.Exists(Path.Combine(Repository.Root, ".git"))) Assert.Skip("without git nobody knows which paths to leave out");
        if (packages.Configuration != "release") Assert.Skip("a debugger wants paths");
        using var package = Open(library);
        using var symbols = ZipFile.OpenRead(Path.Combine(packages.Folder, $"{library}.{Version}.snupkg"));
        foreach (var bytes in (byte[][])[Read(package, $"lib/net10.0/{library}.dll"), Read(symbols, $"lib/net10.0/{library}.pdb")])
            Assert.True(bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(Repository.Root.TrimEnd('/') + "/")) < 0, library);
    }

    [Fact]
    public void The_readme_of_the_package_shows_the_program_of_the_readme() =>
        Assert.Equal(Readme.Program, Readme.ProgramIn("runtime", "HoloZero.Runtime", "README.md"));

    [Fact]
    public void The_tool_carries_the_licences_of_what_it_carries()
    {
        using var package = Open("HoloZero.Tool");
        var names = package.Entries.Select(entry => entry.FullName).ToArray();
        Assert.Contains("THIRD-PARTY-NOTICES.md", names);
        Assert.Contains("licences/onnxruntime/LICENSE", names);
        Assert.Contains("licences/onnxruntime/ThirdPartyNotices.txt", names);
        Assert.Contains("licences/onnxruntime-extensions/ThirdPartyNotices.txt", names);
        Assert.Contains("licences/skiasharp/THIRD-PARTY-NOTICES.txt", names);
        var notices = Encoding.UTF8.GetString(Read(package, "THIRD-PARTY-NOTICES.md"));
        var others = names.Where(name => name.StartsWith("tools/net10.0/any/") && name.EndsWith(".dll") && name.Count(c => c == '/') == 3)
            .Select(name => Path.GetFileNameWithoutExtension(name))
            .Where(name => !name.StartsWith("HoloZero.") && name != "holozero");
        foreach (var library in others)
            Assert.Contains(library == "Microsoft.ML.OnnxRuntime" ? "ONNX Runtime" : library, notices);
    }

    [Fact]
    public async Task The_tool_runs()
    {
        using var folder = new TemporaryFolder();
        await packages.DotnetAsync("tool", "install", "HoloZero.Tool", "--tool-path", folder["tools"], "--version", Version);
        var (code, output, error) = await Shell.RunAsync(folder.Path, folder["tools", "holozero"], "generate", "--model", packages.Model,
            "--prompt", Generated.Prompt, "--max-bytes", "60", "--temperature", "0.8", "--seed", "7");
        Assert.Equal((0, ""), (code, error));
        Assert.Equal(await Generated.TextAsync(packages.Model), output);
    }

    [Fact]
    public void Versions_that_samples_name_are_those_of_the_repository()
    {
        var ours = Versions("Directory.Packages.props");
        foreach (var (package, version) in Versions("samples", "Directory.Packages.props"))
            Assert.Equal(package.StartsWith("HoloZero.") ? Version : ours[package], version);

        static Dictionary<string, string> Versions(params string[] path) => XDocument.Load(Path.Combine([Repository.Root, .. path]))
            .Descendants("PackageVersion").ToDictionary(item => item.Attribute("Include")!.Value, item => item.Attribute("Version")!.Value);
    }

    private ZipArchive Open(string package) => ZipFile.OpenRead(Path.Combine(packages.Folder, $"{package}.{Version}.nupkg"));

    private static XDocument Metadata(ZipArchive package)
    {
        using var stream = package.Entries.Single(entry => entry.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open();
        return XDocument.Load(stream);
    }

    private static byte[] Read(ZipArchive archive, string name)
    {
        using var stream = archive.GetEntry(name)!.Open();
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return memory.ToArray();
    }
}
