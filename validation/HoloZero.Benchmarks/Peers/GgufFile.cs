using System.Runtime.InteropServices;
using System.Text;

namespace HoloZero.Benchmarks.Peers;

/// <summary>Writes a llama for llama.cpp: GGUF, version 3, little-endian. Stateless and thread-safe.</summary>
internal static class GgufFile
{
    private const int Alignment = 32, Version = 3;

    private enum ValueType
    {
        UInt32 = 4,
        Int32 = 5,
        Float32 = 6,
        Text = 8,
        Array = 9,
    }

    private enum TensorType
    {
        Float32 = 0,
        Q4 = 2,
        Q8 = 8,
    }

    /// <param name="Dimensions">The fastest first, as GGUF counts them.</param>
    private sealed record Tensor(string Name, int[] Dimensions, TensorType Type, Func<byte[]> Bytes)
    {
        public long ByteCount => Dimensions.Aggregate(1L, (count, length) => count * length) * Type switch
        {
            TensorType.Q4 => 2 + WeightBlocks.Size / 2,
            TensorType.Q8 => 2 + WeightBlocks.Size,
            _ => WeightBlocks.Size * sizeof(float),
        } / WeightBlocks.Size;
    }

    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be written.</exception>
    public static void Write(PeerLlama llama, PeerPrecision precision, string path)
    {
        var tensors = Tensors(llama, precision).ToArray();
        var metadata = Metadata(llama).ToArray();
        using var writer = new BinaryWriter(File.Create(path), Encoding.UTF8);
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write((long)tensors.Length);
        writer.Write((long)metadata.Length);
        foreach (var (key, value) in metadata)
        {
            Text(writer, key);
            Value(writer, value);
        }

        var offset = 0L;
        foreach (var tensor in tensors)
        {
            Text(writer, tensor.Name);
            writer.Write(tensor.Dimensions.Length);
            foreach (var length in tensor.Dimensions) writer.Write((long)length);
            writer.Write((int)tensor.Type);
            writer.Write(offset);
            offset += tensor.ByteCount + Padding(tensor.ByteCount);
        }

        writer.Flush();
        writer.Write(new byte[Padding(writer.BaseStream.Position)]);
        foreach (var tensor in tensors)
        {
            writer.Write(tensor.Bytes());
            writer.Write(new byte[Padding(tensor.ByteCount)]);
        }
    }

    private static IEnumerable<(string Key, object Value)> Metadata(PeerLlama llama)
    {
        // Unknown and two of control, then bytes.
        string[] tokens = ["<unk>", "<s>", "</s>", .. Enumerable.Range(0, llama.Vocabulary - 3).Select(i => $"<0x{i:X2}>")];
        yield return ("general.architecture", "llama");
        yield return ("general.name", "random");
        yield return ("llama.context_length", (uint)llama.Context);
        yield return ("llama.embedding_length", (uint)llama.Width);
        yield return ("llama.block_count", (uint)llama.Layers);
        yield return ("llama.feed_forward_length", (uint)llama.Hidden);
        yield return ("llama.attention.head_count", (uint)llama.Heads);
        yield return ("llama.attention.head_count_kv", (uint)llama.Heads);
        yield return ("llama.rope.dimension_count", (uint)llama.HeadWidth);
        yield return ("llama.rope.freq_base", PeerLlama.RotaryBase);
        yield return ("llama.attention.layer_norm_rms_epsilon", PeerLlama.Epsilon);
        yield return ("llama.vocab_size", (uint)llama.Vocabulary);
        yield return ("tokenizer.ggml.model", "llama");
        yield return ("tokenizer.ggml.tokens", tokens);
        yield return ("tokenizer.ggml.scores", new float[tokens.Length]);
        yield return ("tokenizer.ggml.token_type", tokens.Select((_, i) => i switch { 0 => 2, 1 or 2 => 3, _ => 6 }).ToArray());
        yield return ("tokenizer.ggml.bos_token_id", 1u);
        yield return ("tokenizer.ggml.eos_token_id", 2u);
    }

    private static IEnumerable<Tensor> Tensors(PeerLlama llama, PeerPrecision precision)
    {
        yield return Matrix("token_embd", PeerMatrix.Embedding);
        yield return Norm("output_norm");
        yield return Matrix("output", PeerMatrix.Head);
        for (var layer = 0; layer < llama.Layers; layer++)
        {
            var block = $"blk.{layer}";
            yield return Norm($"{block}.attn_norm");
            yield return Matrix($"{block}.attn_q", PeerMatrix.Query, layer, llama.WithNeighboursTurned);
            yield return Matrix($"{block}.attn_k", PeerMatrix.Key, layer, llama.WithNeighboursTurned);
            yield return Matrix($"{block}.attn_v", PeerMatrix.Value, layer);
            yield return Matrix($"{block}.attn_output", PeerMatrix.Output, layer);
            yield return Norm($"{block}.ffn_norm");
            yield return Matrix($"{block}.ffn_gate", PeerMatrix.Gate, layer);
            yield return Matrix($"{block}.ffn_up", PeerMatrix.Up, layer);
            yield return Matrix($"{block}.ffn_down", PeerMatrix.Down, layer);
        }

        Tensor Matrix(string name, PeerMatrix matrix, int layer = 0, Func<float[], float[]>? turned = null)
        {
            var (rows, columns) = llama.Shape(matrix);
            return new($"{name}.weight", [columns, rows], Types[precision], () =>
            {
                var weights = llama.Weights(matrix, layer);
                return Bytes(turned?.Invoke(weights) ?? weights, precision);
            });
        }

        Tensor Norm(string name) => new($"{name}.weight", [llama.Width], TensorType.Float32,
            () => Bytes([.. Enumerable.Repeat(1f, llama.Width)], PeerPrecision.Float32));
    }

    private static readonly Dictionary<PeerPrecision, TensorType> Types = new()
    {
        [PeerPrecision.Float32] = TensorType.Float32,
        [PeerPrecision.Int8] = TensorType.Q8,
        [PeerPrecision.Int4] = TensorType.Q4,
    };

    private static byte[] Bytes(float[] weights, PeerPrecision precision) => precision switch
    {
        PeerPrecision.Int8 => WeightBlocks.Q8(weights),
        PeerPrecision.Int4 => WeightBlocks.Q4(weights),
        _ => MemoryMarshal.AsBytes<float>(weights).ToArray(),
    };

    private static void Value(BinaryWriter writer, object value)
    {
        writer.Write((int)TypeOf(value));
        if (value is Array array)
        {
            writer.Write((int)TypeOf(array.GetValue(0)!));
            writer.Write((long)array.Length);
            foreach (var element in array) Plain(writer, element);
        }
        else
        {
            Plain(writer, value);
        }
    }

    private static ValueType TypeOf(object value) => value switch
    {
        uint => ValueType.UInt32,
        int => ValueType.Int32,
        float => ValueType.Float32,
        string => ValueType.Text,
        Array => ValueType.Array,
        _ => throw new ArgumentOutOfRangeException(nameof(value), value, "GGUF has it, this writer has not"),
    };

    private static void Plain(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case uint number: writer.Write(number); break;
            case int number: writer.Write(number); break;
            case float number: writer.Write(number); break;
            default: Text(writer, (string)value); break;
        }
    }

    private static void Text(BinaryWriter writer, string text)
    {
        writer.Write((long)Encoding.UTF8.GetByteCount(text));
        writer.Write(Encoding.UTF8.GetBytes(text));
    }

    private static int Padding(long position) => (int)((Alignment - position % Alignment) % Alignment);
}
