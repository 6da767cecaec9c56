using System.Text.Json.Nodes;
using HoloZero.Artifacts;

namespace HoloZero.Benchmarks;

/// <summary>One process's measurement.</summary>
/// <param name="Threads">Threads that it was given.</param>
/// <param name="Milliseconds">Median time of a byte or token.</param>
/// <param name="Data">All that it printed.</param>
internal sealed record Timing(int Threads, double Milliseconds, JsonObject Data);

/// <summary>A variant and its peer, measured one right after the other, each at the number of threads that suits it best.</summary>
internal sealed record Pair(Timing? Peer, Timing Ours);

/// <summary>All that was measured of a variant.</summary>
/// <param name="Variant">Its name.</param>
/// <param name="Precision">Of its weights.</param>
/// <param name="Peer">The peer's file, without extension; null where it has none.</param>
/// <param name="Pairs">Latency, one a round.</param>
/// <param name="Whole">Everything that `holozero bench` measures.</param>
internal sealed record Row(string Variant, string Precision, string? Peer, IReadOnlyList<Pair> Pairs, JsonObject Whole);

/// <summary>Measures variants and peers by turns, a fresh process each, so that a machine that slows down slows both.</summary>
internal sealed class Contest
{
    public required ArtifactFolder Model { get; init; }
    public required string Program { get; init; }
    public required string? Peers { get; init; }
    public required string? Harness { get; init; }
    public required string Node { get; init; }
    public required int Rounds { get; init; }
    public required int Bytes { get; init; }
    public required int[] Threads { get; init; }
    public required string[] Launch { get; init; }

    public IReadOnlyList<Row> Run(IProgress<string> progress, CancellationToken cancellation)
    {
        if (Peers is null != Harness is null) throw new BadInputException("--peers", "it goes with --harness", "give both or neither");
        var variants = Model.Manifest.Variants;
        var pairs = variants.ToDictionary(variant => variant.Name, _ => new List<Pair>());
        for (var round = 1; round <= Rounds; round++)
        {
            foreach (var variant in variants)
            {
                progress.Report($"round {round} of {Rounds}, {variant.Name}");
                pairs[variant.Name].Add(Measure(variant, cancellation));
            }
        }

        return [.. variants.Select(variant =>
        {
            progress.Report($"all of {variant.Name}");
            return new Row(variant.Name, variant.Precision, PeerOf(variant), pairs[variant.Name], Whole(variant, cancellation));
        })];
    }

    private Pair Measure(ArtifactManifest.VariantInfo variant, CancellationToken cancellation)
    {
        var (peers, ours) = (new List<Timing>(), new List<Timing>());
        foreach (var threads in Threads)
        {
            if (PeerOf(variant) is { } peer)
            {
                var data = Process([Node, Harness!, $"{threads}", Path.Combine(Peers!, $"{peer}.gguf"), $"{Bytes}", "2"], cancellation);
                peers.Add(new(threads, Number(data, "median_milliseconds"), data));
            }

            var own = Process([.. Bench(variant), "--threads", $"{threads}", "--rounds", "2", "--latency-only"], cancellation);
            ours.Add(new(threads, Number(own, "measured", "latency", "median_milliseconds"), own));
        }

        return new(peers.MinBy(timing => timing.Milliseconds), ours.MinBy(timing => timing.Milliseconds)!);
    }

    private JsonObject Whole(ArtifactManifest.VariantInfo variant, CancellationToken cancellation) =>
        Process([.. Bench(variant), "--threads", $"{Threads.Max()}", "--rounds", "3"], cancellation);

    private string[] Bench(ArtifactManifest.VariantInfo variant) =>
        [Program, "bench", "--model", Model.Path, "--variant", variant.Name, "--bytes", $"{Bytes}", "--json"];

    private string? PeerOf(ArtifactManifest.VariantInfo variant) => Peers is null ? null : variant.Precision switch
    {
        "float32" => "f32",
        "int8" => "q8",
        "int4" => "q4",
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
