using System.Text;
using HoloZero.Benchmarks.Peers;
using HoloZero.Testing;

namespace HoloZero.Benchmarks.Tests.Peers;

public class GgufFileTests
{
    [Theory]
    [InlineData("Float32", 32 * 4)]
    [InlineData("Int8", 34)]
    [InlineData("Int4", 18)]
    public void The_file_is_what_its_head_says(string precision, int bytesOfABlock)
    {
        var llama = TestLlama.Small;
        using var temporary = new TemporaryFolder();
        GgufFile.Write(llama, Enum.Parse<PeerPrecision>(precision), temporary["x.gguf"]);
        var (metadata, tensors, start, length) = Read(temporary["x.gguf"]);

        Assert.Equal("llama", metadata["general.architecture"]);
        Assert.Equal((uint)llama.Width, metadata["llama.embedding_length"]);
        Assert.Equal((uint)llama.Layers, metadata["llama.block_count"]);
        Assert.Equal(llama.Vocabulary, ((Array)metadata["tokenizer.ggml.tokens"]).Length);
        Assert.Equal(3 + 9 * llama.Layers, tensors.Count);
        Assert.Equal(llama.Parameters, tensors.Sum(tensor => tensor.Elements));

        var end = 0L;
        foreach (var tensor in tensors)
        {
            Assert.Equal((end + 31) / 32 * 32, tensor.Offset);
            end = tensor.Offset + (tensor.IsMatrix ? tensor.Elements / 32 * bytesOfABlock : tensor.Elements * 4);
        }

        Assert.Equal((end + 31) / 32 * 32, length - start);
    }

    [Fact]
    public void A_matrix_lies_where_the_head_says()
    {
        var llama = TestLlama.Small;
        using var temporary = new TemporaryFolder();
        GgufFile.Write(llama, PeerPrecision.Float32, temporary["x.gguf"]);
        var (_, tensors, start, _) = Read(temporary["x.gguf"]);
        var down = Assert.Single(tensors, tensor => tensor.Name == "blk.1.ffn_down.weight");
        Assert.Equal([llama.Hidden, llama.Width], down.Dimensions);
        var bytes = File.ReadAllBytes(temporary["x.gguf"]).AsSpan((int)(start + down.Offset), llama.Hidden * llama.Width * 4);
        Assert.Equal(llama.Weights(PeerMatrix.Down, 1), System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(bytes).ToArray());
    }

    private sealed record Entry(string Name, int[] Dimensions, long Offset)
    {
        public bool IsMatrix => Dimensions.Length > 1;
        public long Elements => Dimensions.Aggregate(1L, (count, length) => count * length);
    }

    private static (Dictionary<string, object> Metadata, List<Entry> Tensors, long Start, long Length) Read(string path)
    {
        using var reader = new BinaryReader(File.OpenRead(path));
        Assert.Equal(("GGUF", 3), (Encoding.ASCII.GetString(reader.ReadBytes(4)), reader.ReadInt32()));
        var (tensors, entries) = (reader.ReadInt64(), reader.ReadInt64());
        var metadata = new Dictionary<string, object>();
        for (var i = 0; i < entries; i++) metadata.Add(Text(), Value(reader.ReadInt32()));
        var list = new List<Entry>();
        for (var i = 0; i < tensors; i++)
        {
            var name = Text();
            int[] dimensions = [.. Enumerable.Range(0, reader.ReadInt32()).Select(_ => (int)reader.ReadInt64())];
            reader.ReadInt32();
            list.Add(new(name, dimensions, reader.ReadInt64()));
        }

        return (metadata, list, (reader.BaseStream.Position + 31) / 32 * 32, reader.BaseStream.Length);

        string Text() => Encoding.UTF8.GetString(reader.ReadBytes((int)reader.ReadInt64()));

        object Value(int type) => type switch
        {
            4 => reader.ReadUInt32(),
            5 => reader.ReadInt32(),
            6 => reader.ReadSingle(),
            8 => Text(),
            9 => Elements(reader.ReadInt32(), reader.ReadInt64()),
            _ => throw new InvalidDataException($"type {type}"),
        };

        object[] Elements(int type, long count) => [.. Enumerable.Range(0, (int)count).Select(_ => Value(type))];
    }
}

internal static class TestLlama
{
    public static PeerLlama Small { get; } = new() { Width = 64, Layers = 2, Heads = 2, Hidden = 96, Context = 128 };
}
