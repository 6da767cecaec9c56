using System.Text.RegularExpressions;
using HoloZero.Testing;

namespace HoloZero.Packages.Tests;

/// <summary>The program that the README shows.</summary>
internal static partial class Readme
{
    /// <summary>As it stands in the repository's README.</summary>
    public static string Program { get; } = ProgramIn("README.md");

    /// <summary>As it stands in a file of the repository.</summary>
    public static string ProgramIn(params string[] path)
    {
        var shown = Snippet().Match(File.ReadAllText(Path.Combine([Repository.Root, .. path])));
        Assert.True(shown.Success, $"{Path.Combine(path)} shows no program");
        return shown.Groups[1].Value;
    }

    [GeneratedRegex(@"<!-- snippet: Console -->\n```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Snippet();
}
