namespace HoloZero.Runtime.Tests;

/// <summary>
/// The textbook version of <see cref="ByteSampler"/>: every step makes a new list of logits with -inf where an id was dropped,
/// and a softmax of its own; with <see cref="Math.Exp"/>.
/// </summary>
internal static class NaiveSampler
{
    public static int Sample(float[] logits, SamplingOptions options, IReadOnlyList<byte> history, double u, int promptBytes = 0)
    {
        var x = logits.Select(logit => (double)logit).ToArray();
        foreach (var (id, bias) in options.LogitBias ?? new Dictionary<int, float>()) x[id] += bias;

        var penalty = options.RepetitionPenalty ?? 1;
        foreach (var value in history.TakeLast(options.RepetitionWindow ?? 64).Distinct())
            x[value] = x[value] > 0 ? x[value] / penalty : x[value] * penalty;

        foreach (var value in history.Skip(promptBytes)) x[value] -= options.FrequencyPenalty ?? 0;
        foreach (var value in history.Skip(promptBytes).Distinct()) x[value] -= options.PresencePenalty ?? 0;

        x[256] = double.NegativeInfinity;
        if (!options.AllowEos) x[257] = double.NegativeInfinity;
        x = [.. x.Select(v => double.IsInfinity(v) ? v : Math.Clamp(v, float.MinValue, float.MaxValue)).Select(v => (double)(float)v)];

        var ranking = Enumerable.Range(0, 258).OrderByDescending(id => x[id]).ThenBy(id => id).ToArray();
        if (options.Greedy) return ranking[0];

        var scaled = x.Select(v => (v - x.Max()) / (options.Temperature ?? 1)).ToArray();
        if (options.TopK is > 0) scaled = Keep(scaled, ranking.Take(options.TopK.Value));
        if (options.TopP is < 1)
        {
            var p = Softmax(scaled, ranking);
            scaled = Keep(scaled, ranking.Where((_, rank) => ranking.Take(rank).Sum(id => p[id]) < options.TopP));
        }

        if (options.MinP is > 0)
        {
            var p = Softmax(scaled, ranking);
            scaled = Keep(scaled, ranking.Where(id => p[id] >= options.MinP * p.Max()));
        }

        var probabilities = Softmax(scaled, ranking);
        var sum = 0.0;
        return ranking.First(id => (sum += probabilities[id]) > u);
    }

    public static double[] Softmax(double[] x, int[] ranking)
    {
        var weights = x.Select(v => Math.Exp(v - x.Max())).ToArray();
        var total = ranking.Sum(id => weights[id]);
        return [.. weights.Select(w => w / total)];
    }

    private static double[] Keep(double[] x, IEnumerable<int> ids)
    {
        var kept = ids.ToHashSet();
        return [.. x.Select((v, id) => kept.Contains(id) ? v : double.NegativeInfinity)];
    }
}
