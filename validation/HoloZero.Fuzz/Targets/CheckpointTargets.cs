using System.Text;
using System.Text.Json.Nodes;
using HoloZero.Artifacts;
using HoloZero.Fuzz.Mutation;
using HoloZero.Models.Checkpoints;

namespace HoloZero.Fuzz.Targets;

/// <summary>The readers of checkpoints: the unpickler within a sound zip, the zip itself, safetensors.</summary>
internal static class CheckpointTargets
{
    // Checkpoint takes 64 MB and 16 times the file at most for tensors; each may be there as bytes, as numbers and in their order.
    private const long MostAllocated = 256 << 20;

    /// <param name="pickle">The bytes of a data.pkl.</param>
    /// <param name="storages">Records of the zip around it.</param>
    public static FuzzTarget Pickle(IReadOnlyList<byte[]> pickle, IReadOnlyList<(string Name, byte[] Bytes)> storages) => new()
    {
        Name = "pickle",
        Seeds = pickle,
        Mutate = PickleMutator.Mutate,
        MostAllocated = MostAllocated,
        Read = (folder, input, attempts) =>
        {
            var path = Path.Combine(folder, "made.pt");
            File.WriteAllBytes(path, ZipMutator.Write([("made/data.pkl", input), .. storages]));
            attempts.Try(() => ReadCheckpoint(path));
        },
    };

    /// <param name="seeds">Files that torch.save wrote.</param>
    public static FuzzTarget Zip(IReadOnlyList<byte[]> seeds) => new()
    {
        Name = "zip",
        Seeds = seeds,
        Mutate = ZipMutator.Mutate,
        MostAllocated = MostAllocated,
        Read = (folder, input, attempts) =>
        {
            var path = Path.Combine(folder, "made.pt");
            File.WriteAllBytes(path, input);
            attempts.Try(() => ReadCheckpoint(path));
        },
    };

    /// <param name="seeds">safetensors files.</param>
    public static FuzzTarget Safetensors(IReadOnlyList<byte[]> seeds) => new()
    {
        Name = "safetensors",
        Seeds = seeds,
        Mutate = SafetensorsMutator.Mutate,
        MostAllocated = MostAllocated,
        Read = (folder, input, attempts) =>
        {
            var path = Path.Combine(folder, "made.safetensors");
            File.WriteAllBytes(path, input);
            attempts.Try(() => ReadCheckpoint(path));
            attempts.Try(() =>
            {
                using var file = SafetensorsFile.Open(path);
                foreach (var entry in file.Entries)
                {
                    attempts.Try(() => file.ReadFloat64(entry.Name));
                    attempts.Try(() => file.ReadBytes(entry.Name));
                }
            });
        },
    };

    /// <summary>Of a safetensors file the tensors within its first <paramref name="mostBytes"/> of data, and its metadata.</summary>
    public static byte[] Beginning(byte[] file, int mostBytes)
    {
        var length = (int)BitConverter.ToInt64(file);
        var header = JsonNode.Parse(file.AsSpan(8, length))!.AsObject();
        var kept = new JsonObject();
        var end = 0;
        foreach (var (name, value) in header)
        {
            var last = name == "__metadata__" ? 0 : (int)value!["data_offsets"]![1]!;
            if (last > mostBytes) continue;
            end = Math.Max(end, last);
            kept[name] = value!.DeepClone();
        }
        return SafetensorsMutator.Join(Encoding.UTF8.GetBytes(kept.ToJsonString()), file.AsSpan(8 + length, end));
    }

    private static void ReadCheckpoint(string path)
    {
        using var checkpoint = Checkpoint.Open(path);
        checkpoint.LoadWeights(checkpoint.Tensors.ToDictionary(tensor => tensor.Name,
            tensor => tensor.Shape.Select(length => (int)Math.Min(length, int.MaxValue)).ToArray()));
    }
}
