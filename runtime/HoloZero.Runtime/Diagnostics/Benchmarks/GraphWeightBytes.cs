using System.Text;
using HoloZero.Artifacts;

namespace HoloZero.Runtime;

/// <summary>
/// Counts the bytes of weights that a graph reads in a step, from the file alone: of ONNX's protocol buffers it understands only what
/// that takes, and skips the weights themselves.
/// </summary>
internal static class GraphWeightBytes
{
    // Field numbers of onnx.proto.
    private const int ModelGraph = 7, GraphNode = 1, GraphInitializer = 5, NodeInput = 1, NodeOperator = 4, TensorDims = 1,
        TensorDataType = 2, TensorName = 8;

    /// <summary>Bytes of all initializers but those that only Gather reads, row by row.</summary>
    /// <exception cref="BadInputException">The file cannot be read or is no ONNX graph.</exception>
    public static long Of(string path)
    {
        using var stream = InputFile.OpenRead(path);
        using var reader = new BinaryReader(stream, Encoding.UTF8);
        var graph = new Graph([], [], []);
        try
        {
            Fields(reader, stream.Length, (field, end) =>
            {
                if (field == ModelGraph) Fields(reader, end, (inner, innerEnd) => ReadGraphField(reader, inner, innerEnd, graph));
            });
        }
        catch (Exception e) when (e is IOException or FormatException or OverflowException or ArgumentException)
        {
            throw new BadInputException(path, $"it is no sound ONNX graph ({e.Message})", "export the model again", e);
        }

        var bytes = graph.Sizes.Where(size => !graph.Gathered.Contains(size.Key) || graph.Computed.Contains(size.Key))
            .Sum(size => size.Value);
        return bytes > 0 ? bytes : throw new BadInputException(path, "it holds no weights", "export the model again");
    }

    private static void ReadGraphField(BinaryReader reader, int field, long end, Graph graph)
    {
        if (field == GraphInitializer)
        {
            var (name, count, type) = ("", 1L, 0);
            Fields(reader, end, (inner, innerEnd) =>
            {
                if (inner == TensorName) name = Text(reader, innerEnd);
                if (inner == TensorDataType) type = (int)Varint(reader);
                // Packed or one by one, as the writer pleased.
                if (inner == TensorDims) do count = checked(count * (long)Varint(reader)); while (reader.BaseStream.Position < innerEnd);
            });
            graph.Sizes[name] = checked((count * BitsOf(type) + 7) / 8);
        }
        else if (field == GraphNode)
        {
            var (inputs, operation) = (new List<string>(), "");
            Fields(reader, end, (inner, innerEnd) =>
            {
                if (inner == NodeInput) inputs.Add(Text(reader, innerEnd));
                if (inner == NodeOperator) operation = Text(reader, innerEnd);
            });
            for (var i = 0; i < inputs.Count; i++) (operation == "Gather" && i == 0 ? graph.Gathered : graph.Computed).Add(inputs[i]);
        }
    }

    /// <summary>Calls <paramref name="visit"/> at each field with its number and end; what it leaves unread is skipped.</summary>
    private static void Fields(BinaryReader reader, long end, Action<int, long> visit)
    {
        var stream = reader.BaseStream;
        while (stream.Position < end)
        {
            var tag = Varint(reader);
            var start = stream.Position;
            var next = (tag & 7) switch
            {
                0 => AfterVarint(reader),
                1 => start + 8,
                2 => checked((long)Varint(reader) + stream.Position),
                5 => start + 4,
                var wire => throw new FormatException($"a field has the wire type {wire}"),
            };
            if (next > end) throw new EndOfStreamException();
            if ((tag & 7) == 0) stream.Position = start;
            visit(checked((int)(tag >> 3)), next);
            stream.Position = next;
        }
    }

    private static long AfterVarint(BinaryReader reader)
    {
        _ = Varint(reader);
        return reader.BaseStream.Position;
    }

    private static ulong Varint(BinaryReader reader) => unchecked((ulong)reader.Read7BitEncodedInt64());

    private static string Text(BinaryReader reader, long end) =>
        Encoding.UTF8.GetString(reader.ReadBytes(checked((int)(end - reader.BaseStream.Position))));

    /// <summary>Bits of an element by the number of its type in onnx.proto.</summary>
    private static int BitsOf(int type) => type switch
    {
        21 or 22 => 4,                       // uint4, int4
        2 or 3 or 9 => 8,                    // uint8, int8, bool
        4 or 5 or 10 or 16 => 16,            // uint16, int16, float16, bfloat16
        1 or 6 or 12 => 32,                  // float, int32, uint32
        7 or 11 or 13 => 64,                 // int64, double, uint64
        _ => throw new FormatException($"a tensor has the unknown type {type}"),
    };

    private sealed record Graph(Dictionary<string, long> Sizes, HashSet<string> Gathered, HashSet<string> Computed);
}
