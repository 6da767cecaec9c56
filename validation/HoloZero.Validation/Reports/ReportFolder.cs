using HoloZero.Artifacts;

namespace HoloZero.Validation.Reports;

/// <summary>
/// Writes a report as a folder: <c>report.json</c> with every miss, <c>report.html</c> for people. Stateless and thread-safe.
/// </summary>
public static class ReportFolder
{
    /// <summary>Name of the JSON file.</summary>
    public const string JsonFile = "report.json";

    /// <summary>Name of the page.</summary>
    public const string HtmlFile = "report.html";

    private static readonly FolderKind Kind = new("a validation report", JsonFile, json =>
        ReportJson.IsReport(json) ? [HtmlFile] : throw new BadInputException(json, "it is not a validation report", "name another folder"));

    /// <summary>Says whether <paramref name="folder"/> can be written, before the work that fills it.</summary>
    /// <exception cref="BadInputException">It holds something else, or cannot be written.</exception>
    public static void RequireWritable(string folder) => new FolderTransaction(folder, Kind).Dispose();

    /// <summary>Writes the folder whole or not at all; an older report is replaced.</summary>
    /// <exception cref="BadInputException">It holds something else, or cannot be written.</exception>
    public static void Write(ValidationReport report, string folder)
    {
        using var output = new FolderTransaction(folder, Kind);
        using (var stream = File.Create(Path.Combine(output.Staging, JsonFile))) ReportJson.Write(report, stream);
        File.WriteAllText(Path.Combine(output.Staging, HtmlFile), ReportHtml.Page(report));
        output.Commit();
    }
}
