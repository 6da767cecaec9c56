using System.Text.Json.Nodes;
using HoloZero.Artifacts;
using HoloZero.Benchmarks.Peers;

namespace HoloZero.Benchmarks;

/// <summary>One process's measurement.</summary>
/// <param name="Threads">Threads that it was given.</param>
/// <param name="Step">Median milliseconds of a byte or token.</param>
/// <param name="Batch">Bytes or tokens a second, 16 sequences in one call; null where it cannot.</param>
/// <param name="Prefill">Bytes or tokens a second, read at once.</param>
/// <param name="Data">All that it printed.</param>
internal sealed record Timing(int Threads, double Step, double? Batch, double Prefill, JsonObject Data);

/// <summary>A variant and its peers, measured one right after the other, at every number of threads.</summary>
/// <param name="Ours">One for each number of threads.</param>
/// <param name="Peers">The same of each peer by its name; none where the variant has no equal among them.</param>
internal sealed record Turn(IReadOnlyList<Timing> Ours, IReadOnlyDictionary<string, List<Timing>> Peers);

/// <summary>All that was measured of a variant.</summary>
/// <param name="Variant">Its name.</param>
/// <param name="Precision">Of its weights.</param>
/// <param name="Turns">One a round.</param>
/// <param name="Whole">Everything that `holozero bench` measures.</param>
internal sealed record Row(string Variant, string Precision, IReadOnlyList<Turn> Turns, JsonObject Whole);

/// <summary>Somebody else's library in a program of its own.</summary>
/// <param name="Name">What tables call it.</param>
/// <param name="Program">Measures and prints JSON.</param>
/// <param name="Model">Its model file or folder of a precision.</param>
internal sealed record Peer(string Name, string Program, Func<PeerPrecision, string> Model);

/// <summary>Measures variants and peers by turns, a fresh process each, so that a machine that slows down slows all of them.</summary>
internal sealed class Contest
{
    private const int BatchRows = 16, RoundsOfAProcess = 2;

    public required ArtifactFolder Model { get; init; }
    public required string Program { get; init; }
    public required IReadOnlyList<Peer> Peers { get; init; }
    public required int Rounds { get; init; }
    public required int Bytes { get; init; }
    public required int[] Threads { get; init; }
    public required string[] Launch { get; init; }

    /// <summary>Whole blocks of 64, as a reader of long texts would cut them: 448 beside the usual 440 steps.</summary>
    private int PrefillBytes => Math.Min((Bytes + 63) / 64 * 64, 4096);

    public IReadOnlyList<Row> Run(IProgress<string> progress, CancellationToken cancellation)
    {
        var variants = Model.Manifest.Variants;
        var turns = variants.ToDictionary(variant => variant.Name, _ => new List<Turn>());
        for (var round = 1; round <= Rounds; round++)
        {
            foreach (var variant in variants)
            {
                progress.Report($"round {round} of {Rounds}, {variant.Name}");
                turns[variant.Name].Add(Measure(variant, cancellation));
            }
        }

        return [.. variants.Select(variant =>
        {
            progress.Report($"all of {variant.Name}");
            return new Row(variant.Name, variant.Precision, turns[variant.Name], Whole(variant, cancellation));
        })];
    }

    private Turn Measure(ArtifactManifest.VariantInfo variant, CancellationToken cancellation)
    {
        var precision = PrecisionOf(variant);
        var rivals = precision is null ? [] : Peers;
        var (ours, theirs) = (new List<Timing>(), rivals.ToDictionary(peer => peer.Name, _ => new List<Timing>()));
        foreach (var threads in Threads)
        {
            foreach (var peer in rivals) theirs[peer.Name].Add(OfPeer(peer, precision!.Value, threads, cancellation));
            ours.Add(OfOurs(variant, Taken(variant, threads), cancellation));
        }

        return new(ours, theirs);
    }

    private Timing OfPeer(Peer peer, PeerPrecision precision, int threads, CancellationToken cancellation)
    {
        var data = Process([peer.Program, peer.Model(precision), $"{threads}", $"{Bytes}", $"{PrefillBytes}", $"{RoundsOfAProcess}"],
            cancellation);
        return new(threads, Number(data, "median_milliseconds"), Number(data, "batch_tokens_per_second"),
            Number(data, "prefill_tokens_per_second"), data);
    }

    private Timing OfOurs(ArtifactManifest.VariantInfo variant, int threads, CancellationToken cancellation)
    {
        var data = Process([.. Bench(variant), "--threads", $"{threads}", "--rounds", $"{RoundsOfAProcess}", "--rows", $"{BatchRows}"],
            cancellation);
        var batch = data["measured"]?["batches"]?.AsArray().FirstOrDefault(batch => (int?)batch?["rows"] == BatchRows);
        return new(threads, Number(data, "measured", "latency", "median_milliseconds"),
            batch is JsonObject rows ? Number(rows, "bytes_per_second") : null,
            Number(data, "measured", "prefill", "stream_bytes_per_second"), data);
    }

    private JsonObject Whole(ArtifactManifest.VariantInfo variant, CancellationToken cancellation) =>
        Process([.. Bench(variant), "--threads", $"{Taken(variant, Threads.Max())}", "--rounds", "3"], cancellation);

    private int Taken(ArtifactManifest.VariantInfo variant, int threads) =>
        Math.Min(threads, Model.Manifest.MostThreads(variant) ?? threads);

    private string[] Bench(ArtifactManifest.VariantInfo variant) => [Program, "bench", "--model", Model.Path, "--variant", variant.Name,
        "--bytes", $"{Bytes}", "--prefill-bytes", $"{PrefillBytes}", "--json"];

    private static PeerPrecision? PrecisionOf(ArtifactManifest.VariantInfo variant) => variant.Precision switch
    {
        "float32" => PeerPrecision.Float32,
        "int8" => PeerPrecision.Int8,
        "int4" => PeerPrecision.Int4,
        _ => null,
    };

    private JsonObject Process(string[] command, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return MeasuredProcess.Run([.. Launch, .. command]);
    }

    internal static double Number(JsonObject data, params string[] path)
    {
        var value = path.Aggregate((JsonNode?)data, (node, name) => node?[name]);
        return value?.GetValueKind() == System.Text.Json.JsonValueKind.Number ? value.GetValue<double>()
            : throw new UnsoundModelException($"a measurement has no {string.Join('.', path)}: {data.ToJsonString()}");
    }
}
