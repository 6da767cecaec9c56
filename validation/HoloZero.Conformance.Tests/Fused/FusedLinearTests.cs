using HoloZero.Exporter;
using HoloZero.Exporter.Quantization;
using HoloZero.Exporter.Recording;
using HoloZero.Models;

namespace HoloZero.Conformance.Fused;

/// <summary>
/// Products with weights in blocks, as whole numbers and in float16 against the derived Linear over the weights that these stand for.
/// </summary>
public class FusedLinearTests(ITestOutputHelper output)
{
    private const int BlockSize = 128, Outputs = 12;

    public static TheoryData<string, int, int> Shapes { get; } =
    [
        .. from module in (string[])["self_blocks.0.proj", "head"]
           from inputs in (int[])[64, 100, 256, 321]
           from rows in (int[])[1, 9]
           select (module, inputs, rows),
    ];

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Blocks_multiply_as_their_weights_do_but_for_the_rounding_of_activations(string module, int inputs, int rows)
    {
        // The head keeps 8 bits.
        var bits = module != "head" ? 4 : 8;
        var parameters = new Dictionary<string, Tensor>(Recording.Linear(module, 90, inputs, Outputs));
        var weight = parameters[$"{module}.weight"];
        var matrix = BlockQuantizer.Quantize(Floats(weight), Outputs, inputs, new(bits, BlockSize)).Dequantize();
        var rounded = new Dictionary<string, Tensor>(parameters)
        {
            [$"{module}.weight"] = weight with { Values = [.. matrix.Select(w => (double)w)] },
        };

        Tensor[] x = [Noise(rows, inputs)];
        Use use = (op, t) => [op.At(module).Linear(t[0], inputs, Outputs)];
        using var fused = Recording.Fused(GraphVariant.Int4, x, use, parameters);
        using var derived = Recording.Derived(x, use, rounded);
        var (actual, expected) = (fused.Run(x)[0], derived.Run(x)[0]);

        // An activation is rounded to 127ths of its block's largest, which is at most 2: half of one is the most that it can be off, and
        // over a row these add up as their squares do.
        var (worst, squares) = (0.0, 0.0);
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < Outputs; column++)
            {
                var bound = Enumerable.Range(0, inputs).Sum(i => Math.Abs(matrix[column * inputs + i])) * (2.0 / 127 / 2);
                var difference = actual[0, row, column] - expected[0, row, column];
                Assert.InRange(difference, -bound - 4e-6, bound + 4e-6);
                (worst, squares) = (Math.Max(worst, Math.Abs(difference)), squares + difference * difference);
            }
        }

        var deviation = Math.Sqrt(squares / (rows * Outputs));
        output.WriteLine($"worst {worst:g3}, deviation {deviation:g3}");
        var weightNorm = Math.Sqrt(matrix.Sum(w => (double)w * w) / Outputs);
        Assert.InRange(deviation, 0, 2 * weightNorm * (2.0 / 127) / Math.Sqrt(12));
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Whole_numbers_multiply_as_rounded_weights_and_activations_do(string module, int inputs, int rows)
    {
        var parameters = new Dictionary<string, Tensor>(Recording.Linear(module, 97, inputs, Outputs));
        var weight = parameters[$"{module}.weight"];
        var rounded = new Dictionary<string, Tensor>(parameters)
        {
            [$"{module}.weight"] = weight with
            {
                Values = [.. ColumnQuantizer.Quantize(Floats(weight), Outputs, inputs).Dequantize().Select(w => (double)w)],
            },
        };

        // The range ends where some of the activations do not: these are cut off.
        var range = Everywhere(inputs, -1.9, 1.5);
        var grid = ActivationGrid.Of(range, null);
        Tensor[] x = [Noise(rows, inputs)];
        Tensor[] onGrid = [x[0].Select(value => ((double)Math.Clamp(MathF.Round((float)value / grid.Scale) + grid.ZeroPoint, 0, 255)
            - grid.ZeroPoint) * grid.Scale)];
        Use use = (op, t) => [op.At(module).Linear(t[0], inputs, Outputs)];
        using var fused = Recording.Fused(GraphVariant.Int8, x, use, parameters, _ => range);
        using var derived = Recording.Derived(onGrid, use, rounded);
        var (actual, expected) = (fused.Run(x), derived.Run(onGrid));
        output.WriteLine(Comparison.Largest(actual, expected));

        // What is left are the roundings of float32 in the one that is compared with.
        for (var row = 0; row < rows; row++)
            for (var column = 0; column < Outputs; column++)
                Assert.Equal(expected[0][0, row, column], actual[0][0, row, column], 2e-5);
    }

    [Fact]
    public void Powers_of_two_go_from_a_norm_into_its_matrix_and_leave_the_product_as_it_is()
    {
        // Two channels are far larger than the others.
        const int inputs = 64;
        var parameters = new Dictionary<string, Tensor>(
            [.. Recording.Norm("norm", 70, inputs), .. Recording.Linear("qkv", 72, inputs, Outputs)]);
        double[] size = [.. Enumerable.Range(0, inputs).Select(i => i is 5 or 40 ? 30.0 : 0.7)];
        parameters["norm.weight"] = parameters["norm.weight"] with { Values = size };
        var range = new ActivationRange([.. size.Select(value => -4 * value)], [.. size.Select(value => 4 * value)]);
        Tensor[] x = [Noise(20, inputs)];
        Use use = (op, t) => [op.At("qkv").Linear(op.At("norm").LayerNorm(t[0], inputs, 1e-5), inputs, Outputs)];
        using var fused = Recording.Fused(GraphVariant.Int8, x, use, parameters, _ => range);
        using var derived = Recording.Derived(x, use, parameters);
        var (actual, expected) = (fused.Run(x)[0], derived.Run(x)[0]);

        var squares = 0.0;
        for (var row = 0; row < 20; row++)
            for (var column = 0; column < Outputs; column++)
                squares += Math.Pow(actual[0, row, column] - expected[0, row, column], 2);
        var deviation = Math.Sqrt(squares / (20 * Outputs));
        var weightNorm = Math.Sqrt(parameters["qkv.weight"].Values.Sum(w => w * w) / Outputs);
        output.WriteLine($"deviation {deviation:g3}");

        // One step for all channels as they are would be 240 / 255, and cost a share of sqrt(1/12) of it with every weight.
        Assert.InRange(deviation, 0, 0.5 * weightNorm * (240.0 / 255) / Math.Sqrt(12));
    }

    [Theory]
    [InlineData("int8")]
    [InlineData("int4")]
    [InlineData("cuda-int8")]
    [InlineData("cuda-int4")]
    public void Columns_of_ones_are_exact_in_blocks(string variant)
    {
        const int inputs = 64, heads = 2, width = 8, d = heads * width;
        var parameters = new Dictionary<string, Tensor>(Recording.Linear("qkv", 93, inputs, 3 * d));
        Tensor[] x = [Tensor.Pattern(94, 1, 3, inputs), Tensor.Zeros(1, heads, width, width + 8)];
        using var run = Recording.Fused(GraphVariant.Named(variant), x, (op, t) =>
        {
            var qkv = op.At("qkv").Linear(t[0], inputs, 3 * d);
            var nothing = t[0];
            var (_, present) = op.At("memory").FastWeightRead(qkv, d, heads, 1e-6,
                new(nothing, nothing, nothing, nothing, nothing, nothing), new(t[1], GraphValue.Absent));
            return [qkv, present.S];
        }, parameters, _ => Everywhere(inputs, -1, 1));
        var results = run.Run(x);

        // z sums phi of the very keys that the Linear alone gives: the ones are exact. Keys of float16 are rounded on the way out alone,
        // where the processor leaves the casts out that stand within.
        var unit = variant.StartsWith("cuda", StringComparison.Ordinal) ? Math.Pow(2, -11) : 0;
        var keys = results[0];
        for (var head = 0; head < heads; head++)
        {
            for (var row = 0; row < width; row++)
            {
                var z = Truth.Sum(3, t => Truth.Phi(keys[0, t, d + head * width + row]));
                Assert.Equal(z, results[1][0, head, row, width], 4e-6 + unit * z);
                for (var column = width + 1; column < width + 8; column++) Assert.Equal(0, results[1][0, head, row, column]);
            }
        }
    }

    [Theory]
    [InlineData(64, 1)]
    [InlineData(100, 9)]
    [InlineData(512, 3)]
    public void Float16_multiplies_rounded_weights_with_rounded_activations(int inputs, int rows)
    {
        var parameters = new Dictionary<string, Tensor>(Recording.Linear("proj", 95, inputs, Outputs));
        var rounded = new Dictionary<string, Tensor>(parameters)
        {
            ["proj.weight"] = parameters["proj.weight"].Select(w => (double)(Half)(float)w),
        };
        Tensor[] x = [Tensor.Pattern(96, 1, rows, inputs)];
        Use use = (op, t) => [op.At("proj").Linear(t[0], inputs, Outputs)];
        using var fused = Recording.Fused(GraphVariant.Cuda, x, use, parameters);
        using var derived = Recording.Derived(x, use, rounded);
        var (actual, expected) = (fused.Run(x), derived.Run(x));
        output.WriteLine(Comparison.Largest(actual, expected));

        Comparison.RequireEqual("float16", actual, expected, Tolerances.FusedFloat16.OfOverride("Linear"));
    }

    public static TheoryData<string, int, int> HalfShapes { get; } =
    [
        .. from variant in (string[])["cuda-int8", "cuda-int4"]
           from inputs in (int[])[64, 100, 256, 321]
           from rows in (int[])[1, 9]
           select (variant, inputs, rows),
    ];

    [Theory]
    [MemberData(nameof(HalfShapes))]
    public void Blocks_beside_float16_multiply_as_their_weights_do_and_round_no_activations(string variant, int inputs, int rows)
    {
        var bits = variant == "cuda-int8" ? 8 : 4;
        var parameters = new Dictionary<string, Tensor>(Recording.Linear("proj", 98, inputs, Outputs));
        var weight = parameters["proj.weight"];
        var matrix = BlockQuantizer.Quantize(Floats(weight), Outputs, inputs, new(bits, BlockSize, halfScales: true));
        Assert.All(matrix.Scales, scale => Assert.Equal(scale, (float)(Half)scale));
        var rounded = new Dictionary<string, Tensor>(parameters)
        {
            ["proj.weight"] = weight with { Values = [.. matrix.Dequantize().Select(w => (double)w)] },
        };

        Tensor[] x = [Tensor.Pattern(99, 1, rows, inputs)];
        Use use = (op, t) => [op.At("proj").Linear(t[0], inputs, Outputs)];
        using var fused = Recording.Fused(GraphVariant.Named(variant), x, use, parameters);
        using var derived = Recording.Derived(x, use, rounded);
        var (actual, expected) = (fused.Run(x), derived.Run(x));
        output.WriteLine(Comparison.Largest(actual, expected));

        Comparison.RequireEqual(variant, actual, expected, Tolerances.FusedFloat16.OfOverride("Linear"));
    }

    private static ActivationRange Everywhere(int channels, double lowest, double highest) =>
        new([.. Enumerable.Repeat(lowest, channels)], [.. Enumerable.Repeat(highest, channels)]);

    /// <summary>
    /// Numbers from -2 to 2 whose errors of rounding have nothing to do with the weights: parts of a large sine behind the point.
    /// </summary>
    private static Tensor Noise(int rows, int columns) => Tensor.Build([1, rows, columns], i =>
        (float)(4 * Math.Abs(43758.5453 * Math.Sin(12.9898 * (i[1] * columns + i[2] + 1)) % 1) - 2));

    private static float[] Floats(Tensor tensor) => [.. tensor.Values.Select(value => (float)value)];
}
