using HoloZero.Models.Ops;

namespace HoloZero.Conformance;

/// <summary>How far a number may be from the truth: relative to the truth, or absolute, whichever allows more.</summary>
/// <param name="Relative">Per unit of the truth.</param>
/// <param name="Absolute">Whatever the truth.</param>
/// <param name="Reason">Why no less.</param>
internal sealed record Tolerance(double Relative, double Absolute, string Reason)
{
    /// <summary>NaN equals NaN alone, and an infinity itself alone.</summary>
    public bool Allows(double actual, double expected) =>
        actual.Equals(expected) || actual == expected || Math.Abs(actual - expected) <= Math.Max(Absolute, Relative * Math.Abs(expected))
            && double.IsFinite(expected);
}

/// <summary>The tolerance of each operation for one kind of engine. Operations that are not listed have none and fail.</summary>
/// <param name="ofOperations">Distance from the truth.</param>
/// <param name="ofOverrides">Distance of an override from the derived operation, on the same engine.</param>
internal sealed class Tolerances(
    IEnumerable<(string[] Operations, Tolerance Tolerance)> ofOperations,
    IReadOnlyDictionary<string, Tolerance> ofOverrides)
{
    private const double HalfUnit = 1.0 / (1 << 11), FloatUnit = 1.0 / (1 << 24), SmallestNormalFloat = 1.17549435e-38;

    private static readonly string[] Moving =
    [
        "At", "Parameter", "Constant", "Where", "Transpose", "Concat", "Slice", "Skip", "Gather", "PadLast", "RoundToFloat32", "Length",
        "Range", "RestartedRows", "StreamTail", "SplitHeads", "MergeHeads", "SlotRows", "SplitQkv", "Dropout",
        nameof(BinaryFunction.Maximum), nameof(BinaryFunction.LessOrEqual),
    ];

    private static readonly string[] Rounding =
        [nameof(BinaryFunction.Add), nameof(BinaryFunction.Subtract), nameof(BinaryFunction.Multiply), nameof(BinaryFunction.Divide),
            nameof(UnaryFunction.Sqrt)];

    private readonly Dictionary<string, Tolerance> _ofOperations =
        ofOperations.SelectMany(group => group.Operations.Select(name => (name, group.Tolerance))).ToDictionary();

    private readonly IReadOnlyDictionary<string, Tolerance> _ofOverrides = ofOverrides;

    /// <summary>Interpreters without numbers.</summary>
    public static Tolerances None { get; } = new([], new Dictionary<string, Tolerance>());

    /// <summary>Engines that compute in float64.</summary>
    public static Tolerances Float64 { get; } = new(
    [
        (Moving, new(0, 0, "moves, picks or counts numbers")),
        (Rounding, new(0, 0, "correctly rounded by IEEE 754")),
        (["RopeTables"], new(0, 0, "published bit for bit")),
        (["HslFeatures"], new(0, 0, "published bit for bit")),
        (["RowPositions"], new(0, 1e-7, "cos and sin as published in float32, here of the angle in float64")),
        (["Exp", "Tanh"], new(4e-16, 0, "libm is within 1 ulp, and the truth is one as well")),
        (["Erf"], new(0, 1e-15, "what the reference's series promises")),
        (["MatMul", "RoundableMatMul", "Sum", "Linear", "Rope"], new(0, 1e-14, "order of at most 64 terms below 4")),
        (["Softmax", "LayerNorm", "Gelu", "Phi"], new(1e-14, 1e-15, "a few roundings after an exact sum")),
        (["Attention", "FastWeightRead"], new(1e-13, 1e-14, "sums of products of rounded numbers")),
    ],
    new Dictionary<string, Tolerance>
    {
        ["Linear"] = new(0, 0, "the same products in the same order"),
    });

    /// <summary>Engines that compute in float32 with the operations of the standard alone.</summary>
    public static Tolerances Float32 { get; } = new(
    [
        (Moving, new(0, 0, "moves, picks or counts numbers")),
        (Rounding, new(FloatUnit, 0, "correctly rounded by IEEE 754")),
        (["RopeTables"], new(0, 2e-7, "angles are float32 as published; cos and sin of another libm are within 2 ulp of 1")),
        (["HslFeatures"], new(0, 0, "bits from tables, sums of halves, one division")),
        (["RowPositions"], new(0, 4e-7, "as the rotary tables, here of the angle in float64")),
        (["Exp"], new(4 * FloatUnit, SmallestNormalFloat, "2 ulp of a polynomial; denormal results may be 0")),
        (["Tanh", "Erf"], new(8 * FloatUnit, FloatUnit, "rational approximations, a few ulp of 1")),
        (["MatMul", "RoundableMatMul", "Sum", "Linear"], new(0, 4e-6, "order of at most 64 terms below 4")),
        (["Rope"], new(0, 8 * FloatUnit, "two products of numbers below 2")),
        (["Softmax"], new(8 * FloatUnit, SmallestNormalFloat, "2 ulp of each exponential and of the sum")),
        (["LayerNorm"], new(4e-6, 2e-6, "centring cancels, then one division by a float32 deviation")),
        (["Gelu"], new(4e-6, 4e-7, "1 + erf cancels for negative arguments: half an ulp of 1 times the argument")),
        (["Phi"], new(4 * FloatUnit, SmallestNormalFloat, "as the exponential")),
        (["Attention", "FastWeightRead"], new(4e-6, 4e-6, "sums of products of rounded numbers")),
    ],
    new Dictionary<string, Tolerance>
    {
        ["LayerNorm"] = new(4e-6, 2e-6, "one kernel sums in another order than ReduceSum"),
    });

    /// <summary>ONNX Runtime's fused operators in float32, besides the operations of the standard.</summary>
    public static Tolerances Fused { get; } = new(Float32._ofOperations.Select(entry => ((string[])[entry.Key], entry.Value)),
    new Dictionary<string, Tolerance>
    {
        ["Linear"] = new(0, 4e-6, "a product in another order"),
        ["LayerNorm"] = new(4e-6, 2e-6, "one kernel sums in another order than ReduceSum"),
        ["Gelu"] = new(4e-6, 4e-7, "another polynomial for erf"),
        ["HslFeatures"] = new(0, 0, "table entries, sums of halves, one division"),
        ["StreamTail"] = new(0, 0, "moves numbers"),
        ["RowPositions"] = new(0, 0, "whole numbers"),
        ["Attention"] = new(0, 4e-6, "sums of up to 64 products below 4 in another order; the softmax is another kernel"),
        ["FastWeightRead"] = new(4e-6, 4e-6, "the sums in another order"),
    });

    private static readonly Dictionary<string, Tolerance> OfFloat16 = new()
    {
        ["Linear"] = new(2 * HalfUnit, 4 * HalfUnit,
            "operands are exact in float16 here; a product is rounded to it before a bias of up to 2 comes"),
        ["LayerNorm"] = new(2 * HalfUnit, 4 * HalfUnit, "the input, of up to 2, and the result are rounded to float16"),
        ["Gelu"] = new(2 * HalfUnit, 4 * HalfUnit, "the input, of up to 4, and the result are rounded to float16"),
    };

    /// <summary>The same with activations in float16.</summary>
    public static Tolerances FusedFloat16 { get; } = new(
        Fused._ofOperations.Select(entry => ((string[])[entry.Key], OfFloat16.GetValueOrDefault(entry.Key, entry.Value))),
        new Dictionary<string, Tolerance>(Fused._ofOverrides.Select(entry =>
            KeyValuePair.Create(entry.Key, OfFloat16.GetValueOrDefault(entry.Key, entry.Value)))));

    /// <summary>The same for an interpreter with other overrides.</summary>
    public Tolerances WithOverrides(IReadOnlyDictionary<string, Tolerance> overrides) =>
        new(_ofOperations.Select(entry => ((string[])[entry.Key], entry.Value)), overrides);

    /// <summary>The same with another tolerance for one operation.</summary>
    public Tolerances With(string operation, Tolerance tolerance) => new(_ofOperations.Select(entry =>
        ((string[])[entry.Key], entry.Key == operation ? tolerance : entry.Value)), _ofOverrides);

    /// <summary>The operations with a tolerance as overrides.</summary>
    public IEnumerable<string> Overrides => _ofOverrides.Keys;

    public Tolerance Of(string operation) => _ofOperations[operation];

    public Tolerance OfOverride(string operation) => _ofOverrides[operation];
}
