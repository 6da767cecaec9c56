using HoloZero.Models;

namespace HoloZero.Validation.Checks;

/// <summary>
/// What rounding its weights costs a graph. Everything else compares it with the float64 reference over its own weights, which tells
/// nothing about the weights themselves: here its logits meet the published ones, and its weights the exact ones.
/// </summary>
internal sealed class RoundingCheck(Tolerances tolerances)
{
    private const int Vocabulary = AsymDecConfig.Vocabulary;
    private readonly TensorMisses _misses = new();
    private (double Error, double Share, double Divergence, double Sum) _worst;
    private int _rows;
    private int _agreeing;

    /// <summary>Adds a case.</summary>
    /// <param name="name">The case.</param>
    /// <param name="actual">[rows, 258], of the graph.</param>
    /// <param name="published">[rows, 258].</param>
    public void Add(string name, double[] actual, double[] published)
    {
        var largest = published.Max(Math.Abs);
        var error = _misses.Compare($"{name} logits against published", [published.Length / Vocabulary, Vocabulary], actual, published,
            tolerances.Rounding.LogitsPerUnit * largest);
        _worst.Error = Larger(_worst.Error, error);
        _worst.Share = Larger(_worst.Share, error / largest);
        for (var start = 0; start < published.Length; start += Vocabulary)
        {
            var a = actual.AsSpan(start, Vocabulary);
            var p = published.AsSpan(start, Vocabulary);
            var divergence = Math.Abs(Probability.Divergence(p, a));
            _worst.Divergence = Larger(_worst.Divergence, divergence);
            _worst.Sum += divergence;
            _rows++;
            var (chosen, right) = (Probability.Argmax(a), Probability.Argmax(p));
            if (chosen == right) _agreeing++;
            else if (!(p[right] - p[chosen] <= Tolerances.Tie(tolerances.Rounding.LogitsPerUnit * largest)))
                _misses.Add(new($"{name} row {start / Vocabulary}, top-1 against published", $"{chosen}", $"{right}"));
        }
    }

    /// <summary>The result over all cases.</summary>
    public CheckResult Result(string scope)
    {
        var mean = _rows == 0 ? 0 : _worst.Sum / _rows;
        _misses.Require(mean, tolerances.Rounding.MeanDivergence,
            () => new("mean KL divergence in bits from published logits", $"{mean:g4}",
                $"at most {tolerances.Rounding.MeanDivergence:g4}"));
        return new(CheckNames.Rounding, "published logits", _misses, new Dictionary<string, double>
        {
            ["max_abs"] = _worst.Error,
            ["max_per_unit"] = _worst.Share,
            ["max_kl_bits"] = _worst.Divergence,
            ["mean_kl_bits"] = mean,
            ["top1_agreement"] = _rows == 0 ? 1 : (double)_agreeing / _rows,
            ["rows"] = _rows,
        })
        { Scope = scope, Worst = _misses.Worst };
    }

    /// <summary>
    /// The weights of one graph against those of another of the same artifact that has them exactly. Exact but for tanh(gate) folded in:
    /// to a rounding of float32. Rounded: each matrix on the whole, by the root mean square of its error.
    /// </summary>
    /// <param name="weights">Of the graph.</param>
    /// <param name="exact">Of the other.</param>
    /// <param name="gates">The gate of each parameter that may have one folded in.</param>
    /// <param name="tolerances">Limits of the graph's precision.</param>
    /// <param name="scope">The graph.</param>
    public static CheckResult Weights(IReadOnlyDictionary<string, WeightTensor> weights, IReadOnlyDictionary<string, WeightTensor> exact,
        IReadOnlyDictionary<string, string> gates, Tolerances tolerances, string scope)
    {
        var misses = new List<Miss>();
        var (worst, largest) = ((Margin?)null, 0.0);
        foreach (var (name, sound) in exact)
        {
            if (gates.Values.Contains(name)) continue;

            var factor = gates.TryGetValue(name, out var gate)
                ? Math.Tanh(exact[gate].Data[0]) / Math.Tanh(weights[gate].Data[0]) : 1;
            var (error, size) = (0.0, 0.0);
            for (var i = 0; i < sound.Data.Length; i++)
            {
                var wanted = sound.Data[i] * factor;
                error += (weights[name].Data[i] - wanted) * (weights[name].Data[i] - wanted);
                size += wanted * wanted;
            }

            var (relative, allowed) = (Math.Sqrt(error / Math.Max(size, double.Epsilon)), tolerances.Weights(name, sound.Shape.Length));
            largest = Larger(largest, relative);
            worst = Margin.Worse(worst, new(relative, allowed, name));
            if (!(relative <= allowed))
                misses.Add(new($"{name}, relative error (root mean square)", $"{relative:g4}", $"at most {allowed:g4}"));
        }

        return new(CheckNames.Rounding, "weights against exact ones", misses,
            new Dictionary<string, double> { ["max_relative"] = largest })
        { Scope = scope, Worst = worst };
    }

    // A NaN must win.
    private static double Larger(double a, double b) => double.IsNaN(a) || a > b ? a : b;
}
