using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace HoloZero.Benchmarks;

/// <summary>The table that people read, and the data that it was made from, named after the day and the processor.</summary>
internal static partial class ResultsFolder
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes both and returns the path of the table.</summary>
    public static string Write(string folder, IReadOnlyList<Row> rows, string commit, string launch, DateTimeOffset now)
    {
        var machine = rows[0].Whole["machine"]!.AsObject();
        var cpu = $"{machine["cpu_model"]}";
        var name = $"{now:yyyy-MM-dd}-{NotInNames().Replace(cpu.ToLowerInvariant(), "-").Trim('-')}";
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, name);
        File.WriteAllText($"{path}.md", Page(rows, machine, commit, launch, now));
        File.WriteAllText($"{path}.json", Data(rows, commit, launch, now).ToJsonString(Indented) + "\n");
        return $"{path}.md";
    }

    private static string Page(IReadOnlyList<Row> rows, JsonObject machine, string commit, string launch, DateTimeOffset now)
    {
        var peer = rows.SelectMany(row => row.Pairs).Select(pair => pair.Peer).FirstOrDefault(timing => timing is not null)?.Data;
        var first = rows[0].Whole;
        string[] head =
        [
            $"# {now:yyyy-MM-dd}, {machine["cpu_model"]}, {machine["processors"]} processors",
            "",
            $"- {first["model"]!["source"]}, {(long)first["model"]!["parameters"]!:N0} parameters; commit {commit}",
            $"- ONNX Runtime {machine["onnx_runtime_version"]}, {machine["dotnet_version"]}, {machine["platform"]}",
            peer is null ? "- no peers" : $"- llama.cpp {peer["llama_cpp_release"]} ({peer["cpu_library"]}: {peer["cpu_features"]}), "
                + $"node-llama-cpp {peer["node_llama_cpp_version"]}, node {peer["node_version"]}",
            $"- instructions: {string.Join(' ', machine["cpu_features"]!.AsArray().Select(feature => $"{feature}"))}",
            $"- every command launched {(launch.Length == 0 ? "as it is" : $"with `{launch}`")}; {rows[0].Pairs.Count} rounds",
            "",
            "## A byte at a time",
            "",
            "Median over rounds, of each the median of a byte or token up to the same position, each side at the number of threads (in",
            "brackets) that suited it best. Ratio: llama.cpp's time over ours, pair by pair; above 1 ours is faster. Floor: reading the",
            "weights alone.",
            "",
            "| variant | precision | llama.cpp ms | ours ms | ratio | floor ms | ours / floor |",
            "|---|---|---|---|---|---|---|",
        ];
        return string.Join('\n', [.. head, .. rows.Select(LatencyLine), "", "## The rest", "", .. Rest(rows)]) + "\n";
    }

    private static string LatencyLine(Row row)
    {
        var ours = Statistics.Median(row.Pairs.Select(pair => pair.Ours.Milliseconds));
        var threads = Threads(row.Pairs.Select(pair => pair.Ours));
        var floor = Statistics.Median(row.Pairs.Select(Floor));
        var toFloor = Statistics.Median(row.Pairs.Select(pair => pair.Ours.Milliseconds / Floor(pair)));
        var (peer, ratio) = ("-", "-");
        if (row.Peer is not null)
        {
            peer = Invariant($"{row.Peer} {Statistics.Median(row.Pairs.Select(pair => pair.Peer!.Milliseconds)):F3} ")
                + Threads(row.Pairs.Select(pair => pair.Peer!));
            ratio = Invariant($"{Statistics.Median(row.Pairs.Select(Ratio)):F2} ({row.Pairs.Min(Ratio):F2}-{row.Pairs.Max(Ratio):F2})");
        }

        return Invariant($"| {row.Variant} | {row.Precision} | {peer} | {ours:F3} {threads} | {ratio} | {floor:F3} | {toFloor:F2} |");
    }

    private static IEnumerable<string> Rest(IReadOnlyList<Row> rows)
    {
        var whole = rows.Select(row => row.Whole).ToArray();
        yield return "| |" + string.Concat(rows.Select(row => $" {row.Variant} |"));
        yield return "|---|" + string.Concat(rows.Select(_ => "---|"));
        yield return Line("file, MB", data => Contest.Number(data, "model", "file_bytes") / 1e6, "F1");
        yield return Line("weights read a step, MB", data => Contest.Number(data, "measured", "memory_floor", "weight_bytes") / 1e6, "F1");
        yield return Line("latency, 99th percentile, ms", data => Contest.Number(data, "measured", "latency", "p99_milliseconds"), "F3");
        yield return Line("managed bytes allocated a step",
            data => Contest.Number(data, "measured", "latency", "allocated_bytes_per_step"), "N0");
        yield return Line("prefill of stream bytes, bytes/s", data => Contest.Number(data, "measured", "prefill",
            "stream_bytes_per_second"), "N0");
        yield return Line("prefill of prefix slots, bytes/s", data => Contest.Number(data, "measured", "prefill",
            "prefix_bytes_per_second"), "N0");
        yield return Line("sampling, temperature 0.8 and top-p 0.95, us", data => Contest.Number(data, "measured", "sampling",
            "nucleus_microseconds"), "F1");
        foreach (var batch in whole[0]["measured"]!["batches"]!.AsArray())
        {
            var size = (int)batch!["rows"]!;
            yield return Line($"batch {size}, bytes/s", data => data["measured"]!["batches"]!.AsArray()
                .Where(b => (int)b!["rows"]! == size).Select(b => (double)b!["bytes_per_second"]!).FirstOrDefault(double.NaN), "N0");
        }

        yield return Line("peak resident memory, MB", data => Contest.Number(data, "measured", "peak_resident_bytes") / 1e6, "F0");
        yield return Line("process start to first byte, ms", data => Contest.Number(data, "start_up", "median_milliseconds"), "F0");

        string Line(string name, Func<JsonObject, double> value, string format) => $"| {name} |" + string.Concat(whole.Select(data =>
            value(data) is var number && double.IsNaN(number) ? " - |" : $" {number.ToString(format, CultureInfo.InvariantCulture)} |"));
    }

    private static JsonObject Data(IReadOnlyList<Row> rows, string commit, string launch, DateTimeOffset now) => new()
    {
        ["measured_at"] = now.ToString("O", CultureInfo.InvariantCulture),
        ["commit"] = commit,
        ["launch"] = launch,
        ["variants"] = new JsonArray([.. rows.Select(row => new JsonObject
        {
            ["variant"] = row.Variant,
            ["precision"] = row.Precision,
            ["peer"] = row.Peer,
            ["median_ratio"] = row.Peer is null ? null : Statistics.Median(row.Pairs.Select(Ratio)),
            ["pairs"] = new JsonArray([.. row.Pairs.Select(pair => new JsonObject
            {
                ["peer"] = pair.Peer?.Data.DeepClone(),
                ["ours"] = pair.Ours.Data.DeepClone(),
            })]),
            ["whole"] = row.Whole.DeepClone(),
        })]),
    };

    private static double Ratio(Pair pair) => pair.Peer!.Milliseconds / pair.Ours.Milliseconds;

    private static double Floor(Pair pair) => Contest.Number(pair.Ours.Data, "measured", "memory_floor", "median_milliseconds");

    private static string Threads(IEnumerable<Timing> timings) =>
        $"({string.Join("/", timings.Select(timing => timing.Threads).Distinct().Order())})";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex NotInNames();
}

internal static class Statistics
{
    /// <summary>The middle value, or the mean of the middle two.</summary>
    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
