using System.Runtime.Intrinsics;

namespace HoloZero.Exporter.Quantization;

/// <summary>The values that a block can hold: (code - <paramref name="ZeroPoint"/>) * <paramref name="Scale"/>.</summary>
internal readonly record struct Grid(float Scale, int ZeroPoint)
{
    /// <summary>The code, 0 to <paramref name="maxCode"/>, whose value is nearest to <paramref name="weight"/>.</summary>
    public int Code(float weight, int maxCode) =>
        Scale == 0 ? ZeroPoint : (int)Math.Clamp(MathF.Round(weight / Scale), -ZeroPoint, maxCode - ZeroPoint) + ZeroPoint;
}

/// <summary>Looks for the grid on which one block of weights lies best.</summary>
/// <param name="codes">What codes there are.</param>
/// <param name="weights">The block, padded with zeros.</param>
/// <param name="importance">What a squared error counts, for each weight; any number for padding, where the error is always 0.</param>
internal readonly ref struct GridSearch(CodeRange codes, ReadOnlySpan<float> weights, ReadOnlySpan<float> importance)
{
    /// <summary>
    /// Rounding moves sums by less than this part of them: a grid that is better by less may be worse in truth.
    /// </summary>
    private const float Margin = 1e-5f;

    private readonly ReadOnlySpan<float> _weights = weights;
    private readonly ReadOnlySpan<float> _importance = importance;

    /// <summary>The narrowest grid that holds all of the block.</summary>
    public Grid Extremes()
    {
        var (low, high) = Range();
        if (!codes.ZeroPoints)
        {
            // There is one code more below zero than above it, so the greater side takes that one, by a negative scale if need be.
            var extreme = high > -low ? high : low;
            return Usable(new(extreme / -codes.Middle, codes.Middle));
        }

        var scale = high / codes.MaxCode - low / codes.MaxCode;
        return Usable(new(scale, scale > 0 ? ZeroPointOf(-low / scale) : 0));
    }

    /// <summary>The best grid found around <see cref="Extremes"/>, and around those of a block without zero points.</summary>
    public Grid LeastError()
    {
        var start = Extremes();
        if (start.Scale == 0) return start;
        var best = new Candidate(start, Measure(start).Error);

        var (low, high) = Range();
        var extreme = high > -low ? high : low;
        // A scale for every quarter of a code that the extreme could go to: from one inside the range to several beyond it, where
        // clamping the extreme pays because all others lie on a finer grid.
        for (var reach = codes.Middle - 1.5f; reach <= codes.Middle + 4; reach += 0.25f)
        {
            Try(ref best, new(extreme / -reach, codes.Middle));
            Try(ref best, new(extreme / reach, codes.Middle));
        }

        if (codes.ZeroPoints)
        {
            for (var steps = codes.MaxCode - 1f; steps <= codes.MaxCode + 4; steps += 0.25f)
            {
                var scale = high / steps - low / steps;
                var zeroPoint = ZeroPointOf(-low / scale);
                for (var shift = -1; shift <= 1; shift++) Try(ref best, new(scale, ZeroPointOf(zeroPoint + shift)));
            }
        }

        return best.Grid;
    }

    private (float Low, float High) Range()
    {
        var (low, high) = (0f, 0f);
        foreach (var weight in _weights) (low, high) = (Math.Min(low, weight), Math.Max(high, weight));
        return (low, high);
    }

    private int ZeroPointOf(float code) => (int)Math.Clamp(MathF.Round(code), 0, codes.MaxCode);

    /// <summary>A block of zeros, or of numbers so small that a scale for them is none, has the scale 0.</summary>
    private Grid Usable(Grid grid) => float.IsNormal(codes.Stored(grid.Scale)) ? grid with { Scale = codes.Stored(grid.Scale) }
        : new(0, codes.Middle);

    /// <summary>
    /// Measures a grid, and the one that fits the codes of the first best, as long as that helps: rounding to the nearest code and
    /// fitting the scale by least squares in turn, neither of which can make it worse.
    /// </summary>
    private void Try(ref Candidate best, Grid grid)
    {
        grid = grid with { Scale = codes.Stored(grid.Scale) };
        for (var attempt = 0; attempt < 3; attempt++)
        {
            if (!float.IsNormal(grid.Scale)) return;
            var (error, fitted) = Measure(grid);
            if (error < best.Error * (1 - Margin)) best = new(grid, error);
            if (codes.Stored(fitted) == grid.Scale) return;
            grid = grid with { Scale = codes.Stored(fitted) };
        }
    }

    /// <summary>The squared error on a grid, and the scale that would fit its codes best.</summary>
    private (float Error, float FittedScale) Measure(Grid grid)
    {
        // 8 lanes on every machine, whatever its registers hold, and no fused multiplication: the sums decide about bytes in a file.
        var scale = Vector256.Create(grid.Scale);
        var lowest = Vector256.Create((float)-grid.ZeroPoint);
        var highest = Vector256.Create((float)(codes.MaxCode - grid.ZeroPoint));
        var (error, products, squares) = (Vector256<float>.Zero, Vector256<float>.Zero, Vector256<float>.Zero);
        for (var i = 0; i < _weights.Length; i += Vector256<float>.Count)
        {
            var weight = Vector256.Create(_weights[i..]);
            var share = Vector256.Create(_importance[i..]);
            var code = Vector256.Min(Vector256.Max(Vector256.Round(weight / scale), lowest), highest);
            var miss = weight - code * scale;
            error += share * (miss * miss);
            products += share * (code * weight);
            squares += share * (code * code);
        }

        return (Sum(error), Sum(products) / Sum(squares));
    }

    private static float Sum(Vector256<float> lanes)
    {
        var sum = 0f;
        for (var lane = 0; lane < Vector256<float>.Count; lane++) sum += lanes[lane];
        return sum;
    }

    private readonly record struct Candidate(Grid Grid, float Error);
}
