using System.Text.Json.Nodes;
using HoloZero.Artifacts;
using HoloZero.Fuzz.Mutation;

namespace HoloZero.Fuzz.Targets;

/// <summary>The reader of a graph's file names: an artifact whose graph is the input.</summary>
internal static class GraphTargets
{
    private const string Graph = "model.fp32.onnx", Data = Graph + ".data", Golden = "golden.safetensors";
    private const long MostAllocated = 16 << 20;

    private static readonly ByteMutator Bytes = new([[.. "location"u8], [.. "/dev/zero"u8], [0x3A], [0x2A], [0x6A], [0x0A], [0xFF, 0x7F]]);

    /// <param name="manifest">A sound manifest of one variant.</param>
    public static FuzzTarget DataFiles(byte[] manifest) => new()
    {
        Name = "graph",
        Seeds = [Sound()],
        Mutate = Bytes.Mutate,
        MostAllocated = MostAllocated,
        Read = (folder, input, attempts) =>
        {
            File.WriteAllBytes(Path.Combine(folder, Graph), input);
            File.WriteAllBytes(Path.Combine(folder, Data), []);
            File.WriteAllBytes(Path.Combine(folder, Golden), []);
            var json = JsonNode.Parse(manifest)!.AsObject();
            json["files"] = new JsonObject
            {
                [Graph] = Entry(input.Length, FileHash.Sha256(Path.Combine(folder, Graph))),
                [Data] = Entry(0, ""),
                [Golden] = Entry(0, ""),
            };
            File.WriteAllText(Path.Combine(folder, ArtifactManifest.FileName), json.ToJsonString());
            attempts.Try(() => ArtifactFolder.Open(folder, verifyHashes: false));
        },
    };

    private static JsonObject Entry(long bytes, string sha256) => new() { ["bytes"] = bytes, ["sha256"] = sha256 };

    /// <summary>Names its data in each of the ways that there are.</summary>
    private static byte[] Sound()
    {
        byte[] tensor = [8, 4, .. Field(9, [1, 2, 3, 4]), .. Field(13, [.. Field(1, "location"u8), .. Field(2, "model.fp32.onnx.data"u8)]),
            .. Field(13, [.. Field(1, "offset"u8), .. Field(2, "0"u8)])];
        byte[] node = [.. Field(4, "Constant"u8), .. Field(5, [.. Field(5, tensor), 0x15, 0, 0, 0, 0])];
        byte[] inner = Field(1, Field(5, Field(6, Field(1, node))));
        byte[] graph = [.. Field(1, node), .. inner, .. Field(5, tensor), .. Field(15, [.. Field(1, tensor), .. Field(2, tensor)])];
        byte[] training = [.. Field(1, Field(5, tensor)), .. Field(2, Field(5, tensor))];
        return [8, 8, .. Field(2, "fuzz"u8), .. Field(7, graph), .. Field(20, training), .. Field(25, Field(7, node))];
    }

    /// <summary>A field of the wire format whose content has a length.</summary>
    private static byte[] Field(int number, ReadOnlySpan<byte> content) =>
        [.. Varint(number << 3 | 2), .. Varint(content.Length), .. content];

    private static byte[] Varint(int value) => value < 128 ? [(byte)value] : [(byte)(value & 127 | 128), (byte)(value >> 7)];
}
