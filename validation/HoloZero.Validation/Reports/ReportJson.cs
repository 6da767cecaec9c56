using System.Text;
using System.Text.Json;
using HoloZero.Runtime;

namespace HoloZero.Validation.Reports;

/// <summary>
/// The report as JSON with every miss. Streams: a graph that is wrong everywhere has millions. Stateless and thread-safe.
/// </summary>
public static class ReportJson
{
    /// <summary>The value of <c>format</c>.</summary>
    public const string FormatName = "holozero-validation";

    private const int FlushBytes = 1 << 16;

    /// <summary>Writes a report to a stream, which the caller keeps.</summary>
    public static void Write(ValidationReport report, Stream stream)
    {
        using (var json = new Utf8JsonWriter(stream, new() { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteString("format", FormatName);
            json.WriteNumber("format_version", 1);
            json.WriteString("artifact", report.Artifact);
            json.WriteBoolean("passed", report.Passed);
            json.WriteString("model", report.Model);
            json.WriteString("goldens", report.Goldens);
            json.WriteString("created", report.Created);
            json.WriteNumber("duration_seconds", Math.Round(report.Duration.TotalSeconds, 3));
            if (report.Environment is { } environment) Write(json, environment);
            Array(json, "not_checked", report.NotChecked, item => Object(json, ("subject", item.Subject), ("reason", item.Reason)));
            Array(json, "tolerances", report.Tolerances,
                rule => Object(json, ("subject", rule.Subject), ("rule", rule.Rule), ("reason", rule.Reason)));
            Array(json, "checks", report.Checks, check => Write(json, check));
            Array(json, "measurements", report.Measurements, scope => Write(json, scope));
            Array(json, "providers", report.Providers, result => Write(json, result));
            Array(json, "provider_differences", report.Differences, difference => Write(json, difference));
            json.WriteEndObject();
        }

        stream.Write("\n"u8);
    }

    /// <summary>Whether a file begins as a report does.</summary>
    internal static bool IsReport(string path)
    {
        using var stream = File.OpenRead(path);
        var start = new byte[128];
        var read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        return Encoding.UTF8.GetString(start, 0, read).Contains($"\"format\": \"{FormatName}\"", StringComparison.Ordinal);
    }

    private static void Write(Utf8JsonWriter json, RuntimeReport environment)
    {
        json.WriteStartObject("environment");
        json.WriteString("onnx_runtime", environment.OnnxRuntimeVersion);
        json.WriteString("onnx_runtime_managed", environment.OnnxRuntimeManagedVersion);
        json.WriteString("cpu", environment.CpuModel);
        json.WriteNumber("processors", environment.Processors);
        json.WriteString("instructions", string.Join(' ', environment.CpuFeatures));
        json.WriteString("platform", environment.Platform);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, CheckResult check)
    {
        json.WriteStartObject();
        json.WriteString("check", check.Check);
        json.WriteString("scope", check.Scope);
        json.WriteString("subject", check.Subject);
        json.WriteBoolean("passed", check.Passed);
        Write(json, check.Worst);
        json.WriteStartObject("metrics");
        foreach (var (name, value) in check.Metrics) Number(json, name, value);
        json.WriteEndObject();
        json.WriteNumber("miss_count", check.Misses.Count);
        Array(json, "misses", check.Misses, miss =>
        {
            // A line each: indented objects would make a large report half as large again.
            json.WriteRawValue($"{{\"position\":{Quoted(miss.Position)},\"actual\":{Quoted(miss.Actual)},"
                + $"\"expected\":{Quoted(miss.Expected)}}}");
            if (json.BytesPending > FlushBytes) json.Flush();
        });
        json.WriteEndObject();

        static string Quoted(string text) => $"\"{JsonEncodedText.Encode(text)}\"";
    }

    private static void Write(Utf8JsonWriter json, Margin? worst)
    {
        if (worst is null) return;
        json.WriteStartObject("worst");
        Number(json, "error", worst.Error);
        Number(json, "allowed", worst.Allowed);
        json.WriteString("where", worst.Where);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ProviderResult result)
    {
        json.WriteStartObject();
        json.WriteString("variant", result.Variant);
        json.WriteString("provider", result.Provider);
        if (result.BitsPerByte is { } bits) Number(json, ProviderComparison.BitsMetric, bits);
        Array(json, "checks", result.Checks, check =>
        {
            json.WriteStartObject();
            json.WriteString("check", check.Check);
            json.WriteBoolean("passed", check.Passed);
            Write(json, check.Worst);
            json.WriteEndObject();
        });
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ProviderDifference difference)
    {
        json.WriteStartObject();
        json.WriteString("variant", difference.Variant);
        json.WriteString("provider", difference.Provider);
        json.WriteString("other", difference.Other);
        Number(json, "max_abs", difference.Largest);
        Number(json, "max_rel", difference.Relative);
        json.WriteString("where", difference.Where);
        json.WriteNumber("rows", difference.Rows);
        json.WriteNumber("other_top1", difference.OtherSymbols);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ScopeMeasurements scope)
    {
        json.WriteStartObject();
        json.WriteString("scope", scope.Scope);
        json.WriteStartObject("error_by_stream_position_as_share_of_allowed");
        foreach (var curve in scope.Positions) Array(json, curve.Mode, curve.Shares, share => Number(json, null, share));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Array<T>(Utf8JsonWriter json, string name, IEnumerable<T> items, Action<T> write)
    {
        json.WriteStartArray(name);
        foreach (var item in items) write(item);
        json.WriteEndArray();
    }

    private static void Object(Utf8JsonWriter json, params ReadOnlySpan<(string Name, string Value)> properties)
    {
        json.WriteStartObject();
        foreach (var (name, value) in properties) json.WriteString(name, value);
        json.WriteEndObject();
    }

    private static void Number(Utf8JsonWriter json, string? name, double value)
    {
        if (name is not null) json.WritePropertyName(name);
        if (double.IsFinite(value)) json.WriteNumberValue(value);
        else json.WriteStringValue(double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
    }
}
