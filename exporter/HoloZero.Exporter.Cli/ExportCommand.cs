using System.CommandLine;
using HoloZero.CommandLine;
using HoloZero.Models;
using HoloZero.Models.Checkpoints;

namespace HoloZero.Exporter.Cli;

/// <summary><c>holozero-export --checkpoint F --output DIR</c>, with <c>inspect</c> below it.</summary>
internal static class ExportCommand
{
    public static RootCommand Create()
    {
        var checkpoint = new Option<string>("--checkpoint") { Description = "PyTorch (.pt) or safetensors checkpoint", Required = true };
        var output = new Option<string>("--output") { Description = "folder to write: new, empty, or an older export", Required = true };
        var variants =
            new Option<string[]>("--variant") { Description = "graph to export; may be repeated, the first is the default [portable]" };
        var attention = Values.Choice("--prefix-attention", "what a prefix position sees; no checkpoint tells", PrefixAttention.Causal);

        var root = new RootCommand("Exports a HoLo_ZeRo checkpoint to an ONNX artifact: graph, manifest and self-check.")
        {
            checkpoint, output, variants, attention, InspectCommand.Create(), ProbeCommand.Create(), TrainCommand.Create(),
        };
        var engine = new EngineArguments(root, "what computes the self-check; TorchSharp has to agree with the reference",
            EngineName.Reference);
        root.SetAction((parsed, cancellation) =>
        {
            var options = new ExportOptions { PrefixAttention = parsed.GetValue(attention) };
            if (parsed.GetValue(variants) is { Length: > 0 } names) options = options with { Variants = names };
            Export(parsed.GetRequiredValue(checkpoint), parsed.GetRequiredValue(output), options, engine.ForSelfCheck(parsed),
                cancellation);
            return Task.FromResult(ExitCode.Done);
        });
        return root;
    }

    private static void Export(string path, string folder, ExportOptions options, IReferenceEngine engine,
        CancellationToken cancellation)
    {
        using var progress = new TerminalProgress();
        using var checkpoint = Checkpoint.Open(path);
        var manifest = ArtifactExporter.Export(checkpoint, folder, options, engine, progress, cancellation);
        progress.Dispose();
        foreach (var variant in manifest.Variants)
        {
            var file = manifest.Files[variant.File];
            Console.WriteLine($"{Path.Combine(folder, variant.File)}  {file.Bytes:N0} bytes  sha256 {file.Sha256}");
        }
    }
}
