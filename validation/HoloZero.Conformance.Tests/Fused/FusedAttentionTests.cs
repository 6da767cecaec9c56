using HoloZero.Exporter;
using HoloZero.Exporter.Recording;
using HoloZero.Models;
using HoloZero.Models.Ops;

namespace HoloZero.Conformance.Fused;

/// <summary>Where keys and values lie.</summary>
public enum Buffers
{
    /// <summary>Past as long as the longest sequence, present a new tensor.</summary>
    Growing,

    /// <summary>Past with room behind, present a new tensor.</summary>
    Spare,

    /// <summary>Past with room behind, present in the same memory.</summary>
    InPlace,
}

/// <summary>GroupQueryAttention, and what is computed beside it for a bidirectional prefix, against the derived attention.</summary>
public class FusedAttentionTests(ITestOutputHelper output)
{
    private const int Capacity = 24, Heads = 4;

    /// <summary>
    /// By name: width of a head, prefix slots among the new rows, new rows, rows before in each sequence, sight of slots.
    /// </summary>
    private static readonly Dictionary<string, (int Width, int Slots, int Rows, int[] Past, PrefixAttention Sees)> Situations = new()
    {
        ["fresh"] = (16, 0, 5, [0], PrefixAttention.Causal),
        ["fresh, heads of 32"] = (32, 0, 5, [0], PrefixAttention.Causal),
        ["fresh, heads of 48"] = (48, 0, 5, [0], PrefixAttention.Causal),
        ["fresh, heads of the published width"] = (64, 0, 9, [0], PrefixAttention.Causal),
        ["fresh, a batch"] = (16, 0, 5, [0, 0, 0], PrefixAttention.Causal),
        ["fresh, one row"] = (16, 0, 1, [0], PrefixAttention.Causal),
        ["fresh with a causal prefix"] = (16, 3, 5, [0, 0], PrefixAttention.Causal),
        ["a step"] = (16, 0, 1, [7], PrefixAttention.Causal),
        ["a step after one row"] = (64, 0, 1, [1], PrefixAttention.Causal),
        ["a step of a batch at one position"] = (16, 0, 1, [7, 7], PrefixAttention.Causal),
        ["a step of a batch at several positions"] = (16, 0, 1, [3, 11, 0, 1], PrefixAttention.Causal),
        ["a chunk after earlier rows"] = (16, 0, 4, [5], PrefixAttention.Causal),
        ["a long chunk after one row"] = (32, 0, 9, [1], PrefixAttention.Causal),
        ["bidirectional prefix"] = (16, 3, 5, [0], PrefixAttention.Bidirectional),
        ["bidirectional prefix of a batch"] = (16, 3, 5, [0, 0], PrefixAttention.Bidirectional),
        ["bidirectional prefix before one byte"] = (48, 6, 7, [0], PrefixAttention.Bidirectional),
        ["bidirectional, a prefix of one slot"] = (64, 1, 3, [0], PrefixAttention.Bidirectional),
        ["bidirectional without a prefix"] = (16, 0, 5, [0], PrefixAttention.Bidirectional),
        ["bidirectional, a step"] = (16, 0, 1, [7], PrefixAttention.Bidirectional),
        ["bidirectional, a step of a batch at several positions"] = (16, 0, 1, [3, 11], PrefixAttention.Bidirectional),
        ["bidirectional, a chunk after earlier rows"] = (16, 0, 4, [5], PrefixAttention.Bidirectional),
    };

    public static TheoryData<string, Buffers> Cases { get; } =
        [.. from name in Situations.Keys from buffers in Enum.GetValues<Buffers>() select (name, buffers)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Attention_is_the_derived_one(string situation, Buffers buffers)
    {
        var (width, slots, rows, past, sees) = Situations[situation];
        var (batch, d) = (past.Length, Heads * width);
        var config = new AsymDecConfig(d, 1, Heads, 1, sees);
        var qkv = Tensor.Pattern(50, batch, rows, 3 * d);
        var before = Tensor.Zeros(batch, slots, 1);

        // What lies beyond a sequence's own rows is nobody's: whatever reads it does not go unseen.
        var room = buffers == Buffers.Growing ? past.Max() : Capacity;
        Tensor[] cache = [.. Enumerable.Range(51, 2).Select(seed => Tensor.Pattern(seed, batch, Heads, Capacity, width))];
        var held = cache.Select(piece => Tensor.Build([batch, Heads, room, width], i => i[2] < past[i[0]] ? piece[i] : double.NaN));
        Tensor[] inputs = [qkv, new(Element.Whole, [.. past.Select(p => (double)p)], [batch]), before, .. held];
        using var fused = Recording.Fused(GraphVariant.Float32, inputs, Attention);
        var actual = buffers == Buffers.InPlace ? fused.Run(inputs, (1, 3), (2, 4)) : fused.Run(inputs);
        Assert.Equal(past.Select(p => (double)p + rows), actual[3].Values);

        for (var b = 0; b < batch; b++)
        {
            var total = past[b] + rows;
            Tensor[] own = [Row(qkv), Tensor.Whole(past[b]), Row(before), .. cache.Select(piece => Cut(Row(piece), past[b]))];
            using var derived = Recording.Derived(own, Attention);
            var expected = derived.Run(own)[..3];
            Tensor[] mine = [Row(actual[0]), Cut(Row(actual[1]), total), Cut(Row(actual[2]), total)];
            output.WriteLine($"row {b}: {Comparison.Largest(mine, expected)}");
            Comparison.RequireEqual($"{situation}, row {b}", mine, expected, Tolerances.Fused.OfOverride("Attention"));

            Tensor Row(Tensor x) => Tensor.Build([1, .. x.Shape[1..]], i => x[[b, .. i[1..]]]);
        }

        GraphValue[] Attention(ITensorOps<GraphValue> op, GraphValue[] x)
        {
            var positions = op.At("positions")
                .RowPositions(config, x[1], op.At("positions").Length(x[0], 1), op.At("positions").Length(x[2], 1), null);
            var (attended, present) = op.At("attention").Attention(x[0], d, Heads, positions, new(x[3], x[4]));
            return [attended, present.Keys, present.Values, positions.End];
        }

        static Tensor Cut(Tensor x, int length) => Tensor.Build([1, x.Shape[1], length, x.Shape[3]], i => x[i]);
    }
}
