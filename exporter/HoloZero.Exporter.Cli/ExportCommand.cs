using System.CommandLine;
using System.Globalization;
using HoloZero.Artifacts;
using HoloZero.CommandLine;
using HoloZero.Models;
using HoloZero.Models.Checkpoints;
using HoloZero.Runtime;

namespace HoloZero.Exporter.Cli;

/// <summary>
/// <c>holozero-export --checkpoint F --output DIR</c>, or <c>--random CONFIG</c> in its place, with <c>inspect</c> below it.
/// </summary>
internal static class ExportCommand
{
    /// <summary>More held-out text tells nothing more and takes minutes.</summary>
    private const int MostTextBytes = 1 << 20;

    public static RootCommand Create()
    {
        var checkpoint = new Option<string?>("--checkpoint") { Description = "PyTorch (.pt) or safetensors checkpoint" };
        var sha256 = new Option<string?>("--sha256")
        {
            Description = "refuse a checkpoint of another SHA-256; safetensors has no checksum of its own",
            HelpName = "hex",
        };
        var random = new Option<string?>("--random")
        {
            Description = $"random weights instead: {string.Join(", ", ConfigurationFile.Known.Keys)}, or a JSON file with dim, "
                + "dec_layers, heads, K, door",
            HelpName = "config",
        };
        var seed = Values.Whole<ulong>("--seed", "the same seed gives the same random weights [0]");
        var output = new Option<string>("--output") { Description = "folder to write: new, empty, or an older export", Required = true };
        var variants = new Option<string[]>("--variant")
        {
            Description = $"graph, repeatable, the first is the default; \"all\" is every one [{new ExportOptions().Variants[0]}]",
        };
        var heldOut = new Option<string?>("--held-out")
        {
            Description = "text that the network never saw: variants that round weights are exported only if they predict it "
                + "nearly as well as fp32",
        };
        var calibration = new Option<string?>("--calibration")
        {
            Description = "text like that which the network will meet: int8 takes its fixed scales from it [text that the network writes]",
        };
        var int8Cache = new Option<bool>("--int8-cache")
        {
            Description = "int8 and int4 keep keys and values in 8 bits: a quarter of their memory, slower prompts",
        };
        var acceptAny = new Option<bool>("--accept-any-quality") { Description = "export them whatever that costs, measured or not" };
        var streamBytes = Values.Whole<int>("--window-stream-bytes",
            "stream bytes that a generation keeps unless told otherwise: what the model was trained with [256]");
        var prefixSlots = Values.Whole<int>("--window-prefix-slots", "prefix slots likewise [64]");
        var keptBytes = Values.Whole<int>("--window-kept-bytes", "stream bytes that stay when it is re-packed, likewise");

        var draftRows = Values.Whole<int>("--draft-rows",
            "add to fp32 and int8 a graph that computes so many bytes at once, to check guesses: 2 to 32, 4 is good [none]");
        var draftFrom = new Option<string?>("--draft-from") { Description = "text like that which will be generated, to guess by" };

        var root = new RootCommand("Exports a HoLo_ZeRo checkpoint to an ONNX artifact: graph, manifest and self-check.")
        {
            checkpoint, sha256, random, seed, output, variants, heldOut, calibration, int8Cache, acceptAny, streamBytes, prefixSlots,
            keptBytes, draftRows, draftFrom, InspectCommand.Create(), ProbeCommand.Create(), TrainCommand.Create(), AblateCommand.Create(),
            FilmsCommand.Create(),
        };
        var reading = new ReadingArguments(root);
        var engine = new EngineArguments(root, "what computes the self-check, in float64; the reference has to agree");
        root.SetAction((parsed, cancellation) =>
        {
            var options = new ExportOptions
            {
                Reading = reading.Told(parsed),
                Window = Window(parsed.GetValue(streamBytes), parsed.GetValue(prefixSlots), parsed.GetValue(keptBytes)),
                Int8Cache = parsed.GetValue(int8Cache),
                CheckedRows = parsed.GetValue(draftRows) ?? 0,
                DraftText = Text(parsed.GetValue(draftFrom), cancellation),
                Check = new RuntimeArtifactCheck(),
                Calibration = new() { Meter = Engines.Activations(), Text = Text(parsed.GetValue(calibration), cancellation) },
                Quality = new()
                {
                    Meter = new RuntimeQualityMeter(),
                    HeldOutText = Text(parsed.GetValue(heldOut), cancellation),
                    AcceptAny = parsed.GetValue(acceptAny),
                },
            };
            if (parsed.GetValue(variants) is { Length: > 0 } names)
                options = options with { Variants = names is ["all"] ? ExportOptions.AllVariants : names };
            var source = Source(parsed.GetValue(checkpoint), parsed.GetValue(sha256), parsed.GetValue(random), parsed.GetValue(seed));
            var chosen = engine.ForSelfCheck(parsed);
            using (source as IDisposable) Export(source, parsed.GetRequiredValue(output), options, chosen, cancellation);
            return Task.FromResult(ExitCode.Done);
        });
        return root;
    }

    private static ArtifactManifest.WindowInfo? Window(int? streamBytes, int? prefixSlots, int? keptBytes)
    {
        var usual = new ContextWindowOptions();
        return (streamBytes, prefixSlots, keptBytes) is (null, null, null) ? null
            : new(streamBytes ?? usual.StreamBytes, prefixSlots ?? usual.MaxPrefixSlots, keptBytes);
    }

    private static ReadOnlyMemory<byte>? Text(string? file, CancellationToken cancellation) =>
        file is null ? default(ReadOnlyMemory<byte>?) : InputBytes.Read(file, cancellation, MostTextBytes);

    private static IWeightSource Source(string? checkpoint, string? sha256, string? random, ulong? seed) =>
        (checkpoint, random, seed) switch
        {
            ({ } path, null, null) => Checkpoint.Open(path, sha256),
            (null, { }, _) when sha256 is not null =>
                throw new BadInputException("sha256", "random weights have none to tell", "leave it out"),
            (null, { } config, _) => RandomWeights.Open(config, seed ?? 0),
            (null, null, _) => throw new BadInputException("checkpoint", "there is none", "give --checkpoint F or --random CONFIG"),
            (_, null, _) => throw new BadInputException("seed", "a checkpoint takes none", "leave it out or give --random CONFIG"),
            _ => throw new BadInputException("random", "it contradicts --checkpoint", "give one of them"),
        };

    private static void Export(IWeightSource source, string folder, ExportOptions options, ChosenEngine chosen,
        CancellationToken cancellation)
    {
        TellNotes(source as Checkpoint);
        using var progress = new TerminalProgress();
        var manifest = ArtifactExporter.Export(source, folder, options, chosen.Engine, progress, cancellation);
        progress.Dispose();
        foreach (var variant in manifest.Variants)
        {
            foreach (var (name, file) in manifest.Files.Where(file => file.Key.StartsWith(variant.File, StringComparison.Ordinal)))
                Console.WriteLine($"{Path.Combine(folder, name)}  {file.Bytes:N0} bytes  sha256 {file.Sha256}");
            if (variant.Quality is { } quality)
            {
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {quality.BitsPerByte:f5} bits/byte over "
                    + $"{quality.Bytes:N0} held-out bytes, {quality.Loss:p2} more than fp32's {quality.BaselineBitsPerByte:f5}"));
            }
        }

        Console.WriteLine($"self-check: {Agreement(chosen)}");
    }

    /// <summary>What a checkpoint's configuration says that nothing here reads.</summary>
    internal static void TellNotes(Checkpoint? checkpoint)
    {
        foreach (var note in checkpoint?.Notes ?? []) Console.Error.WriteLine($"note: {Untrusted.OneLine(note)}");
    }

    private static string Agreement(ChosenEngine chosen) => chosen.Engine is ConfirmedEngine confirmed
        ? string.Create(CultureInfo.InvariantCulture,
            $"{string.Join(" and ", confirmed.Agreeing)} agree within {confirmed.Distance:0.0e+0} of the largest logit")
        : $"{chosen.Engine.Name} alone{(chosen.Missing is { } missing ? $" ({missing})" : "")}";
}
