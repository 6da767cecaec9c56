using System.Text.RegularExpressions;
using System.Xml.Linq;
using HoloZero.Testing;

namespace HoloZero.EndToEnd.Tests;

/// <summary>The direction of references: models below exporter and reference, the manifest alone below the runtime.</summary>
public sealed partial class RepositoryTests
{
    private const string Peers = "HoloZero.Peers.";

    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["HoloZero.Artifacts"] = [],
        ["HoloZero.Models"] = ["HoloZero.Artifacts"],
        ["HoloZero.Onnx"] = ["HoloZero.Artifacts"],
        ["HoloZero.Exporter"] = ["HoloZero.Models", "HoloZero.Onnx"],
        ["HoloZero.Training"] = ["HoloZero.Models"],
        ["HoloZero.TorchSharp"] = ["HoloZero.Models"],
        ["HoloZero.Reference"] = ["HoloZero.Models"],
        ["HoloZero.Runtime"] = ["HoloZero.Artifacts"],
        ["HoloZero.Media"] = ["HoloZero.Runtime"],
        ["HoloZero.Hosting"] = ["HoloZero.Runtime"],
        ["HoloZero.Extensions.AI"] = ["HoloZero.Runtime"],
        ["HoloZero.Tool"] = ["HoloZero.Media", "HoloZero.Runtime", "HoloZero.CommandLine"],
        ["HoloZero.Server"] = ["HoloZero.Hosting", "HoloZero.Media"],
        ["HoloZero.CommandLine"] = ["HoloZero.Artifacts"],
        ["HoloZero.Cli"] = ["HoloZero.Media", "HoloZero.Runtime", "HoloZero.CommandLine"],
        ["HoloZero.Exporter.Cli"] = ["HoloZero.Exporter", "HoloZero.Media", "HoloZero.Reference", "HoloZero.Runtime", "HoloZero.TorchSharp",
            "HoloZero.Training", "HoloZero.CommandLine"],
        ["HoloZero.Validation"] = ["HoloZero.Onnx", "HoloZero.Reference", "HoloZero.Runtime"],
        ["HoloZero.Benchmarks"] = ["HoloZero.Onnx", "HoloZero.CommandLine"],
        ["HoloZero.Peers.LLamaSharp"] = [],
        ["HoloZero.Peers.GenAI"] = [],
        ["HoloZero.Fuzz"] = ["HoloZero.Models", "HoloZero.CommandLine"],
        ["HoloZero.Load"] = ["HoloZero.Hosting", "HoloZero.Runtime", "HoloZero.CommandLine"],
        ["HoloZero.Validation.Cli"] = ["HoloZero.Validation", "HoloZero.TorchSharp", "HoloZero.CommandLine"],
    };

    [Fact]
    public void References_point_the_way_the_architecture_says()
    {
        var projects = Projects().Where(path => !Path.GetFileNameWithoutExtension(path).EndsWith("Tests", StringComparison.Ordinal)
            && Path.GetFileNameWithoutExtension(path) != "HoloZero.Testing").ToArray();
        Assert.Equal(Allowed.Keys.Order(), projects.Select(path => Path.GetFileNameWithoutExtension(path)!).Order());
        foreach (var path in projects)
        {
            var references = XDocument.Load(path).Descendants("ProjectReference")
                .Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value));
            Assert.Subset(Allowed[Path.GetFileNameWithoutExtension(path)].ToHashSet(), references.ToHashSet());
        }
    }

    [Fact]
    public void Internals_are_shown_to_tests_and_to_what_judges_graphs_alone()
    {
        var friends = Projects().SelectMany(path => XDocument.Load(path).Descendants("InternalsVisibleTo")
            .Select(friend => friend.Attribute("Include")!.Value)).ToArray();
        Assert.NotEmpty(friends);
        Assert.All(friends, friend => Assert.True(friend.EndsWith(".Tests", StringComparison.Ordinal) || friend == "HoloZero.Validation",
            $"{friend} sees internals: make public what it needs"));
    }

    [Fact]
    public void Every_project_is_in_the_solution_but_the_peers()
    {
        var solution = File.ReadAllText(Path.Combine(Repository.Root, "pipeline.sln")).Replace('\\', '/');
        Assert.DoesNotContain(Peers, solution);
        Assert.All(Projects().Where(path => !path.Contains(Peers, StringComparison.Ordinal)),
            path => Assert.Contains(Path.GetRelativePath(Repository.Root, path), solution));
    }

    [Fact]
    public void No_ordinary_build_restores_the_peers()
    {
        Assert.All(Projects().Where(path => !path.Contains(Peers, StringComparison.Ordinal)), path =>
        {
            Assert.DoesNotContain(Peers, string.Concat(XDocument.Load(path).Descendants("ProjectReference")
                .Select(reference => reference.Attribute("Include")!.Value)));
            Assert.DoesNotMatch("LLamaSharp|OnnxRuntimeGenAI",
                File.ReadAllText(Path.Combine(Path.GetDirectoryName(path)!, "packages.lock.json")));
        });
    }

    [Fact]
    public void Samples_know_packages_and_no_project()
    {
        var samples = Directory.GetFiles(Path.Combine(Repository.Root, "samples"), "*.csproj", SearchOption.AllDirectories);
        Assert.NotEmpty(samples);
        Assert.All(samples, path =>
        {
            var text = File.ReadAllText(path);
            Assert.DoesNotContain("ProjectReference", text);
            Assert.Contains("PackageReference Include=\"HoloZero.", text);
            Assert.DoesNotMatch("PackageReference[^>]*Version", text);
        });
    }

    [Fact]
    public void Package_versions_stand_in_one_place()
    {
        Assert.All(Projects(), path => Assert.DoesNotMatch("PackageReference[^>]*Version", File.ReadAllText(path)));
    }

    [Fact]
    public void One_project_alone_names_TorchSharp()
    {
        Assert.All(Projects().Where(path => !path.Contains("HoloZero.TorchSharp", StringComparison.Ordinal)), path =>
        {
            Assert.DoesNotContain("PackageReference Include=\"TorchSharp", File.ReadAllText(path));
            if (path.Contains("Tests", StringComparison.Ordinal)) return;
            var sources = Directory.EnumerateFiles(Path.GetDirectoryName(path)!, "*.cs", SearchOption.AllDirectories);
            Assert.All(sources, source => Assert.DoesNotMatch("(?m)^using (static )?TorchSharp", File.ReadAllText(source)));
        });
    }

    [Fact]
    public void Every_package_has_its_reason_in_a_decision_record()
    {
        var decisions = string.Concat(Directory.GetFiles(Path.Combine(Repository.Root, "docs", "decisions")).Select(File.ReadAllText));
        var versions = File.ReadAllText(Path.Combine(Repository.Root, "Directory.Packages.props"));
        var packages = PackageVersion().Matches(versions).Select(m => m.Groups[1].Value);
        Assert.All(packages, package => Assert.Contains(package, decisions));
    }

    private static IEnumerable<string> Projects() => ((string[])["models", "exporter", "runtime", "validation"])
        .SelectMany(folder => Directory.GetFiles(Path.Combine(Repository.Root, folder), "*.csproj", SearchOption.AllDirectories));

    [GeneratedRegex("PackageVersion Include=\"([^\"]+)\"")]
    private static partial Regex PackageVersion();
}
