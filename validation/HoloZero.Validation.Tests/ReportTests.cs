using System.Text.Json;
using System.Text.RegularExpressions;
using HoloZero.Artifacts;
using HoloZero.Validation.Checks;
using HoloZero.Validation.Reports;

namespace HoloZero.Validation.Tests;

public class ReportTests
{
    [Fact]
    public void The_json_lists_every_miss_and_the_page_says_how_many_it_leaves_out()
    {
        using var artifact = new TinyArtifact();
        artifact.Edit("head.bias", 0x21, value => value + 100);
        var report = artifact.Validate();

        ReportFolder.Write(report, artifact.Outside("report"));

        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(artifact.Outside("report"), ReportFolder.JsonFile)));
        Assert.False(json.RootElement.GetProperty("passed").GetBoolean());
        var written = json.RootElement.GetProperty("checks").EnumerateArray()
            .SelectMany(check => check.GetProperty("misses").EnumerateArray())
            .Select(miss => new Miss(Text(miss, "position"), Text(miss, "actual"), Text(miss, "expected")));
        Assert.Equal(report.Checks.SelectMany(check => check.Misses), written);
        var page = File.ReadAllText(Path.Combine(artifact.Outside("report"), ReportFolder.HtmlFile));
        var most = report.Checks.Max(check => check.Misses.Count);
        Assert.Contains($"{most - 100:N0} more: report.json lists all of them.", page);

        static string Text(JsonElement miss, string name) => miss.GetProperty(name).GetString()!;
    }

    [Fact]
    public void The_page_needs_nothing_from_anywhere()
    {
        using var artifact = new TinyArtifact();
        ReportFolder.Write(artifact.Validate(), artifact.Outside("report"));
        var page = File.ReadAllText(Path.Combine(artifact.Outside("report"), ReportFolder.HtmlFile));

        Assert.DoesNotMatch(new Regex("https?:|//[a-z]|<script|<link|<img|<iframe|@import|url\\(|\\bsrc=|\\bhref=|javascript:",
            RegexOptions.IgnoreCase), page);
        Assert.Equal(4, Regex.Count(page, "<svg"));
        Assert.Contains("<title>tiny passed validation</title>", page);
        Assert.Contains("ONNX Runtime", page);
        Assert.Contains("What is allowed, and why", page);
    }

    [Fact]
    public void Names_from_files_cannot_write_into_the_page()
    {
        using var artifact = new TinyArtifact();
        artifact.EditManifest(json => json["source"]!["file"] = "<script>alert(1)</script>");

        ReportFolder.Write(artifact.Validate(), artifact.Outside("report"));

        Assert.DoesNotContain("<script", File.ReadAllText(Path.Combine(artifact.Outside("report"), ReportFolder.HtmlFile)));
    }

    [Fact]
    public void An_older_report_is_replaced_and_nothing_else()
    {
        using var artifact = new TinyArtifact();
        var report = new ValidationReport("x",
            [new(CheckNames.Hashes, "1 file", [], new Dictionary<string, double> { ["strange"] = double.NaN })]);
        var folder = artifact.Outside("report");
        ReportFolder.Write(report, folder);
        ReportFolder.Write(report with { Artifact = "y" }, folder);
        Assert.Contains("\"y\"", File.ReadAllText(Path.Combine(folder, ReportFolder.JsonFile)));

        File.WriteAllText(Path.Combine(folder, "mine.txt"), "");
        Assert.Throws<BadInputException>(() => ReportFolder.Write(report, folder));
        Assert.Throws<BadInputException>(() => ReportFolder.RequireWritable(artifact.Folder));
        Assert.Contains("\"y\"", File.ReadAllText(Path.Combine(folder, ReportFolder.JsonFile)));
    }

    [Fact]
    public void A_report_without_checks_has_not_passed() => Assert.False(new ValidationReport("x", []).Passed);

    [Fact]
    public void Misses_come_in_the_order_of_adding_by_index_and_in_turn()
    {
        var misses = new TensorMisses();
        misses.Add(new("first", "a", "b"));
        misses.Compare("t", [2, 2], [1, 2, double.NaN, 4], [1, 5, 3, 4], 0.5);
        misses.Add(new("between", "a", "b"));
        misses.Add(new("again", "a", "b"));
        misses.Compare("u", [], [7], [8], 0.5);

        string[] expected = ["first", "t[0, 1]", "t[1, 0]", "between", "again", "u"];
        Assert.Equal(expected, misses.Select(miss => miss.Position));
        Assert.Equal(expected, Enumerable.Range(0, misses.Count).Select(index => misses[index].Position));
        Assert.Equal(double.PositiveInfinity, misses.Worst!.Share);
        Assert.Equal("t[1, 0]", misses.Worst.Where);
    }
}
