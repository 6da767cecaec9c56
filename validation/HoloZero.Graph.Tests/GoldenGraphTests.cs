using HoloZero.Models;
using HoloZero.Testing;
using HoloZero.Validation;

[assembly: AssemblyFixture(typeof(TinyArtifacts))]

namespace HoloZero.Graph.Tests;

/// <summary>The exported graph of tiny against its committed text, so that a change of the graph is seen and reviewed.</summary>
public class GoldenGraphTests(TinyArtifacts tiny)
{
    private const string UpdateSwitch = "HOLOZERO_UPDATE_GOLDEN_GRAPHS";

    [Theory]
    [InlineData(PrefixAttention.Causal, "portable", "tiny.portable.txt")]
    [InlineData(PrefixAttention.Bidirectional, "portable", "tiny-bidirectional.portable.txt")]
    [InlineData(PrefixAttention.Causal, "fp32", "tiny.fp32.txt")]
    [InlineData(PrefixAttention.Bidirectional, "fp32", "tiny-bidirectional.fp32.txt")]
    [InlineData(PrefixAttention.Causal, "int8", "tiny.int8.txt")]
    public void The_graph_is_the_reviewed_one(PrefixAttention attention, string variant, string file)
    {
        var path = Path.Combine(Repository.Root, "validation", "golden-graphs", file);
        var actual = GraphText.Of(tiny.Graph(attention, variant));
        if (Environment.GetEnvironmentVariable(UpdateSwitch) == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, actual);
        }

        if (UnifiedDiff.Between(File.Exists(path) ? File.ReadAllText(path) : "", actual) is { } diff)
        {
            Assert.Fail($"""
                the exported graph is not validation/golden-graphs/{file} any more (- reviewed, + exported):
                {diff}
                If the change is meant, write the files anew and review their diff:
                {UpdateSwitch}=1 dotnet test --project validation/HoloZero.Graph.Tests
                """);
        }
    }

    [Fact]
    public void The_text_shows_no_weights()
    {
        var text = GraphText.Of(tiny.Graph(PrefixAttention.Causal));
        Assert.Contains("\n  mem_blocks.0.gate: float32 [1]\n", text);
        Assert.Contains("\n  head.weight.T: float32 [64, 258]\n", text);
        Assert.Contains("\n  door/value_table: float32 [256, 18]\n", text);
    }

    [Fact]
    public void A_diff_shows_changed_lines_with_what_stands_around_them()
    {
        var lines = Enumerable.Range(0, 20).Select(i => $"line {i}").ToArray();
        var before = string.Join("\n", lines);
        (lines[5], lines[15]) = ("other", "line 15\nmore");
        Assert.Equal("""
            @@
              line 2
              line 3
              line 4
            - line 5
            + other
              line 6
              line 7
              line 8
            @@
              line 13
              line 14
              line 15
            + more
              line 16
              line 17
              line 18

            """, UnifiedDiff.Between(before, string.Join("\n", lines)));
        Assert.Null(UnifiedDiff.Between(before, before));
    }
}
