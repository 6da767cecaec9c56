using System.Text.Json;
using HoloZero.Benchmarks.Peers;
using HoloZero.Testing;
using Microsoft.ML.OnnxRuntime;

namespace HoloZero.Benchmarks.Tests.Peers;

/// <summary>The graph in our own ONNX Runtime; GenAI itself reads it in HoloZero.Peers.Tests.</summary>
public class GenAiFolderTests
{
    private static readonly PeerLlama Llama = TestLlama.Small;
    private static readonly long[] Tokens = [65, 3, 200, 17, 65, 65, 90, 1];

    [Fact]
    public void Reading_at_once_and_step_by_step_give_the_same_logits()
    {
        using var temporary = new TemporaryFolder();
        using var session = Open(temporary, PeerPrecision.Float32);
        using var whole = Run(session, Tokens, []);
        var past = new List<OrtValue>();
        for (var i = 0; i < Tokens.Length; i++)
        {
            using var step = Run(session, [Tokens[i]], past);
            AssertNear(LogitsOf(whole, i), LogitsOf(step, 0), 1e-5f);
            past = [.. step.Skip(1).Select(Copy)];
        }
    }

    [Fact]
    public void The_place_of_a_token_counts()
    {
        using var temporary = new TemporaryFolder();
        using var session = Open(temporary, PeerPrecision.Float32);
        using var one = Run(session, [10, 20, 30, 40], []);
        using var other = Run(session, [20, 10, 30, 40], []);
        Assert.True(Difference(LogitsOf(one, 3), LogitsOf(other, 3)) > 1e-6, "the tables that turn queries and keys do nothing");
    }

    [Theory]
    [InlineData("Int8", 0.02f)]
    [InlineData("Int4", 0.2f)]
    public void Fewer_bits_compute_nearly_the_same(string precision, float tolerance)
    {
        using var temporary = new TemporaryFolder();
        using var exact = Open(temporary, PeerPrecision.Float32);
        using var rounded = Open(temporary, Enum.Parse<PeerPrecision>(precision));
        using var one = Run(exact, Tokens, []);
        using var other = Run(rounded, Tokens, []);
        var (expected, actual) = (LogitsOf(one, Tokens.Length - 1), LogitsOf(other, Tokens.Length - 1));
        Assert.InRange(Difference(expected, actual), 1e-7, tolerance * expected.Max(Math.Abs));
    }

    [Fact]
    public void The_configuration_names_what_the_graph_has()
    {
        using var temporary = new TemporaryFolder();
        using var session = Open(temporary, PeerPrecision.Int4);
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(PeerModels.GenAi(temporary.Path, PeerPrecision.Int4),
            "genai_config.json")));
        var decoder = json.RootElement.GetProperty("model").GetProperty("decoder");
        var layers = decoder.GetProperty("num_hidden_layers").GetInt32();
        Assert.Equal(Names(decoder.GetProperty("inputs"), layers), session.InputMetadata.Keys.Order());
        Assert.Equal(Names(decoder.GetProperty("outputs"), layers), session.OutputMetadata.Keys.Order());
        Assert.Equal(Llama.Vocabulary, session.OutputMetadata["logits"].Dimensions[2]);
    }

    [Fact]
    public void The_published_size_is_ours_within_a_hundredth() =>
        Assert.InRange(new PeerLlama().Parameters / 25_357_576.0, 0.99, 1.01);

    private static IEnumerable<string> Names(JsonElement ports, int layers) => ports.EnumerateObject()
        .Select(port => port.Value.GetString()!).SelectMany(name => name.Contains("%d", StringComparison.Ordinal)
            ? Enumerable.Range(0, layers).Select(layer => name.Replace("%d", $"{layer}", StringComparison.Ordinal)) : [name]).Order();

    private static InferenceSession Open(TemporaryFolder temporary, PeerPrecision precision)
    {
        var folder = PeerModels.GenAi(temporary.Path, precision);
        GenAiFolder.Write(Llama, precision, folder);
        return new(Path.Combine(folder, "model.onnx"));
    }

    private static IDisposableReadOnlyCollection<OrtValue> Run(InferenceSession session, long[] tokens, IReadOnlyList<OrtValue> past)
    {
        var before = past.Count == 0 ? 0 : (int)past[0].GetTensorTypeAndShape().Shape[2];
        var inputs = new Dictionary<string, OrtValue>
        {
            ["input_ids"] = OrtValue.CreateTensorValueFromMemory(tokens, [1, tokens.Length]),
            ["attention_mask"] = OrtValue.CreateTensorValueFromMemory(
                Enumerable.Repeat(1L, before + tokens.Length).ToArray(), [1, before + tokens.Length]),
        };
        for (var i = 0; i < 2 * Llama.Layers; i++)
        {
            inputs.Add($"past_key_values.{i / 2}.{(i % 2 == 0 ? "key" : "value")}", past.Count > 0 ? past[i]
                : OrtValue.CreateTensorValueFromMemory(Array.Empty<float>(), [1, Llama.Heads, 0, Llama.HeadWidth]));
        }

        string[] outputs = ["logits", .. Enumerable.Range(0, 2 * Llama.Layers)
            .Select(i => $"present.{i / 2}.{(i % 2 == 0 ? "key" : "value")}")];
        using var options = new RunOptions();
        return session.Run(options, inputs, outputs);
    }

    private static OrtValue Copy(OrtValue value) => OrtValue.CreateTensorValueFromMemory(
        value.GetTensorDataAsSpan<float>().ToArray(), value.GetTensorTypeAndShape().Shape);

    private static float[] LogitsOf(IReadOnlyList<OrtValue> outputs, int place) =>
        outputs[0].GetTensorDataAsSpan<float>().Slice(place * Llama.Vocabulary, Llama.Vocabulary).ToArray();

    private static double Difference(float[] one, float[] other) => one.Zip(other, (a, b) => Math.Abs((double)a - b)).Max();

    private static void AssertNear(float[] expected, float[] actual, float tolerance) =>
        Assert.InRange(Difference(expected, actual), 0, tolerance);
}
