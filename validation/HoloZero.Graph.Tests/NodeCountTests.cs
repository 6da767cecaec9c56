using HoloZero.Models;
using HoloZero.Onnx;
using HoloZero.Testing;

namespace HoloZero.Graph.Tests;

/// <summary>A node costs time before it computes anything, so their number is a budget.</summary>
public class NodeCountTests(TinyArtifacts tiny, ITestOutputHelper output)
{
    private const int Layers = 2;

    [Theory]
    [InlineData(PrefixAttention.Causal, "portable", 96, 91)]
    [InlineData(PrefixAttention.Causal, "fp32", 31, 46)]
    [InlineData(PrefixAttention.Causal, "int8", 32, 46)]
    [InlineData(PrefixAttention.Bidirectional, "fp32", 74, 46)]
    public void A_graph_stays_within_its_budget(PrefixAttention attention, string variant, int inLayer, int elsewhere)
    {
        var nodes = OnnxReader.Read(tiny.Graph(attention, variant)).Graph.Node;
        var layers = nodes.Where(node => node.Name.Contains("_blocks.", StringComparison.Ordinal)).ToArray();
        var counts = string.Join(", ", nodes.GroupBy(node => node.OpType).OrderByDescending(group => group.Count())
            .Select(group => $"{group.Count()} {group.Key}"));
        output.WriteLine($"{variant}: {nodes.Count} nodes, {layers.Length / (double)Layers} a layer; {counts}");
        Assert.InRange(layers.Length, 1, Layers * inLayer);
        Assert.InRange(nodes.Count - layers.Length, 1, elsewhere);
    }
}
