using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using HoloZero.Artifacts;

namespace HoloZero.Models.Checkpoints;

/// <summary>
/// Writes checkpoints that this library and PyTorch read. The same weights give the same bytes. Stateless and thread-safe.
/// </summary>
public static class CheckpointWriter
{
    private const string Archive = "archive";
    private const int ChunkElements = 1 << 15;

    // The earliest date that a zip can hold.
    private static readonly DateTimeOffset Undated = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>
    /// Writes what <c>torch.save({"model": state_dict, "cfg": {...}}, path)</c> writes: a zip with a pickle of protocol 2 and a record of
    /// float32 for each tensor. The file appears whole or not at all.
    /// </summary>
    /// <param name="path">The file; one of that name is replaced.</param>
    /// <param name="config">The hyper-parameters, and the reading, which is read back.</param>
    /// <param name="weights">Every parameter by name.</param>
    /// <exception cref="BadInputException">The path is no place for a file, or its folder is missing or not writable.</exception>
    /// <exception cref="MissingCapabilityException">The disk is full or fails.</exception>
    public static void WritePyTorch(string path, AsymDecConfig config, IReadOnlyDictionary<string, WeightTensor> weights)
    {
        var tensors = Sorted(weights);
        OutputFile.Write(path, stream =>
        {
            using var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
            Record(zip, "data.pkl", entry => entry.Write(StateDictPickle.Write(config, tensors)));
            for (var i = 0; i < tensors.Length; i++)
            {
                var data = tensors[i].Data;
                Record(zip, string.Create(CultureInfo.InvariantCulture, $"data/{i}"), entry => WriteElements(entry, data));
            }

            Record(zip, "version", entry => entry.Write("3\n"u8));
        });
    }

    /// <summary>Writes safetensors, float32, with the configuration as metadata. The file appears whole or not at all.</summary>
    /// <param name="path">The file; one of that name is replaced.</param>
    /// <param name="config">The hyper-parameters, and the reading, which is read back.</param>
    /// <param name="weights">Every parameter by name.</param>
    /// <exception cref="BadInputException">The path is no place for a file, or its folder is missing or not writable.</exception>
    /// <exception cref="MissingCapabilityException">The disk is full or fails.</exception>
    public static void WriteSafetensors(string path, AsymDecConfig config, IReadOnlyDictionary<string, WeightTensor> weights)
    {
        var writer = new SafetensorsWriter(StateDictPickle.Configuration(config).ToDictionary(
            entry => entry.Key, entry => Convert.ToString(entry.Value, CultureInfo.InvariantCulture)!));
        foreach (var weight in Sorted(weights)) writer.Add(weight.Name, [.. weight.Shape.Select(length => (long)length)], weight.Data);
        writer.Write(path);
    }

    private static WeightTensor[] Sorted(IReadOnlyDictionary<string, WeightTensor> weights) =>
        [.. weights.Values.OrderBy(weight => weight.Name, StringComparer.Ordinal)];

    private static void Record(ZipArchive zip, string name, Action<Stream> write)
    {
        // Stored, not compressed: PyTorch maps records as they lie in the file.
        var entry = zip.CreateEntry($"{Archive}/{name}", CompressionLevel.NoCompression);
        entry.LastWriteTime = Undated;
        using var stream = entry.Open();
        write(stream);
    }

    private static void WriteElements(Stream stream, float[] data)
    {
        var chunk = new byte[Math.Min(data.Length, ChunkElements) * sizeof(float)];
        for (var done = 0; done < data.Length; done += ChunkElements)
        {
            var part = data.AsSpan(done, Math.Min(ChunkElements, data.Length - done));
            for (var i = 0; i < part.Length; i++) BinaryPrimitives.WriteSingleLittleEndian(chunk.AsSpan(i * sizeof(float)), part[i]);
            stream.Write(chunk, 0, part.Length * sizeof(float));
        }
    }
}
