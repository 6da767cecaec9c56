using HoloZero.Models.Ops;

namespace HoloZero.Conformance;

/// <summary>Arithmetic by the book, one element at a time, that no interpreter had a part in.</summary>
internal static class Truth
{
    public static double Of(BinaryFunction function, double a, double b)
    {
        switch (function)
        {
            case BinaryFunction.Add: return a + b;
            case BinaryFunction.Subtract: return a - b;
            case BinaryFunction.Multiply: return a * b;
            case BinaryFunction.Divide: return a / b;
            case BinaryFunction.Maximum: return a > b ? a : b;
            case BinaryFunction.LessOrEqual: return a > b ? 0 : 1;
            default: throw new ArgumentOutOfRangeException(nameof(function), function, "add its definition here");
        }
    }

    public static double Phi(double x) => x > 0 ? x + 1 : Math.Exp(x);

    /// <summary>sum over <paramref name="count"/> terms.</summary>
    public static double Sum(int count, Func<int, double> term)
    {
        var sum = 0.0;
        for (var i = 0; i < count; i++) sum += term(i);
        return sum;
    }

    /// <summary>[.., m, n] x [.., n, p], leading axes broadcast to <paramref name="leading"/>.</summary>
    public static Tensor MatMul(Tensor a, Tensor b, params int[] leading) =>
        Tensor.Build([.. leading, a.Shape[^2], b.Shape[^1]], i =>
            Sum(a.Shape[^1], n => a.Broadcast([.. i[..^1], n]) * b.Broadcast([.. i[..^2], n, i[^1]])));

    /// <summary>exp(x) / sum exp(x) over the last axis.</summary>
    public static Tensor Softmax(Tensor x) => Tensor.Build(x.Shape, i =>
    {
        var largest = double.NegativeInfinity;
        for (var j = 0; j < x.Shape[^1]; j++) largest = x[[.. i[..^1], j]] > largest ? x[[.. i[..^1], j]] : largest;
        return Math.Exp(x[i] - largest) / Sum(x.Shape[^1], j => Math.Exp(x[[.. i[..^1], j]] - largest));
    });

    /// <summary>(x - mean) / sqrt(variance + epsilon) * weight + bias over the last axis.</summary>
    public static Tensor LayerNorm(Tensor x, Tensor weight, Tensor bias, double epsilon) => Tensor.Build(x.Shape, i =>
    {
        var width = x.Shape[^1];
        var mean = Sum(width, j => x[[.. i[..^1], j]]) / width;
        var variance = Sum(width, j => Math.Pow(x[[.. i[..^1], j]] - mean, 2)) / width;
        return (x[i] - mean) / Math.Sqrt(variance + epsilon) * weight[i[^1]] + bias[i[^1]];
    });

    /// <summary>cos and sin of rows first, first + 1, .. rounded to float32, so that every engine starts from the same numbers.</summary>
    public static (Tensor Cos, Tensor Sin) Rotation(int rows, int width, int first)
    {
        double Angle(int[] i) => (first + i[0]) * Math.Pow(10000, -2.0 * i[1] / width);
        return (Tensor.Build([rows, width / 2], i => (float)Math.Cos(Angle(i))),
            Tensor.Build([rows, width / 2], i => (float)Math.Sin(Angle(i))));
    }

    /// <summary>x cos + rot(x) sin of x [B, H, T, k], where rot(x) = [-x[k/2:], x[:k/2]] and the tables [T, k/2] repeat.</summary>
    public static Tensor Rope(Tensor x, Tensor cos, Tensor sin)
    {
        var half = x.Shape[3] / 2;
        return Tensor.Build(x.Shape, i =>
        {
            var rotated = i[3] < half ? -x[i[0], i[1], i[2], i[3] + half] : x[i[0], i[1], i[2], i[3] - half];
            return x[i] * cos[i[2], i[3] % half] + rotated * sin[i[2], i[3] % half];
        });
    }

    /// <summary>Output [B, T, H*k], keys and values [B, H, P+T, k].</summary>
    public static Tensor[] Attention(Tensor[] qkv, int heads, Tensor cos, Tensor sin, Tensor visible, Tensor[] cache)
    {
        var (b, t, past) = (qkv[0].Shape[0], qkv[0].Shape[1], cache[0].Shape[2]);
        var k = qkv[0].Shape[2] / heads;
        var queries = Rope(Split(qkv[0]), cos, sin);
        var keys = Grown(cache[0], Rope(Split(qkv[1]), cos, sin));
        var values = Grown(cache[1], Split(qkv[2]));
        var output = Tensor.Build([b, t, heads * k], i =>
        {
            var (batch, row, head, column) = (i[0], i[1], i[2] / k, i[2] % k);
            double weightedSum = 0, weightSum = 0;
            for (var key = 0; key < past + t; key++)
            {
                if (visible[row, key] == 0) continue;
                var score = Sum(k, j => queries[batch, head, row, j] * keys[batch, head, key, j]) / Math.Sqrt(k);
                weightSum += Math.Exp(score);
                weightedSum += Math.Exp(score) * values[batch, head, key, column];
            }

            return weightedSum / weightSum;
        });
        return [output, keys, values];

        Tensor Split(Tensor x) => Tensor.Build([b, heads, t, k], i => x[i[0], i[2], i[1] * k + i[3]]);

        Tensor Grown(Tensor before, Tensor after) => Tensor.Build([b, heads, past + t, k], i =>
            i[2] < past ? before[i] : after[i[0], i[1], i[2] - past, i[3]]);
    }

    /// <summary>Row after row as published: the memory takes the row in, then it is read. Output [B, T, H*k], S, z.</summary>
    public static Tensor[] FastWeightRead(Tensor[] qkv, int heads, Tensor s, Tensor z, double epsilon)
    {
        var (b, t) = (qkv[0].Shape[0], qkv[0].Shape[1]);
        var k = qkv[0].Shape[2] / heads;
        var (memory, normalizer, output) = (s with { Values = [.. s.Values] }, z with { Values = [.. z.Values] },
            new double[b * t * heads * k]);
        for (var batch = 0; batch < b; batch++)
        {
            for (var row = 0; row < t; row++)
            {
                for (var head = 0; head < heads; head++)
                {
                    var (first, block) = (head * k, batch * heads + head);
                    for (var i = 0; i < k; i++)
                    {
                        var key = Phi(qkv[1][batch, row, first + i]);
                        normalizer.Values[block * k + i] += key;
                        for (var j = 0; j < k; j++) memory.Values[(block * k + i) * k + j] += key * qkv[2][batch, row, first + j];
                    }

                    var below = Sum(k, i => Phi(qkv[0][batch, row, first + i]) * normalizer.Values[block * k + i]) + epsilon;
                    for (var j = 0; j < k; j++)
                    {
                        var above = Sum(k, i => Phi(qkv[0][batch, row, first + i]) * memory.Values[(block * k + i) * k + j]);
                        output[(batch * t + row) * heads * k + first + j] = above / below;
                    }
                }
            }
        }

        return [Tensor.Of([b, t, heads * k], output), memory, normalizer];
    }
}
