using System.Text.Json;
using HoloZero.Models;
using HoloZero.Runtime;
using HoloZero.Validation.Reports;

namespace HoloZero.Validation.Tests;

/// <summary>The report puts providers side by side. The processor computes in the others' place.</summary>
public class ProviderComparisonTests
{
    private const int Width = AsymDecConfig.Vocabulary;

    [Fact]
    public void Providers_stand_side_by_side_in_every_form_of_the_report()
    {
        using var artifact = new TinyArtifact(PrefixAttention.Causal, externalData: false, "cuda", "portable", "fp32");
        var report = ArtifactValidator.Validate(artifact.Folder, TinyArtifact.Goldens, new()
        {
            AllTriples = false,
            StandIns = new Dictionary<ExecutionProvider, ExecutionProvider>
            {
                [ExecutionProvider.Cuda] = ExecutionProvider.Cpu,
                [ExecutionProvider.TensorRt] = ExecutionProvider.Cpu,
            },
        });
        Assert.SkipWhen(report.Environment!.Providers.Count < 3, "this ONNX Runtime was built without CUDA");
        Assert.Equal("", report.Failed());
        string[] ran = [.. report.Providers.Select(result => $"{result.Variant} on {result.Provider}").Order()];
        Assert.Equal(["cuda on Cpu", "cuda on Cuda", "fp32 on Cpu", "portable on Cpu", "portable on Cuda", "portable on TensorRt"], ran);
        Assert.Contains(report.NotChecked, item => item.Subject == "fp32 on Cuda");

        // Nothing is lost of what the checks found, and one processor has one arithmetic.
        var portable = Assert.Single(report.Providers, result => result is { Variant: "portable", Provider: "TensorRt" });
        foreach (var check in report.Checks.Where(check => check.Scope == "portable on TensorRt" && check.Worst is not null))
            Assert.True(portable.Checks.Single(c => c.Check == check.Check).Worst!.Share >= check.Worst!.Share);
        Assert.Equal(["Cuda", "Cuda", "TensorRt"], report.Differences.Select(difference => difference.Provider).Order());
        Assert.All(report.Differences, difference => Assert.Equal((0.0, 0, "Cpu"),
            (difference.Largest, difference.OtherSymbols, difference.Other)));
        Assert.All(report.Differences, difference => Assert.InRange(difference.Rows, 500, 100_000));

        ReportFolder.Write(report, artifact.Outside("report"));
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(artifact.Outside("report"), ReportFolder.JsonFile)));
        Assert.Equal(6, json.RootElement.GetProperty("providers").GetArrayLength());
        Assert.All(json.RootElement.GetProperty("providers").EnumerateArray(), result =>
            Assert.InRange(result.GetProperty("bits_per_byte").GetDouble(), 1, 20));
        Assert.Equal(3, json.RootElement.GetProperty("provider_differences").GetArrayLength());
        var page = File.ReadAllText(Path.Combine(artifact.Outside("report"), ReportFolder.HtmlFile));
        Assert.Contains("<h2>Providers</h2>", page, StringComparison.Ordinal);
        Assert.Contains("<th class=\"n\">TensorRt</th>", page, StringComparison.Ordinal);
        Assert.Contains("<td>against Cpu</td>", page, StringComparison.Ordinal);
    }

    [Fact]
    public void A_single_provider_is_told_and_compared_with_none()
    {
        using var artifact = new TinyArtifact();
        var report = ArtifactValidator.Validate(artifact.Folder, TinyArtifact.Goldens,
            new() { AllTriples = false, Provider = ExecutionProvider.Cpu });
        Assert.Equal(("portable", "Cpu"), (Assert.Single(report.Providers).Variant, report.Providers[0].Provider));
        Assert.Empty(report.Differences);
        Assert.Null(ProviderTable.Of(report));
    }

    [Fact]
    public void The_largest_difference_is_found_with_its_input_and_row()
    {
        var comparison = new ProviderComparison();
        var prompt = Rows(3);
        var apart = (double[])prompt.Clone();
        (apart[Width + 5], apart[2 * Width + 7]) = (apart[Width + 5] + 0.25, apart[2 * Width + 7] - 0.5);
        comparison.Add("cuda", ExecutionProvider.Cpu, "a", [new("first", Rows(1)), new("second", prompt), new("missing", prompt)]);
        comparison.Add("cuda", ExecutionProvider.Cuda, "b", [new("second", apart), new("first", Rows(1))]);
        comparison.Add("fp32", ExecutionProvider.Cpu, "c", [new("first", Rows(1))]);

        // Row 2 is the one that symbol 2 is likeliest in, at 10.
        var found = Assert.Single(comparison.Differences());
        Assert.Equal(new("cuda", "Cuda", "Cpu", 0.5, 0.05, "second, row 2", 4, 0), found);

        apart[Width + 9] = 11;
        Assert.Equal((1, "second, row 1"), (comparison.Differences()[0].OtherSymbols, comparison.Differences()[0].Where));
        apart[9] = double.NaN;
        Assert.Equal((double.NaN, "second, row 0"), (comparison.Differences()[0].Largest, comparison.Differences()[0].Where));
        Assert.Equal(double.NaN, comparison.Differences()[0].Relative);
    }

    [Fact]
    public void What_a_provider_fails_is_marked_in_its_column()
    {
        var check = new ProviderCheck(CheckNames.Logits, Passed: true, new(1e-5, 1e-4, "here"));
        var table = ProviderTable.Of(new ValidationReport("x", [])
        {
            Providers =
            [
                new("cuda", "Cpu", [check], 1.5),
                new("cuda", "Cuda", [check with { Passed = false, Worst = new(1e-3, 1e-4, "there") }], null),
                new("portable", "Cuda", [check], 1.25),
            ],
            Differences = [new("cuda", "Cuda", "Cpu", 0.5, 0.05, "second, row 2", 4, 1)],
        })!;
        Assert.Equal(["Cpu", "Cuda"], table.Providers);
        Assert.Equal(["cuda logits: 1.0e-5 | 1.0e-3 FAILED", "cuda bits/byte: 1.500000 | ", "cuda against Cpu:  | 5.0e-1",
            "portable logits:  | 1.0e-5", "portable bits/byte:  | 1.250000"], table.Rows.Select(row =>
                $"{row.Variant} {row.Label}: {string.Join(" | ", row.Cells.Select(cell => cell.Text))}"));
        Assert.False(table.Rows[0].Cells[1].Passed);
        Assert.Equal("second, row 2; another likeliest symbol in 1 of 4 rows", table.Rows[2].Cells[1].Where);
    }

    /// <summary>Rows of zeros but for a 10: symbol r is the likeliest of row r.</summary>
    private static double[] Rows(int count)
    {
        var rows = new double[count * Width];
        for (var row = 0; row < count; row++) rows[row * Width + row] = 10;
        return rows;
    }
}
