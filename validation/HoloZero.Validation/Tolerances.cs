using HoloZero.Artifacts;
using HoloZero.Models;

namespace HoloZero.Validation;

/// <summary>
/// How far an artifact may be from the published model in float64: every limit of this library, with its reason. A manifest cannot
/// loosen them.
/// </summary>
/// <remarks>
/// Errors of rounding are relative to the values that they happen to, so limits are per unit of the largest expected value. A dot
/// product of n terms adds up roundings of random sign, which grows with sqrt(n); the residual stream passes errors on to all later
/// blocks, which grows at worst with their number. Hence u * sqrt(n) times half the number of blocks, u the unit roundoff. The longest
/// product of a block is the feed-forward's, n = 4 d; logits come after a norm and one product more, n = d. Measured on the tiny and the
/// demo model, blocks reach a third of that on a processor with AVX-512 and half on one with AVX2 alone, logits a half to two thirds;
/// PyTorch's own float32 errors are of the same size.
/// </remarks>
internal sealed class Tolerances
{
    /// <summary>
    /// float64 against float64 with the same tables: nothing but the order of sums is left, some 1e-13; this is far above that.
    /// </summary>
    public const double Reference = 1e-9;

    /// <summary>Goldens name bits per byte with all digits; computed from their own logits they agree to rounding.</summary>
    public const double GoldenConsistency = 1e-9;

    /// <summary>
    /// The reference with weights that have tanh(gate) folded in, each rounded to float32 once more: measured 1e-8 of the largest.
    /// </summary>
    public const double FoldedReference = 3e-7;

    private const double Float32 = 1.0 / (1 << 24), Float16 = 1.0 / (1 << 11);

    /// <summary>Half a step of 8 bits, of which one is the sign, per unit of the largest of a block.</summary>
    private const double EightBits = 1.0 / 254;

    /// <summary>
    /// Where one input of a block is large and the others are not, the others lose up to the square root of the block's length more, of
    /// which there may be 256. Measured inside the network: 13 on the demo, at a prompt of one 0x00; 5 on tiny.
    /// </summary>
    private const double BlockPeak = 16;

    /// <summary>Of logits, which average over all of that after a norm, per unit of the largest: measured 2.7 (demo), 2 (tiny).</summary>
    private const double LogitsPeak = 4;

    /// <summary>
    /// The same where scales are fixed: the step is a 255th of what the calibration saw, whatever there is in this call, and what lies
    /// beyond is cut off. Measured 3.5 (demo), 2.7 (tiny).
    /// </summary>
    private const double FixedScalePeak = 5;

    /// <summary>
    /// Weights and activations are float16, sums of products are not: what happens to each term averages out as the terms do.
    /// Measured inside the network: 1.0 on the demo, 0.7 on tiny.
    /// </summary>
    private const double HalfPeak = 2;

    private readonly double _roundoff;
    private readonly double _unit;
    private readonly double _logitsUnit;
    private readonly AsymDecConfig _config;
    private readonly string _precision;

    private Tolerances(string precision, double roundoff, double unit, double logitsUnit, RoundingLimits rounding, AsymDecConfig config)
    {
        (_precision, _roundoff, _unit, _logitsUnit, Rounding, _config) = (precision, roundoff, unit, logitsUnit, rounding, config);
    }

    /// <summary>The precisions that there are limits for.</summary>
    public static IReadOnlyList<string> Precisions { get; } = ["float32", "float16", "int8", "int4", "int8-float16", "int4-float16"];

    /// <summary>What rounding the weights may cost.</summary>
    public RoundingLimits Rounding { get; }

    /// <summary>
    /// Allowed error of logits per unit of the largest: half a unit for each block, of which a layer has two, and for the head; never more
    /// than what rounding weights and all may cost.
    /// </summary>
    public double LogitsPerUnit => Math.Min(_logitsUnit * (_config.DecLayers + 0.5),
        Rounding == RoundingLimits.None ? double.PositiveInfinity : Rounding.LogitsPerUnit);

    /// <summary>
    /// What a manifest may allow at most where the artifact is deployed. An exporter may give one number for all networks, which is far
    /// above the rounding of small ones: of the smallest there can be, one layer of width 28, 1e-5 is 21 times that. Of rounded weights it
    /// is what the rounding may cost.
    /// </summary>
    public double StatedLogitsPerUnit => Rounding == RoundingLimits.None ? 32 * LogitsPerUnit : Rounding.LogitsPerUnit;

    /// <summary>The limits for a precision and a network.</summary>
    /// <exception cref="ArgumentException">There are none for the precision.</exception>
    public static Tolerances For(string precision, AsymDecConfig config)
    {
        var root = Math.Sqrt(config.Dim);
        return precision switch
        {
            "float32" => new(precision, Float32, Float32 * 2 * root, Float32 * root, RoundingLimits.None, config),
            "float16" => new(precision, Float16, Float16 * HalfPeak, Float16, RoundingLimits.Float16, config),
            "int8" => new(precision, EightBits, EightBits * BlockPeak, EightBits * FixedScalePeak, RoundingLimits.Int8, config),
            "int4" => new(precision, EightBits, EightBits * BlockPeak, EightBits * LogitsPeak, RoundingLimits.Int4, config),
            "int8-float16" => new(precision, Float16, Float16 * HalfPeak, Float16, RoundingLimits.Int8Blocks, config),
            "int4-float16" => new(precision, Float16, Float16 * HalfPeak, Float16, RoundingLimits.Int4Blocks, config),
            _ => throw new ArgumentException($"there are no tolerances for {precision}", nameof(precision)),
        };
    }

    /// <summary>How far a graph's logits may be from the published ones, weights and arithmetic together.</summary>
    public double Published(double largest) => Rounding == RoundingLimits.None ? Logits(largest) : Rounding.LogitsPerUnit * largest;

    /// <summary>Error of bits per byte of held-out text against the published number.</summary>
    public double HeldOut(double logits, long bytes, double bitsPerByte) =>
        Rounding == RoundingLimits.None ? BitsPerByte(logits, bytes) : Rounding.BitsPerByte * bitsPerByte;

    /// <summary>Relative error, root mean square, of a parameter as a graph stores it.</summary>
    public double Weights(string name, int rank) =>
        rank < 2 ? Rounding.Vectors : name == "head.weight" ? Rounding.Head : Rounding.Weights;

    /// <summary>Absolute error of a logit.</summary>
    public double Logits(double largest) => LogitsPerUnit * largest;

    /// <summary>Error of a row's logits per unit of that row's largest: rows of small logits must not hide behind large ones.</summary>
    public double LogitsRelative => 2 * LogitsPerUnit;

    /// <summary>Kullback-Leibler divergence of one position, in bits.</summary>
    public double KullbackLeibler(double logits) => CrossEntropy.Bits(logits * logits / 9 / 2);

    /// <summary>How much more the chosen symbol may be worth than the expected one before the choice counts as wrong.</summary>
    public static double Tie(double logits) => 2 * logits;

    /// <summary>Error of bits per byte over a number of predicted bytes.</summary>
    public static double BitsPerByte(double logits, long bytes) => CrossEntropy.Bits(logits) / Math.Sqrt(bytes);

    /// <summary>Error of a block's output, counted from the door, which is 0.</summary>
    public double Block(int block, double largest) => (block == 0 ? DoorUnit : _unit * (1 + block / 2.0)) * largest;

    /// <summary>A zero door looks up what it gives; the others sum in float32 over a slot, in every precision.</summary>
    private double DoorUnit => _config.Door.Kind == DoorKind.Zero ? 0
        : 2 * Float32 * Math.Sqrt(_config.SlotBytes * HslFrontDoor.FeatureCount);

    /// <summary>Error of keys and values of a layer, counted from 0.</summary>
    public double Cache(int layer, double largest) => _unit * (layer + 2) * largest;

    /// <summary>Error of a layer's sum of keys z after a number of positions.</summary>
    /// <param name="layer">The layer, from 0.</param>
    /// <param name="positions">Prefix and stream rows.</param>
    /// <param name="largest">The largest of z.</param>
    public double MemoryZ(int layer, int positions, double largest) =>
        Cache(layer, largest) + _roundoff * Math.Sqrt(positions) * largest;

    /// <summary>Error of a layer's sum of products S after a number of positions.</summary>
    public double MemoryS(int layer, int positions, double largest) => Cache(layer, largest) + MemoryZ(layer, positions, largest);

    /// <summary>The rules in words, with the numbers of this network.</summary>
    public IReadOnlyList<ToleranceRule> Rules()
    {
        var (unit, logits, terms) = _precision switch
        {
            "int8" => ("16 u", "5 u", $"u = {_roundoff:g3}: inputs of a product are rounded to 8 bits with one scale, by up to u of the "
                + "largest that was ever seen there; where a call has less, all of it loses more of its own size; logits average "
                + "over that, and lose a third"),
            "int4" => ("16 u", "4 u", $"u = {_roundoff:g3}: inputs of a product are rounded to 8 bits in blocks, by up to "
                + "u of the block's largest; where that one stands alone, the others lose sqrt(256) times more of their own size; "
                + "logits average "
                + "over blocks, and lose a quarter of that"),
            "float16" or "int8-float16" or "int4-float16" => ("2 u", "u", $"u = {_roundoff:g3}: activations are float16, and so are "
                + "weights that are no whole numbers; sums of products are not: what happens to each term averages out as the terms do"),
            _ => ("u sqrt(d)", "u sqrt(d)", $"u = {_roundoff:g3}, d = {_config.Dim}, {_config.DecLayers} layers: roundings of random "
                + "sign in "
                + "sums of d terms, half a unit for each block and the head"),
        };
        return
        [
            new($"logits, {_precision}", $"e = {logits} (layers + 1/2), here {LogitsPerUnit:g3}, per unit of a case's largest logit",
                terms),
            new($"logits by row, {_precision}", $"2 e = {LogitsRelative:g3} per unit of the row's largest logit",
                "a row of small logits must not hide behind a row of large ones; it shares their keys and values, so it gets twice "
                    + "the unit"),
            new($"divergence, {_precision}", "(e / 3)^2 / (2 ln 2) bits a position, e the limit of the case's logits",
                "rounding is scattered: its root mean square lies below a third of its largest value, "
                    + "and a divergence is half the mean square"),
            new("top-1 and greedy", "the expected symbol, or one whose logit is no more than 2 e above it",
                "two logits that are both right within e may change places only where they are closer than 2 e; such ties are counted. Of "
                    + "greedy bytes of rounded weights, e is the limit against published logits"),
            new("bits per byte", "e / (ln 2 sqrt(n)) over n bytes, plus half a unit of the last digit that a golden is given with",
                "e as above; independent errors average out with the square root of their number"),
            _config.Door.Kind == DoorKind.Zero
                ? new ToleranceRule("door", "exact",
                    "features are table entries, sums of halves, and one correctly rounded division: float32 has them exactly, and every "
                        + "variant has a float32 door")
                : new($"door of {_config.Door}", $"{DoorUnit:g3} per unit of its largest output",
                    "sums over a slot in float32, roundings of random sign"),
            new($"block outputs, {_precision}",
                $"{unit} (1 + b/2) = {_unit:g3} (1 + b/2) per unit of the largest output of block b = 1, 2, ..",
                "as for logits; the 1 is for the block's own norm, projections and non-linearity"),
            new($"keys and values, {_precision}", $"{unit} (2 + i) per unit of the largest of layer i = 0, 1, ..",
                "the blocks before layer i, and this one's norm, projection and rotation"),
            new($"fast weights z, {_precision}", $"{unit} (2 + i) + u sqrt(T) per unit of the largest, T positions",
                "as for keys, summed over T positions in pieces of any size"),
            new($"fast weights S, {_precision}", $"2 {unit} (2 + i) + u sqrt(T) per unit of the largest",
                "sums of products: the relative errors of keys and values add up"),
            new("position, stream tail, zeros behind z", "exact", "whole numbers"),
            new("reference", $"{Reference:g1} per unit of the largest value; {FoldedReference:g1} where tanh(gate) is in the weights",
                "float64 on both sides with the same float32 tables: only the order of sums differs, and what was folded in "
                    + "is float32 again"),
            .. Rounding == RoundingLimits.None ? [] : Rounding.Rules(_precision),
        ];
    }
}

/// <summary>What rounding weights may cost: against published logits, and against exact weights where an artifact has them too.</summary>
/// <param name="LogitsPerUnit">Error of a logit per unit of the case's largest.</param>
/// <param name="MeanDivergence">Kullback-Leibler divergence in bits, mean over all rows of all prompts.</param>
/// <param name="BitsPerByte">Relative change of bits per byte of held-out text.</param>
/// <param name="Weights">Relative error of a matrix, root mean square.</param>
/// <param name="Head">The same of the head's.</param>
internal sealed record RoundingLimits(double LogitsPerUnit, double MeanDivergence, double BitsPerByte, double Weights, double Head)
{
    /// <summary>
    /// The same of biases and of norms, which are float32 but where activations are float16, too: 2^-11 / sqrt(3) at most, at the lower end
    /// of a power of two. Measured on tiny: 2.54e-4.
    /// </summary>
    public double Vectors { get; init; } = Float32;

    /// <summary>Nothing is rounded: a projection has its gate in it, in float32.</summary>
    public static RoundingLimits None { get; } = new(0, 0, 0, Float32, Float32);

    /// <summary>
    /// Measured on tiny and demo: logits 8.8e-4 and 9.3e-4, divergence 2.1e-7 and 8.6e-7, weights 2.2e-4; bits/byte 1e-6.
    /// </summary>
    public static RoundingLimits Float16 { get; } = new(2e-3, 2e-6, 1e-4, 2.5e-4, 2.5e-4) { Vectors = 3e-4 };

    /// <summary>
    /// Measured on tiny and demo: logits 0.029 and 0.052, divergence 2.6e-4 and 7.4e-3, weights 0.016 and 0.033; bits/byte 0.15 %.
    /// </summary>
    public static RoundingLimits Int8 { get; } = new(0.07, 0.012, 0.005, 0.05, 0.05);

    /// <summary>
    /// Measured on tiny and demo: logits 0.16 and 0.12, divergence 6.0e-3 and 0.026, weights 0.064 and 0.10; bits/byte 0.58 %.
    /// </summary>
    public static RoundingLimits Int4 { get; } = new(0.2, 0.05, 0.02, 0.15, 0.01);

    /// <summary>
    /// In blocks, with activations and all vectors in float16 and the head in float32. Measured on tiny and
    /// demo: logits 0.0083 and 0.0060, divergence 2.3e-5 and 6.0e-5, weights 3.7e-3 of tiny; bits/byte 0.01 %.
    /// </summary>
    public static RoundingLimits Int8Blocks { get; } = new(0.02, 1e-3, 0.005, 0.01, Float32) { Vectors = 3e-4 };

    /// <summary>
    /// The same in 4 bits. Measured: logits 0.153 and 0.110, divergence 5.7e-3 and 0.024, weights 0.064 of tiny; bits/byte 0.52 %.
    /// </summary>
    public static RoundingLimits Int4Blocks { get; } = new(0.2, 0.05, 0.02, 0.15, Float32) { Vectors = 3e-4 };

    private const double Float32 = 1.0 / (1 << 24);

    /// <summary>The rules in words.</summary>
    public IEnumerable<ToleranceRule> Rules(string precision) =>
    [
        new($"rounded weights, {precision}", $"{Weights:g3} of a matrix, {Head:g3} of the head's, "
            + $"{Vectors:g3} of biases and norms, root mean square of the error",
            "half a step a weight, and the largest of a block of 128 is three times their root mean square: 7 bits 1/63/3.5 x 3 = 1.4 %, "
                + "of a whole row with columns evened out up to three times as much, 4 bits 1/7/3.5 x 3 = 12 %, float16 2^-12"),
        new($"published logits, {precision}", $"{LogitsPerUnit:g3} per unit of a case's largest; {MeanDivergence:g3} bits divergence on "
            + "average over all rows", "weights are not the published ones, so this is a price rather than an error: some way above what "
                + "tiny and demo pay, and what the exporter states in the manifest"),
        new($"held-out text, {precision}", $"{100 * BitsPerByte:g3} % of the published bits per byte",
            "the promise that a variant is exported with"),
    ];
}
