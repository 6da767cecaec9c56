using System.IO.Compression;
using HoloZero.Artifacts;
using HoloZero.Models.Checkpoints;
using HoloZero.Testing;

namespace HoloZero.Models.Tests.Checkpoints;

/// <summary>A checkpoint file that a test makes; it vanishes with the test.</summary>
internal sealed class CheckpointFile : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("holozero-checkpoint-").FullName;

    public CheckpointFile() => Path = System.IO.Path.Combine(_folder, "made.pt");

    public CheckpointFile(byte[] content)
        : this() => File.WriteAllBytes(Path, content);

    public CheckpointFile(byte[] pickle, params (string Key, byte[] Bytes)[] storages)
        : this(Zip([("made/data.pkl", pickle), .. storages.Select(s => ($"made/data/{s.Key}", s.Bytes))]))
    {
    }

    public string Path { get; }

    public static byte[] Zip((string Name, byte[] Bytes)[] records, CompressionLevel level = CompressionLevel.NoCompression)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in records)
            {
                using var record = zip.CreateEntry(name, level).Open();
                record.Write(content);
            }
        }
        return bytes.ToArray();
    }

    /// <summary>What PyTorch wrote with <c>Data/make-training-state.py</c>.</summary>
    public static string TrainingState(int pickleProtocol) => System.IO.Path.Combine(Repository.Root, "validation", "HoloZero.Models.Tests",
        "Checkpoints", "Data", $"training-state-{pickleProtocol}.pt");

    public static byte[] Floats(params float[] values) => [.. values.SelectMany(BitConverter.GetBytes)];

    public IReadOnlyDictionary<string, WeightTensor> Load(params (string Name, int[] Shape)[] expected)
    {
        using var checkpoint = Checkpoint.Open(Path);
        return checkpoint.LoadWeights(expected.ToDictionary(e => e.Name, e => e.Shape));
    }

    public string Refusal(params (string Name, int[] Shape)[] expected)
    {
        var message = Assert.Throws<BadInputException>(() => Load(expected)).Message;
        Assert.StartsWith($"{Path}: ", message);
        Assert.DoesNotContain('\n', message);
        return message;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
