using System.Text.RegularExpressions;
using HoloZero.Testing;

namespace HoloZero.Hosting.Tests;

/// <summary>What docs/hosting.md shows is what compiles and runs.</summary>
public sealed class DocumentationTests(Tiny tiny)
{
    [Theory]
    [InlineData("Hosting", 8)]
    [InlineData("Consumer", 4)]
    public void The_code_is_the_code_that_compiles(string region, int indentation)
    {
        var source = File.ReadAllText(Path.Combine(Repository.Root, "validation", "HoloZero.Hosting.Tests", "HostingSnippets.cs"));
        var manual = File.ReadAllText(Path.Combine(Repository.Root, "docs", "hosting.md"));
        var compiled = Regex.Match(source, $@"#region {region}\n(.*?)\n\s*#endregion", RegexOptions.Singleline).Groups[1].Value;
        var shown = Regex.Match(manual, $@"<!-- snippet: {region} -->\n```csharp\n(.*?)```", RegexOptions.Singleline).Groups[1].Value;
        Assert.NotEmpty(compiled);
        Assert.Equal(string.Join('\n', compiled.Split('\n').Select(line => line.Length >= indentation ? line[indentation..] : line)).Trim(),
            shown.Trim());
    }

    [Fact]
    public async Task The_code_runs()
    {
        using var workspace = new TemporaryFolder();
        Directory.CreateDirectory(workspace["out"]);
        Directory.CreateSymbolicLink(workspace["out", "demo"], tiny.Folder);
        var here = Directory.GetCurrentDirectory();
        try
        {
            Directory.SetCurrentDirectory(workspace.Path);
            var output = new StringWriter();
            await HostingSnippets.HostAsync(
                ["--HoloZero:small:Model=out/demo", "--HoloZero:small:Variant=int8", "--Logging:LogLevel:Default=None"], output);
            // Of a byte that begins no character comes one, of several that make one, too.
            Assert.InRange(output.ToString().Length, 1, 60);
        }
        finally
        {
            Directory.SetCurrentDirectory(here);
        }
    }
}
