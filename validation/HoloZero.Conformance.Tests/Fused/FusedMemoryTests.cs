using HoloZero.Exporter;
using HoloZero.Exporter.Fused;
using HoloZero.Exporter.Recording;
using HoloZero.Models.Ops;

namespace HoloZero.Conformance.Fused;

/// <summary>LinearAttention with z as a column of S against the derived read of fast weights.</summary>
public class FusedMemoryTests(ITestOutputHelper output)
{
    private const double Epsilon = 1e-6;
    private const int Inputs = 20;

    private static readonly Tolerance Usual = Tolerances.Fused.OfOverride("FastWeightRead");

    /// <summary>By name: batch, heads, width, rows, rows before, and what is added to q and k.</summary>
    private static readonly Dictionary<string, (int Batch, int Heads, int Width, int Rows, int Before, double Shift)> Situations = new()
    {
        ["fresh"] = (1, 3, 16, 5, 0, 0),
        ["fresh, a batch"] = (2, 3, 16, 5, 0, 0),
        ["fresh, the published width"] = (1, 8, 64, 9, 0, 0),
        ["fresh, one row"] = (1, 2, 8, 1, 0, 0),
        ["a step"] = (1, 3, 16, 1, 7, 0),
        ["a step of a batch"] = (3, 2, 16, 1, 7, 0),
        ["a chunk after earlier rows"] = (2, 2, 8, 6, 9, 0),
        ["long"] = (1, 2, 16, 400, 0, 0),
        ["long after long"] = (1, 2, 16, 300, 300, 0),
        ["no rows' keys, where only epsilon is below the fraction"] = (1, 2, 16, 5, 0, -1000),
        ["large phi"] = (1, 2, 16, 5, 3, 30),
    };

    public static TheoryData<string, bool> Cases { get; } =
        [.. from name in Situations.Keys from inPlace in (bool[])[false, true] select (name, inPlace)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_read_and_its_memory_are_the_derived_ones(string situation, bool inPlace) =>
        RequireDerived(situation, Situations[situation], inPlace, Usual);

    /// <summary>Where phi as a whole is tiny, so are numerator and denominator, and the quotient keeps its digits.</summary>
    [Theory]
    [InlineData(-4)]
    [InlineData(-8)]
    public void Tiny_phi_costs_no_digits(double shift) =>
        RequireDerived($"phi around e^{shift}", (1, 2, 16, 12, 4, shift), inPlace: false, Usual);

    private void RequireDerived(string situation, (int Batch, int Heads, int Width, int Rows, int Before, double Shift) of, bool inPlace,
        Tolerance tolerance)
    {
        var (batch, heads, width, rows, before, shift) = of;
        var d = heads * width;
        var parameters = new Dictionary<string, Tensor>(Recording.Linear("qkv", 60, Inputs, 3 * d));
        var bias = parameters["qkv.bias"];
        parameters["qkv.bias"] = Tensor.Build(bias.Shape, i => bias[i] + (i[0] < 2 * d ? shift : 0));

        // The memory of earlier rows is itself what the derived operations make of them.
        var (s, z) = (Tensor.Zeros(batch, heads, width, width), Tensor.Zeros(batch, heads, width, 1));
        if (before > 0)
        {
            Tensor[] first = [Tensor.Pattern(62, batch, before, Inputs), Earlier(before), s, z];
            using var run = Recording.Derived(first, Read, parameters);
            (s, z) = run.Run(first) is [_, var s1, var z1] ? (s1, z1) : throw new InvalidOperationException("three results");
        }

        var x = Tensor.Pattern(63, batch, rows, Inputs);
        Tensor[] apart = [x, Earlier(rows), s, z];
        var together = Tensor.Build([batch, heads, width, width + FusedState.ExtraColumns], i =>
            i[3] < width ? s[i] : i[3] == width ? z[i[0], i[1], i[2], 0] : 0);
        using var derived = Recording.Derived(apart, Read, parameters);
        using var fused = Recording.Fused(GraphVariant.Float32, [x, Earlier(rows), together], Read, parameters);
        var expected = derived.Run(apart);
        var actual = inPlace ? fused.Run([x, Earlier(rows), together], (1, 2)) : fused.Run([x, Earlier(rows), together]);

        // S grows with the number of rows, and rounding with it.
        var memory = actual[1];
        Tensor[] read = [actual[0]], state = [Columns(memory, 0, width), Columns(memory, width, 1)];
        var scale = expected[1..].Max(tensor => tensor.Values.Max(Math.Abs)) / 4;
        output.WriteLine($"read {Comparison.Largest(read, expected[..1])}, "
            + $"memory {Comparison.Largest(state, expected[1..])} of {4 * scale:g3}");
        Comparison.RequireEqual(situation, read, expected[..1], tolerance);
        Comparison.RequireEqual(situation, state, expected[1..], Usual with { Absolute = Usual.Absolute * Math.Max(1, scale) });
        Assert.All(Columns(memory, width + 1, FusedState.ExtraColumns - 1).Values, value => Assert.Equal(0, value));

        GraphValue[] Read(ITensorOps<GraphValue> op, GraphValue[] t)
        {
            var qkv = op.At("qkv").Linear(t[0], Inputs, 3 * d);
            var (result, present) = op.At("memory").FastWeightRead(qkv, d, heads, Epsilon, new(t[1], t[1], t[1], t[1], t[1], t[1]),
                new(t[2], t.Length > 3 ? t[3] : GraphValue.Absent));
            return t.Length > 3 ? [result, present.S, present.Z] : [result, present.S];
        }

        static Tensor Earlier(int count) => Tensor.Build([count, count], i => i[1] <= i[0] ? 1 : 0).As(Element.Condition);

        static Tensor Columns(Tensor x, int first, int count) =>
            Tensor.Build([.. x.Shape[..^1], count], i => x[[.. i[..^1], first + i[^1]]]);
    }
}
