using System.Text;
using HoloZero.Fuzz.Mutation;

namespace HoloZero.Fuzz.Targets;

/// <summary>Every reader under attack, with seeds that others' programs wrote.</summary>
public static class AllTargets
{
    /// <summary>Puts them together.</summary>
    /// <param name="validation">The folder <c>validation</c> of a checkout, with goldens, PyTorch's training states and the corpus.</param>
    public static IReadOnlyList<FuzzTarget> Create(string validation)
    {
        var golden = Path.Combine(validation, "golden");
        var states = new[] { 2, 4, 5 }.Select(protocol => File.ReadAllBytes(Path.Combine(validation, "HoloZero.Models.Tests",
            "Checkpoints", "Data", $"training-state-{protocol}.pt"))).ToList();
        var storages = ZipMutator.Read(states[0])!.Where(record => record.Name.Contains("/data/", StringComparison.Ordinal))
            .Select(record => ($"made/data/{Path.GetFileName(record.Name)}", record.Bytes)).ToList();
        var manifest = File.ReadAllBytes(Path.Combine(validation, "HoloZero.Fuzz", "corpus", "manifest", "tiny.json"));
        string[] checkpoints = ["tiny.pt", "tiny-fp16.pt", "tiny-prefixed.pt", "tiny-torch2.pt", "bad/runs-code.pt", "bad/no-config.pt"];
        return
        [
            CheckpointTargets.Pickle([.. states.Concat(checkpoints.Select(name => File.ReadAllBytes(Path.Combine(golden, name))))
                .Select(Pickle)], storages),
            CheckpointTargets.Zip([.. states, File.ReadAllBytes(Path.Combine(golden, "bad", "text.pt")),
                File.ReadAllBytes(Path.Combine(golden, "bad", "legacy-format.pt"))[..64]]),
            CheckpointTargets.Safetensors([CheckpointTargets.Beginning(File.ReadAllBytes(Path.Combine(golden, "tiny.safetensors")), 1024),
                File.ReadAllBytes(Path.Combine(golden, "bad", "huge-header.safetensors"))]),
            JsonTargets.Manifest([manifest]),
            GraphTargets.DataFiles(manifest),
            JsonTargets.Configuration([Encoding.UTF8.GetBytes("""{"dim": 64, "dec_layers": 2, "heads": 4, "K": 2, "door": "zero"}""")]),
        ];
    }

    /// <summary>The inputs that are kept for a target, in the order of their names.</summary>
    public static IReadOnlyList<byte[]> Corpus(string validation, string target)
    {
        var folder = Path.Combine(validation, "HoloZero.Fuzz", "corpus", target);
        return Directory.Exists(folder)
            ? [.. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)]
            : [];
    }

    private static byte[] Pickle(byte[] checkpoint) => Records(checkpoint).First();

    private static IEnumerable<byte[]> Records(byte[] checkpoint)
    {
        using var zip = new System.IO.Compression.ZipArchive(new MemoryStream(checkpoint));
        foreach (var entry in zip.Entries.Where(entry => entry.Name == "data.pkl"))
        {
            using var bytes = new MemoryStream();
            using var record = entry.Open();
            record.CopyTo(bytes);
            yield return bytes.ToArray();
        }
    }
}
