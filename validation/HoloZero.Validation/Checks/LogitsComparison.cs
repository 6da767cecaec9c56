using HoloZero.Models;

namespace HoloZero.Validation.Checks;

/// <summary>Compares the logits of one case: element by element, and row by row as distributions.</summary>
internal sealed class LogitsComparison(Tolerances tolerances)
{
    private const int Vocabulary = AsymDecConfig.Vocabulary;
    private (double Absolute, double Relative, double Divergence, double DivergenceSum) _worst;
    private int _rows;
    private int _agreeing;
    private int _ties;

    /// <summary>Everything that is wrong.</summary>
    public TensorMisses Misses { get; } = new();

    /// <summary>Error of each row as a share of what is allowed; shared by the plots.</summary>
    public List<double> Shares { get; } = [];

    /// <summary>Compares the logits of a case.</summary>
    /// <param name="name">The case, for positions.</param>
    /// <param name="actual">[rows, 258].</param>
    /// <param name="expected">[rows, 258].</param>
    /// <param name="largest">The case's largest expected logit.</param>
    public void Add(string name, double[] actual, double[] expected, double largest)
    {
        var allowed = tolerances.Logits(largest);
        _worst.Absolute = Larger(_worst.Absolute,
            Misses.Compare($"{name} logits", [expected.Length / Vocabulary, Vocabulary], actual, expected, allowed));
        for (var row = 0; row * Vocabulary < expected.Length; row++)
            Row($"{name} row {row}", actual.AsSpan(row * Vocabulary, Vocabulary), expected.AsSpan(row * Vocabulary, Vocabulary), allowed);
    }

    /// <summary>The result.</summary>
    public CheckResult Result(string check, string subject, string scope) => new(check, subject, Misses, new Dictionary<string, double>
    {
        ["max_abs"] = _worst.Absolute,
        ["max_rel"] = _worst.Relative,
        ["max_kl_bits"] = _worst.Divergence,
        ["mean_kl_bits"] = _rows == 0 ? 0 : _worst.DivergenceSum / _rows,
        ["top1_agreement"] = _rows == 0 ? 1 : (double)_agreeing / _rows,
        ["top1_ties"] = _ties,
        ["rows"] = _rows,
    })
    { Scope = scope, Worst = Misses.Worst };

    private void Row(string where, ReadOnlySpan<double> actual, ReadOnlySpan<double> expected, double allowed)
    {
        var (largest, error) = (0.0, 0.0);
        for (var i = 0; i < expected.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs(expected[i]));
            error = Larger(error, Math.Abs(actual[i] - expected[i]));
        }

        var relative = error / largest;
        _worst.Relative = Larger(_worst.Relative, relative);
        Misses.Require(relative, tolerances.LogitsRelative,
            () => new($"{where}, relative error", $"{relative:g4}", $"at most {tolerances.LogitsRelative:g4}"));

        var divergence = Probability.Divergence(expected, actual);
        var limit = tolerances.KullbackLeibler(allowed);
        (_worst.Divergence, _worst.DivergenceSum) = (Larger(_worst.Divergence, Math.Abs(divergence)), _worst.DivergenceSum + divergence);
        Misses.Require(Math.Abs(divergence), limit,
            () => new($"{where}, KL divergence in bits", $"{divergence:g4}", $"at most {limit:g4}"));

        var (chosen, right) = (Probability.Argmax(actual), Probability.Argmax(expected));
        _rows++;
        if (chosen == right) _agreeing++;
        else if (actual[chosen] - actual[right] <= Tolerances.Tie(allowed) && expected[right] - expected[chosen] <= Tolerances.Tie(allowed))
            _ties++;
        else Misses.Add(new($"{where}, top-1", $"{chosen}", $"{right}"));
        Shares.Add(double.IsNaN(error) ? double.PositiveInfinity : error / allowed);
    }

    /// <summary>The larger one; a NaN wins.</summary>
    internal static double Larger(double a, double b) => double.IsNaN(a) || a > b ? a : b;
}
