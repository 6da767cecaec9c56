using System.Diagnostics;
using System.Text.RegularExpressions;
using HoloZero.Testing;

namespace HoloZero.EndToEnd.Tests;

/// <summary>What holds of every line that people read here.</summary>
public sealed partial class SourceTests
{
    private const int Columns = 140;

    // Other people's texts, tables that a program writes, and what is read in a browser, which breaks lines itself.
    private static readonly string[] Exempt = ["validation/golden/", "validation/benchmarks/results/", "README.md", "docs/"];

    [Fact]
    public void No_line_is_longer_than_a_screen_is_wide()
    {
        string[] kinds = [".cs", ".md", ".sh", ".proto", "Makefile"];
        var files = Tracked().Where(file => kinds.Any(kind => file.EndsWith(kind, StringComparison.Ordinal))
            && !Exempt.Any(folder => file.StartsWith(folder, StringComparison.Ordinal))).ToArray();
        Assert.Contains(files, file => file == "Makefile");
        Assert.Contains(files, file => file == "models/HoloZero.Models/AsymDec.cs");

        Assert.Empty(files.SelectMany(file => Lines(file)
            .Where(line => line.Text.Length > Columns && !(file.EndsWith(".md", StringComparison.Ordinal) && IsTableOrLink(line.Text)))
            .Select(line => $"{file}:{line.Number}: {line.Text.Length} columns")));
    }

    [Fact]
    public void No_comment_only_repeats_a_name()
    {
        var empty = Tracked().Where(file => file.EndsWith(".cs", StringComparison.Ordinal))
            .SelectMany(file => Lines(file).Where(line => OneWord().IsMatch(line.Text))
                .Select(line => $"{file}:{line.Number}: {line.Text.Trim()}"));

        Assert.Empty(empty);
    }

    [Theory]
    [InlineData("    /// <summary>Sequences.</summary>", true)]
    [InlineData("/// <param name=\"device\">Where.</param>", true)]
    [InlineData("/// <returns>Rows</returns>", true)]
    [InlineData("    /// <summary>Rows of work.</summary>", false)]
    [InlineData("/// <value>null.</value>", false)]
    [InlineData("/// <param name=\"Rows\">256.</param>", false)]
    public void A_comment_of_one_word_is_empty(string line, bool empty) => Assert.Equal(empty, OneWord().IsMatch(line));

    private static IEnumerable<(string Text, int Number)> Lines(string file) =>
        File.ReadLines(Path.Combine(Repository.Root, file)).Select((text, i) => (text, i + 1));

    /// <summary>What git knows, as far as it is there.</summary>
    private static string[] Tracked()
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["-C", Repository.Root, "ls-files"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var files = git.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        git.WaitForExit();
        Assert.Equal(0, git.ExitCode);
        return [.. files.Where(file => File.Exists(Path.Combine(Repository.Root, file)))];
    }

    private static bool IsTableOrLink(string line) => line.StartsWith('|') || line.Contains("](", StringComparison.Ordinal);

    [GeneratedRegex("""^\s*/// <(summary|returns|param name="\w+"|typeparam name="\w+")>[A-Za-z]+\.?</""")]
    private static partial Regex OneWord();
}
