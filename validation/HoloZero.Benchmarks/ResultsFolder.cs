using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace HoloZero.Benchmarks;

/// <summary>The table that people read, and the data that it was made from, named after the day and the processor.</summary>
internal static partial class ResultsFolder
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private static readonly ContestTable[] Tables =
    [
        new("step", "A byte at a time, ms", "F3", LessIsBetter: true, timing => timing.Step),
        new("batch", "16 sequences in one call, bytes or tokens a second", "N0", LessIsBetter: false, timing => timing.Batch),
        new("prefill", "Reading at once, bytes or tokens a second", "N0", LessIsBetter: false, timing => timing.Prefill),
    ];

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
        var first = rows[0].Whole;
        string[] head =
        [
            $"# {now:yyyy-MM-dd}, {machine["cpu_model"]}, {machine["processors"]} processors",
            "",
            $"- {first["model"]!["source"]}, {(long)first["model"]!["parameters"]!:N0} parameters; commit {commit}",
            $"- ONNX Runtime {machine["onnx_runtime_version"]}, {machine["dotnet_version"]}, {machine["platform"]}",
            .. Software(rows).DefaultIfEmpty("- no peers"),
            $"- instructions: {string.Join(' ', machine["cpu_features"]!.AsArray().Select(feature => $"{feature}"))}",
            $"- every command launched {(launch.Length == 0 ? "as it is" : $"with `{launch}`")}; {rows[0].Turns.Count} rounds",
            "",
            "Medians over rounds, of each the median of a process, each side at the number of threads (in brackets) that suited it best.",
            "Against a peer: how many times as fast ours is, round by round, with the least and the greatest; above 1 ours is faster.",
        ];
        return string.Join('\n', [.. head, .. Tables.SelectMany(table => table.Lines(rows)), "", "## The rest", "", .. Rest(rows)]) + "\n";
    }

    private static IEnumerable<string> Software(IReadOnlyList<Row> rows) => rows.SelectMany(row => row.Turns)
        .SelectMany(turn => turn.Peers).DistinctBy(peer => peer.Key)
        .Select(peer => $"- {peer.Key}: " + string.Join(", ", (peer.Value[0].Data["software"] as JsonObject ?? [])
            .Select(part => $"{part.Key} {part.Value}")));

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
            ["ours_against"] = new JsonObject(PeersOf([row]).Select(peer => KeyValuePair.Create(peer, (JsonNode?)new JsonObject(
                Tables.Select(table => KeyValuePair.Create(table.Key, (JsonNode?)table.Against(row, peer)?.Median)))))),
            ["rounds"] = new JsonArray([.. row.Turns.Select(turn => new JsonObject
            {
                ["ours"] = Copies(turn.Ours),
                ["peers"] = new JsonObject(turn.Peers.Select(peer => KeyValuePair.Create(peer.Key, (JsonNode?)Copies(peer.Value)))),
            })]),
            ["whole"] = row.Whole.DeepClone(),
        })]),
    };

    private static JsonArray Copies(IEnumerable<Timing> timings) => new([.. timings.Select(timing => timing.Data.DeepClone())]);

    private static IEnumerable<string> PeersOf(IReadOnlyList<Row> rows) =>
        rows.SelectMany(row => row.Turns).SelectMany(turn => turn.Peers.Keys).Distinct();

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex NotInNames();
}
