using System.Globalization;

namespace HoloZero.Validation.Reports;

/// <summary>What a provider gave for one row of the table, in words.</summary>
/// <param name="Text">The number; empty where the provider did not run the variant.</param>
/// <param name="Where">Case and tensor, where there is one.</param>
/// <param name="Passed">Whether nothing is wrong.</param>
public sealed record ProviderCell(string Text, string Where = "", bool Passed = true);

/// <summary>One check of a variant on every provider.</summary>
/// <param name="Variant">The variant.</param>
/// <param name="Label">The check, or what else is told.</param>
/// <param name="Cells">By provider, in the table's order.</param>
public sealed record ProviderRow(string Variant, string Label, IReadOnlyList<ProviderCell> Cells);

/// <summary>Providers side by side: every check of every variant with its worst error, bits per byte, and how far they are apart.</summary>
/// <param name="Providers">The columns.</param>
/// <param name="Rows">The rows; a variant's stand together.</param>
public sealed record ProviderTable(IReadOnlyList<string> Providers, IReadOnlyList<ProviderRow> Rows)
{
    /// <summary>The table of a report; null where a single provider ran everything.</summary>
    public static ProviderTable? Of(ValidationReport report)
    {
        string[] providers = [.. report.Providers.Select(result => result.Provider).Distinct()];
        if (providers.Length < 2) return null;
        var rows = new List<ProviderRow>();
        foreach (var variant in report.Providers.GroupBy(result => result.Variant))
        {
            var results = providers.Select(provider => variant.FirstOrDefault(result => result.Provider == provider)).ToArray();
            foreach (var check in variant.SelectMany(result => result.Checks).Select(check => check.Check).Distinct())
            {
                rows.Add(new(variant.Key, check,
                    [.. results.Select(result => Cell(result?.Checks.FirstOrDefault(other => other.Check == check)))]));
            }

            rows.Add(new(variant.Key, "bits/byte", [.. results.Select(result => new ProviderCell(result?.BitsPerByte is { } bits
                ? bits.ToString("f6", CultureInfo.InvariantCulture) : ""))]));
            var differences = report.Differences.Where(difference => difference.Variant == variant.Key).ToArray();
            if (differences.Length == 0) continue;
            rows.Add(new(variant.Key, $"against {differences[0].Other}",
                [.. providers.Select(provider => Cell(differences.FirstOrDefault(difference => difference.Provider == provider)))]));
        }

        return new(providers, rows);
    }

    private static ProviderCell Cell(ProviderCheck? check) => check is null ? new("")
        : new($"{(check.Worst is { } worst ? Number(worst.Error) : check.Passed ? "passed" : "")}{(check.Passed ? "" : " FAILED")}".Trim(),
            check.Worst?.Where ?? "", check.Passed);

    private static ProviderCell Cell(ProviderDifference? difference) => difference is null ? new("")
        : new(Number(difference.Largest), difference.Largest == 0 ? "" : $"{difference.Where}; another likeliest symbol in "
            + $"{difference.OtherSymbols} of {difference.Rows} rows");

    private static string Number(double value) => value.ToString(value == 0 ? "0" : "0.0e+0", CultureInfo.InvariantCulture);
}
