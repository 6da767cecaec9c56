using HoloZero.Models;

namespace HoloZero.Training;

/// <summary>Weights to begin with. Stateless and thread-safe.</summary>
public static class FreshWeights
{
    // The streams of windows count from 0.
    private const ulong Stream = 1UL << 63;

    /// <summary>
    /// As PyTorch makes them: linear layers uniform within 1 / sqrt(inputs), biases too; tables that bytes look up of variance 1
    /// (bell-shaped, as sums of twelve uniform numbers); norms 1 and 0; gates 0, so that memory blocks begin as the identity. From the
    /// seed alone, the same on every machine.
    /// </summary>
    public static IReadOnlyDictionary<string, WeightTensor> For(AsymDecConfig config, ulong seed)
    {
        var shapes = AsymDec.ParameterShapes(config);
        WeightMemory.Require(shapes);
        var weights = new Dictionary<string, WeightTensor>(StringComparer.Ordinal);
        ulong index = 0;
        foreach (var (name, shape) in shapes.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            var data = new float[shape.Aggregate(1, (product, length) => product * length)];
            var matrix = name.EndsWith(".bias", StringComparison.Ordinal) ? name[..^".bias".Length] + ".weight" : name;
            if (name is DoorConfig.LearnedTable or DoorConfig.EmbeddingTable)
            {
                for (var i = 0; i < data.Length; i++) data[i] = (float)Bell(seed, ref index);
            }
            else if (shapes[matrix] is [_, var inputs])
            {
                var bound = 1 / Math.Sqrt(inputs);
                for (var i = 0; i < data.Length; i++) data[i] = (float)((2 * CounterRandom.Unit(seed, Stream, index++) - 1) * bound);
            }
            else if (name.EndsWith(".weight", StringComparison.Ordinal)) Array.Fill(data, 1);

            weights.Add(name, new(name, [.. shape], data));
        }

        return weights;
    }

    /// <summary>Mean 0, variance 1: each uniform number has a variance of 1/12.</summary>
    private static double Bell(ulong seed, ref ulong index)
    {
        var sum = -6.0;
        for (var i = 0; i < 12; i++) sum += CounterRandom.Unit(seed, Stream, index++);
        return sum;
    }
}
