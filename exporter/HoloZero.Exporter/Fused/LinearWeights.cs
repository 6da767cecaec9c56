using HoloZero.Onnx;

namespace HoloZero.Exporter.Fused;

/// <summary>The weights of a Linear, with whatever was folded into them.</summary>
/// <param name="Module">Full name of the module.</param>
/// <param name="Inputs">Columns of the matrix.</param>
/// <param name="Outputs">Rows of the matrix.</param>
/// <param name="Matrix">[outputs, inputs], row-major as in the checkpoint.</param>
/// <param name="Bias">[outputs].</param>
internal sealed record LinearWeights(string Module, int Inputs, int Outputs, Func<float[]> Matrix, Func<float[]> Bias)
{
    /// <summary>The parameter whose tanh is folded in; null where none is.</summary>
    public string? Gate { get; private init; }

    /// <summary>The rows of ones that were put in; null where none were.</summary>
    public OnesRows? Ones { get; private init; }

    /// <summary>The powers of two that the columns are multiplied by; null where there are none.</summary>
    public int[]? Exponents { get; private init; }

    /// <summary>For people: the module, and what was folded in.</summary>
    public string Name => $"{Module}{(Gate is null ? "" : $"*tanh({Gate})")}{(Ones is null ? "" : "+ones")}";

    /// <summary>What an initializer of one of the two holds.</summary>
    /// <param name="parameter">weight or bias.</param>
    /// <param name="initializer">The initializer.</param>
    /// <param name="layout">How it lies there.</param>
    public StoredParameter Stored(string parameter, string initializer, WeightLayout layout) =>
        new($"{Module}.{parameter}", initializer, layout)
        {
            ScaledByTanhOf = Gate,
            Ones = Ones,
            Exponents = parameter == "weight" ? Exponents : null,
        };

    /// <summary>The Linear whose output is <paramref name="factor"/> times as large, the tanh of <paramref name="gate"/>.</summary>
    public LinearWeights Scaled(double factor, string gate)
    {
        return this with { Gate = gate, Matrix = () => Scale(Matrix()), Bias = () => Scale(Bias()) };

        float[] Scale(float[] values) => [.. values.Select(value => (float)(value * factor))];
    }

    /// <summary>The Linear of inputs that were divided by powers of two.</summary>
    public LinearWeights ForDivided(int[] exponents) => this with
    {
        Exponents = exponents,
        Matrix = () =>
        {
            var scaled = (float[])Matrix().Clone();
            for (var i = 0; i < scaled.Length; i++) scaled[i] = MathF.ScaleB(scaled[i], exponents[i % Inputs]);
            return scaled;
        },
    };

    /// <summary>
    /// The Linear whose last outputs, in groups of <paramref name="width"/>, are each followed by a one and zeros up to
    /// <paramref name="extra"/> columns.
    /// </summary>
    public LinearWeights WithOnes(int firstOutput, int width, int extra)
    {
        var groups = (Outputs - firstOutput) / width;
        return this with
        {
            Ones = new(firstOutput, width, extra),
            Outputs = Outputs + groups * extra,
            Matrix = () => Widen(Matrix(), Inputs, one: 0),
            Bias = () => Widen(Bias(), 1, one: 1),
        };

        float[] Widen(float[] rows, int columns, float one)
        {
            var wide = new float[(Outputs + groups * extra) * columns];
            rows.AsSpan(0, firstOutput * columns).CopyTo(wide);
            for (var group = 0; group < groups; group++)
            {
                var from = (firstOutput + group * width) * columns;
                var to = (firstOutput + group * (width + extra)) * columns;
                rows.AsSpan(from, width * columns).CopyTo(wide.AsSpan(to));
                wide[to + width * columns] = one;
            }

            return wide;
        }
    }
}
