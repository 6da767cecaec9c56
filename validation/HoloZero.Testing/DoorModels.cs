using HoloZero.Models;

namespace HoloZero.Testing;

/// <summary>
/// tiny.pt behind other doors, with weights for which it is known what they must compute: what the zero door does, whose logits the
/// published PyTorch code gave, or what another of them does.
/// </summary>
public static class DoorModels
{
    private const int Features = HslFrontDoor.FeatureCount, Columns = HslFrontDoor.ValueColumns;

    /// <summary>Every door and substrate that there is.</summary>
    public static IReadOnlyList<DoorConfig> All { get; } =
    [
        new(), new(DoorKind.Projection), new(DoorKind.Embedding), new(DoorKind.Zero, SubstrateKind.Learned),
        new(DoorKind.Zero, SubstrateKind.Random, 3), new(DoorKind.Zero, SubstrateKind.Permuted, 3),
        new(DoorKind.Projection, SubstrateKind.Learned), new(DoorKind.Projection, SubstrateKind.Permuted, 5),
    ];

    /// <summary>A door and its weights that compute what the zero door on HSL's features does.</summary>
    public static IReadOnlyDictionary<string, (AsymDecConfig Config, IReadOnlyDictionary<string, WeightTensor> Weights)> LikeZero
    {
        get
        {
            var (config, _) = GoldenSuite.Tiny.Load();
            return new Dictionary<string, (AsymDecConfig, IReadOnlyDictionary<string, WeightTensor>)>
            {
                ["projection that selects"] = With(new(DoorKind.Projection), Selecting(config, _ => true, 1)),
                ["learned table that is HSL's"] = With(new(DoorKind.Zero, SubstrateKind.Learned),
                    new WeightTensor(DoorConfig.LearnedTable, [256, Columns], [.. HslFrontDoor.ValueTable])),
            };
        }
    }

    /// <summary>Pairs of doors, with weights, that must compute the same.</summary>
    public static IReadOnlyDictionary<string, ((AsymDecConfig Config, IReadOnlyDictionary<string, WeightTensor> Weights) One,
        (AsymDecConfig Config, IReadOnlyDictionary<string, WeightTensor> Weights) Other)> Alike
    {
        get
        {
            var (config, _) = GoldenSuite.Tiny.Load();
            var (random, permuted) = (new DoorConfig(DoorKind.Zero, SubstrateKind.Random, 3),
                new DoorConfig(DoorKind.Zero, SubstrateKind.Permuted, 3));
            return new Dictionary<string, ((AsymDecConfig, IReadOnlyDictionary<string, WeightTensor>),
                (AsymDecConfig, IReadOnlyDictionary<string, WeightTensor>))>
            {
                // The value columns of a byte are a row that an embedding may have learned; of a slot, the mean.
                ["embedding of value columns"] = (With(new(DoorKind.Embedding), ValueRows(config)),
                    With(new(DoorKind.Projection), Selecting(config, IsValue, config.SlotBytes))),
                ["random as if learned"] = (With(random), Learned(random)),
                ["permuted as if learned"] = (With(permuted), Learned(permuted)),
            };
        }
    }

    /// <summary>tiny.pt behind a door, whose weights are those given, or random numbers.</summary>
    public static (AsymDecConfig Config, IReadOnlyDictionary<string, WeightTensor> Weights) With(DoorConfig door,
        params WeightTensor[] weights)
    {
        var (tiny, body) = GoldenSuite.Tiny.Load();
        var config = tiny.Behind(door);
        var shapes = AsymDec.ParameterShapes(config);
        var random = new RandomWeights(config, 11).LoadWeights(shapes);
        return (config, shapes.Keys.ToDictionary(name => name, name =>
            weights.FirstOrDefault(weight => weight.Name == name) ?? (body.TryGetValue(name, out var trained) ? trained : random[name])));
    }

    private static (AsymDecConfig, IReadOnlyDictionary<string, WeightTensor>) Learned(DoorConfig baked) =>
        With(new(DoorKind.Zero, SubstrateKind.Learned), new WeightTensor(DoorConfig.LearnedTable, [256, Columns], baked.BakedTable()!));

    private static bool IsValue(int feature) => feature is < 8 or > 16;

    /// <summary>
    /// Both Linears of a projection. A stream byte's features go where the zero door has them, chosen ones side by side; a slot's, too,
    /// each byte's to places of its own, or all to the same as a mean of <paramref name="shared"/>.
    /// </summary>
    private static WeightTensor[] Selecting(AsymDecConfig config, Func<int, bool> chosen, int shared)
    {
        var (d, k) = (config.Dim, config.SlotBytes);
        var (slots, bytes) = (new float[d * k * Features], new float[d * Features]);
        var row = 0;
        foreach (var feature in Enumerable.Range(0, Features).Where(chosen))
        {
            bytes[row * Features + feature] = 1;
            for (var i = 0; i < k; i++)
            {
                var to = shared > 1 ? row : i * Features + feature;
                slots[to * k * Features + i * Features + feature] = 1f / shared;
            }

            row++;
        }

        return [new("door.slots.weight", [d, k * Features], slots), new("door.slots.bias", [d], new float[d]),
            new("door.bytes.weight", [d, Features], bytes), new("door.bytes.bias", [d], new float[d])];
    }

    private static WeightTensor ValueRows(AsymDecConfig config)
    {
        var rows = new float[AsymDecConfig.Vocabulary * config.Dim];
        for (var value = 0; value < 256; value++)
            HslFrontDoor.ValueTable.AsSpan(value * Columns, Columns).CopyTo(rows.AsSpan(value * config.Dim));
        return new(DoorConfig.EmbeddingTable, [AsymDecConfig.Vocabulary, config.Dim], rows);
    }
}
