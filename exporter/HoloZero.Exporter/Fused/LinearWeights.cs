namespace HoloZero.Exporter.Fused;

/// <summary>The weights of a Linear, with whatever was folded into them.</summary>
/// <param name="Name">Full name of the module, and what was folded in.</param>
/// <param name="Inputs">Columns of the matrix.</param>
/// <param name="Outputs">Rows of the matrix.</param>
/// <param name="Matrix">[outputs, inputs], row-major as in the checkpoint.</param>
/// <param name="Bias">[outputs].</param>
internal sealed record LinearWeights(string Name, int Inputs, int Outputs, Func<float[]> Matrix, Func<float[]> Bias)
{
    /// <summary>The Linear whose output is <paramref name="factor"/> times as large.</summary>
    public LinearWeights Scaled(double factor, string by)
    {
        return this with { Name = $"{Name}*{by}", Matrix = () => Scale(Matrix()), Bias = () => Scale(Bias()) };

        float[] Scale(float[] values) => [.. values.Select(value => (float)(value * factor))];
    }

    /// <summary>
    /// The Linear whose last outputs, in groups of <paramref name="width"/>, are each followed by a one and zeros up to
    /// <paramref name="extra"/> columns.
    /// </summary>
    public LinearWeights WithOnes(int firstOutput, int width, int extra)
    {
        var groups = (Outputs - firstOutput) / width;
        return this with
        {
            Name = $"{Name}+ones",
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
