using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using HoloZero.Onnx;
using static HoloZero.Onnx.TensorProto.Types;

namespace HoloZero.Benchmarks.Peers;

/// <summary>Writes a llama for ONNX Runtime GenAI: a graph and what its inputs mean. Stateless and thread-safe.</summary>
internal static class GenAiFolder
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private static readonly Dictionary<string, int> Opsets = new() { [""] = 17, [LlamaGraph.Microsoft] = 1 };

    /// <exception cref="IOException">A file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be written.</exception>
    public static void Write(PeerLlama llama, PeerPrecision precision, string folder)
    {
        Directory.CreateDirectory(folder);
        var graph = new LlamaGraph(llama, precision);
        OnnxFile.Write(graph.Graph, graph.Initializers, Path.Combine(folder, "model.onnx"), Opsets, ("holozero-benchmarks", "1"));
        File.WriteAllText(Path.Combine(folder, "genai_config.json"), Configuration(llama).ToJsonString(Indented) + "\n");
    }

    private static JsonObject Configuration(PeerLlama llama)
    {
        var end = llama.Vocabulary - 1;
        return new()
        {
            ["model"] = new JsonObject
            {
                ["type"] = "llama",
                ["bos_token_id"] = 0,
                ["eos_token_id"] = end,
                ["pad_token_id"] = end,
                ["context_length"] = llama.Context,
                ["vocab_size"] = llama.Vocabulary,
                ["decoder"] = new JsonObject
                {
                    ["session_options"] = new JsonObject { ["log_id"] = "genai", ["provider_options"] = new JsonArray() },
                    ["filename"] = "model.onnx",
                    ["head_size"] = llama.HeadWidth,
                    ["hidden_size"] = llama.Width,
                    ["num_attention_heads"] = llama.Heads,
                    ["num_key_value_heads"] = llama.Heads,
                    ["num_hidden_layers"] = llama.Layers,
                    ["inputs"] = new JsonObject
                    {
                        ["input_ids"] = "input_ids",
                        ["attention_mask"] = "attention_mask",
                        ["past_key_names"] = "past_key_values.%d.key",
                        ["past_value_names"] = "past_key_values.%d.value",
                    },
                    ["outputs"] = new JsonObject
                    {
                        ["logits"] = "logits",
                        ["present_key_names"] = "present.%d.key",
                        ["present_value_names"] = "present.%d.value",
                    },
                },
            },
            ["search"] = new JsonObject
            {
                ["do_sample"] = false,
                ["max_length"] = 512,
                ["min_length"] = 0,
                ["num_beams"] = 1,
                ["num_return_sequences"] = 1,
                ["past_present_share_buffer"] = true,
            },
        };
    }

    /// <summary>The graph that GenAI's own builder would make of it. B rows, T tokens, d width, f hidden, V vocabulary.</summary>
    private sealed class LlamaGraph
    {
        public const string Microsoft = "com.microsoft";

        private readonly PeerLlama _llama;
        private readonly PeerPrecision _precision;
        private readonly List<OnnxInitializer> _initializers = [];

        public LlamaGraph(PeerLlama llama, PeerPrecision precision)
        {
            (_llama, _precision) = (llama, precision);
            Graph.Input.Add(Port("input_ids", DataType.Int64, "B", "T"));
            Graph.Input.Add(Port("attention_mask", DataType.Int64, "B", "total"));
            Graph.Output.Add(Port("logits", DataType.Float, "B", "T", llama.Vocabulary));

            var embedding = Constant("embedding", () => llama.Weights(PeerMatrix.Embedding), llama.Vocabulary, llama.Width);
            var stream = Node("Gather", "stream", [embedding, "input_ids"]);                                              // [B, T, d]
            Lengths();
            Tables();
            var normed = Node("SimplifiedLayerNormalization", "normed", [stream, Ones("norm")], "",
                NodeAttribute.Of("epsilon", PeerLlama.Epsilon), NodeAttribute.Of("axis", -1));                            // [B, T, d]
            for (var layer = 0; layer < llama.Layers; layer++)
            {
                var block = $"block{layer}";
                var attended = Linear(Attention(normed, layer), $"{block}.output", llama.Width, llama.Width, [PeerMatrix.Output], layer);
                (stream, normed) = AddAndNorm(stream, attended, $"{block}.attention");                                    // [B, T, d]
                (stream, normed) = AddAndNorm(stream, FeedForward(normed, layer), block);                                 // [B, T, d]
            }

            Linear(normed, "logits", llama.Width, llama.Vocabulary, [PeerMatrix.Head], 0);                                // [B, T, V]
        }

        public GraphProto Graph { get; } = new() { Name = "llama" };

        public IReadOnlyList<OnnxInitializer> Initializers => _initializers;

        /// <summary>What GroupQueryAttention wants to know: the last position of each row, and the length with the past.</summary>
        private void Lengths()
        {
            var axis = Constant("axis", DataType.Int64, [1], () => Bytes<long>([1]));
            var one = Constant("one", DataType.Int64, [], () => Bytes<long>([1]));
            Node("ReduceSum", "mask_sums", ["attention_mask", axis], "", NodeAttribute.Of("keepdims", 0));                // [B]
            Node("Sub", "last_positions", ["mask_sums", one]);
            Node("Cast", "seqlens_k", ["last_positions"], "", NodeAttribute.Of("to", (long)DataType.Int32));
            Node("Shape", "mask_shape", ["attention_mask"]);
            Node("Gather", "total", ["mask_shape", one], "", NodeAttribute.Of("axis", 0));                                // []
            Node("Cast", "total_length", ["total"], "", NodeAttribute.Of("to", (long)DataType.Int32));
        }

        private void Tables()
        {
            var half = _llama.HeadWidth / 2;
            Constant("cos", () => Angles(Math.Cos), _llama.Context, half);
            Constant("sin", () => Angles(Math.Sin), _llama.Context, half);

            float[] Angles(Func<double, double> of) => [.. Enumerable.Range(0, _llama.Context * half)
                .Select(i => (float)of(i / half / Math.Pow(PeerLlama.RotaryBase, (double)(i % half) / half)))];
        }

        private string Attention(string normed, int layer)
        {
            var qkv = Linear(normed, $"block{layer}.qkv", _llama.Width, 3 * _llama.Width,
                [PeerMatrix.Query, PeerMatrix.Key, PeerMatrix.Value], layer);                                             // [B, T, 3d]
            string[] past = [$"past_key_values.{layer}.key", $"past_key_values.{layer}.value"];
            string[] present = [$"present.{layer}.key", $"present.{layer}.value"];
            Graph.Input.AddRange(past.Select(name => Port(name, DataType.Float, "B", _llama.Heads, "past", _llama.HeadWidth)));
            Graph.Output.AddRange(present.Select(name => Port(name, DataType.Float, "B", _llama.Heads, "total", _llama.HeadWidth)));
            Node("GroupQueryAttention", [$"block{layer}.attended", .. present],
                [qkv, "", "", .. past, "seqlens_k", "total_length", "cos", "sin"], Microsoft, NodeAttribute.Of("num_heads", _llama.Heads),
                NodeAttribute.Of("kv_num_heads", _llama.Heads), NodeAttribute.Of("do_rotary", 1));
            return $"block{layer}.attended";                                                                              // [B, T, d]
        }

        private string FeedForward(string normed, int layer)
        {
            var block = $"block{layer}";
            var gate = Linear(normed, $"{block}.gate", _llama.Width, _llama.Hidden, [PeerMatrix.Gate], layer);            // [B, T, f]
            var up = Linear(normed, $"{block}.up", _llama.Width, _llama.Hidden, [PeerMatrix.Up], layer);                  // [B, T, f]
            var open = Node("Mul", $"{block}.silu", [gate, Node("Sigmoid", $"{block}.sigmoid", [gate])]);
            var hidden = Node("Mul", $"{block}.hidden", [open, up]);
            return Linear(hidden, $"{block}.down", _llama.Hidden, _llama.Width, [PeerMatrix.Down], layer);                // [B, T, d]
        }

        private (string Stream, string Normed) AddAndNorm(string stream, string more, string name)
        {
            Node("SkipSimplifiedLayerNormalization", [$"{name}.normed", "", "", $"{name}.stream"], [stream, more, Ones($"{name}.norm")],
                Microsoft, NodeAttribute.Of("epsilon", PeerLlama.Epsilon));
            return ($"{name}.stream", $"{name}.normed");
        }

        /// <summary>Matrices one below the other, as one product.</summary>
        private string Linear(string input, string name, int from, int to, PeerMatrix[] matrices, int layer)
        {
            float[] Weights() => [.. matrices.SelectMany(matrix => _llama.Weights(matrix, layer))];
            if (_precision == PeerPrecision.Float32)
            {
                var transposed = Constant($"{name}.weight", () => Transposed(Weights(), to, from), from, to);
                return Node("MatMul", name, [input, transposed]);
            }

            var (bits, blocks) = (_precision == PeerPrecision.Int8 ? 8 : 4, from / WeightBlocks.Size);
            var codes = Constant($"{name}.codes", DataType.Uint8, [to, blocks, WeightBlocks.Size * bits / 8],
                () => WeightBlocks.MatMulNBits(Weights(), bits).Codes);
            var scales = Constant($"{name}.scales", () => WeightBlocks.MatMulNBits(Weights(), bits).Scales, to, blocks);
            // Accuracy level 4: activations in 8 bits, which is its fastest.
            return Node("MatMulNBits", name, [input, codes, scales], Microsoft, NodeAttribute.Of("N", to), NodeAttribute.Of("K", from),
                NodeAttribute.Of("bits", bits), NodeAttribute.Of("block_size", WeightBlocks.Size), NodeAttribute.Of("accuracy_level", 4));
        }

        private string Ones(string name) => Constant(name, () => [.. Enumerable.Repeat(1f, _llama.Width)], _llama.Width);

        private string Constant(string name, Func<float[]> values, params long[] shape) =>
            Constant(name, DataType.Float, shape, () => Bytes<float>(values()));

        private string Constant(string name, DataType type, long[] shape, Func<byte[]> bytes)
        {
            _initializers.Add(new(name, type, shape, bytes));
            return name;
        }

        private string Node(string op, string output, string[] inputs, string domain = "", params AttributeProto[] attributes)
        {
            Node(op, [output], inputs, domain, attributes);
            return output;
        }

        private void Node(string op, string[] outputs, string[] inputs, string domain, params AttributeProto[] attributes) =>
            Graph.Node.Add(new NodeProto
            {
                Name = outputs[0],
                OpType = op,
                Domain = domain,
                Input = { inputs },
                Output = { outputs },
                Attribute = { attributes },
            });

        /// <param name="shape">A number, or the name of a length that is known later.</param>
        private static ValueInfoProto Port(string name, DataType type, params object[] shape) => new()
        {
            Name = name,
            Type = new()
            {
                TensorType = new()
                {
                    ElemType = type,
                    Shape = new()
                    {
                        Dim =
                        {
                            shape.Select(length => length is int number
                                ? new TensorShapeProto.Types.Dimension { DimValue = number }
                                : new TensorShapeProto.Types.Dimension { DimParam = (string)length }),
                        },
                    },
                },
            },
        };

        private static byte[] Bytes<T>(T[] values) where T : struct => MemoryMarshal.AsBytes<T>(values).ToArray();

        private static float[] Transposed(float[] matrix, int rows, int columns)
        {
            var turned = new float[matrix.Length];
            for (var row = 0; row < rows; row++)
                for (var column = 0; column < columns; column++) turned[column * rows + row] = matrix[row * columns + column];
            return turned;
        }
    }
}
